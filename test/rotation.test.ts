import { copies, tufRepository } from '@sigstand/contracts/records';
import { openRepository, publishedTargets } from '@sigstand/createtuf/repository';
import { type Ref, secretIn, show } from '@sigstand/store/store';
import { beforeEach, describe, expect, it } from 'vitest';
import type { Ground } from '../packages/sigstand/src/rotate/ground.ts';
import { type KindName, kindNames, kinds } from '../packages/sigstand/src/rotate/kinds.ts';
import { trustedIn } from '../packages/sigstand/src/rotate/record.ts';
import { type Asked, prepare, rotate } from '../packages/sigstand/src/rotate/run.ts';
import { jobPods } from './jobs.ts';
import { Killed, type MemoryStack, memoryStack } from './rotating.ts';
import { findNothingToDo, killedToItsEnd } from './rotating-again.ts';
import { secondStack } from './second-stack.ts';
import { objectsIn } from './stack.ts';

/* sigstand rotate on a stack in memory: the real Jobs made it, and make what is new. */

let stack: MemoryStack;
beforeEach(async () => {
  stack = await memoryStack();
});

const asked = (name: KindName, changes: Partial<Asked> = {}): Asked => ({
  ...{ kind: kinds[name], naming: {}, lead: 0, linger: 0, giveUp: false, keepOld: false },
  signal: new AbortController().signal,
  ...changes,
});

/** One run, to its end or its death; resolves to the steps that were done. */
async function run(
  name: KindName,
  changes: Partial<Asked> = {},
  ground: Ground = stack,
): Promise<string[]> {
  const done: string[] = [];
  const wish = asked(name, changes);
  const prepared = await prepare(ground, wish);
  await rotate(ground, prepared, { asked: wish, report: (step) => void done.push(step) });
  return done;
}

/** Which keys clients trust by what the web server hands out. */
function trusted(name: KindName) {
  const files = publishedTargets(openRepository(stack.served()));
  const document = files.find((one) => one.name === 'trusted_root.json')?.bytes;
  return trustedIn(kinds[name], document ?? new Uint8Array(), stack.now());
}

const data = async (ref: Ref) => (await stack.store.read(ref))?.data;
const side = ({ secret }: { secret: Ref }) => secretIn(secret.namespace, `${secret.name}-next`);

describe.each(kindNames)('sigstand rotate %s', (name) => {
  const kind = kinds[name];

  it('brings clients the new key first, and gives the old one an end last', async () => {
    const old = stack.signsWith(kind.server as never);
    expect(trusted(name)).toEqual({ [old]: 'open' });
    // A plan alone changes nothing.
    await prepare(stack, asked(name));
    expect(stack.changes).toEqual([]);
    const steps = await run(name);
    const fresh = stack.signsWith(kind.server as never);
    expect(fresh).not.toBe(old);
    expect(trusted(name)).toEqual({ [old]: 'ended', [fresh]: 'open' });
    expect(steps.at(0)).toBe('make');
    expect(steps.at(-1)).toBe('finish');
    expect(await data(side(kind))).toBeUndefined();
    // What is stored is what they would have made.
    await findNothingToDo(stack, jobPods);
  });

  it('comes to its end by a clock that is minutes behind that of the cluster', async () => {
    const old = stack.signsWith(kind.server as never);
    const behind = { ...stack, now: () => new Date(stack.now().getTime() - 4 * 60_000) };
    const steps = await run(name, {}, behind);
    expect(steps.at(-1)).toBe('finish');
    expect(trusted(name)[old]).toBe('ended');
  });

  it('killed before each of its changes, goes on from there', async () => {
    const old = stack.signsWith(kind.server as never);
    const between = async (deaths: number) => {
      // A Pod may die at any time, and comes back with what its Secret has: clients trust it.
      if (deaths % 3 === 2) await stack.start(kind.server as never);
      expect(trusted(name)[stack.signsWith(kind.server as never)]).toBe('open');
      // The nightly run comes between.
      if (deaths % 5 === 4)
        await stack.run({ kind: 'CronJob', namespace: 'tuf-system', name: 'createtuf' });
    };
    const { ended } = await killedToItsEnd(stack, () => run(name), { most: 40, between });
    expect(ended?.at(-1)).toBe('finish');
    const fresh = stack.signsWith(kind.server as never);
    expect(trusted(name)).toEqual({ [old]: 'ended', [fresh]: 'open' });
  });

  it('is given up before the service has the new key, and leaves all as it was', async () => {
    const old = stack.signsWith(kind.server as never);
    const before = await data(kind.secret);
    stack.budget = 4;
    await expect(run(name)).rejects.toThrow(Killed);
    stack.budget = Number.POSITIVE_INFINITY;
    expect((await run(name, { giveUp: true })).at(-1)).toBe('forget');
    expect(trusted(name)[old]).toBe('open');
    expect(Object.values(trusted(name)).filter((one) => one === 'open')).toHaveLength(1);
    expect(await data(side(kind))).toBeUndefined();
    const { rootca, ...rest } = (await data(kind.secret)) ?? {};
    expect({ rootca: before?.rootca, ...rest }).toEqual({ rootca: before?.rootca, ...before });
    expect(
      Object.keys((await data(copies[name])) ?? {}).some((key) => key.startsWith('next-')),
    ).toBe(false);
  });
});

describe.each(['ctlog', 'rekor'] as const)('sigstand rotate %s', (name) => {
  const kind = kinds[name];

  it('keeps the old private key where that is asked for', async () => {
    const old = stack.signsWith(kind.server as never);
    const before = await data(kind.secret);
    await run(name, { keepOld: true });
    const kept = await data(
      secretIn(kind.secret.namespace, `${kind.secret.name}-before-${old.slice(0, 8)}`),
    );
    expect(Object.keys(kept ?? {}).sort()).toEqual([...kind.keys].sort());
    expect(kept?.[kind.keys[0] ?? '']).toEqual(before?.[kind.keys[0] ?? '']);
  });

  it('refuses to begin where clients are told of another key', async () => {
    const ref = copies[name];
    const other = await memoryStack();
    const wish = asked(name);
    const theirs = (await prepare(other, wish)).made.public;
    await stack.store.write(ref, { data: theirs }, await stack.store.read(ref));
    stack.changes.length = 0;
    await expect(run(name)).rejects.toMatchObject({
      failure: 'contradiction',
      message: expect.stringContaining('clients are told of'),
    });
    expect(stack.changes).toEqual([]);
  });
});

describe('a stack of another name', () => {
  it('is found by its prefix', async () => {
    const naming = { namespacePrefix: 'stg-' };
    stack = await memoryStack(objectsIn(await secondStack('stg-'), 'stg.yaml'), naming);
    const old = stack.signsWith('fulcio');
    expect((await run('fulcio', { naming, kind: kinds.fulcio })).at(-1)).toBe('finish');
    expect(trusted('fulcio')).toEqual({ [old]: 'ended', [stack.signsWith('fulcio')]: 'open' });
    expect(stack.changes.filter((one) => / (fulcio|ctlog|tuf)-system/.test(one))).toEqual([]);
  });
});

describe('what people changed', () => {
  it('stays in the configuration of the CT log', async () => {
    const ref = kinds.ctlog.secret;
    const before = await stack.store.read(ref);
    const config = Buffer.from(before?.data.config ?? []).toString();
    const changed = config.replace(/(\n\s*)prefix:/, '$1max_merge_delay_sec: 7200$1prefix:');
    expect(changed).not.toBe(config);
    await stack.store.write(
      ref,
      { data: { config: new Uint8Array(Buffer.from(changed)) } },
      before,
    );
    await stack.start('ctlog');
    await run('ctlog');
    const after = Buffer.from((await data(ref))?.config ?? []).toString();
    expect(after).toContain('max_merge_delay_sec: 7200');
  });

  it('is the name that Rekor signs with, which comes with the key', async () => {
    const settings: Ref = { kind: 'ConfigMap', namespace: 'rekor-system', name: 'rekor-settings' };
    const hostname = new Uint8Array(Buffer.from('rekor.example.com'));
    await stack.store.write(settings, { data: { hostname } }, await stack.store.read(settings));
    await run('rekor');
    expect((await data(copies.rekor))?.hostname).toEqual(hostname);
    const files = publishedTargets(openRepository((await data(tufRepository)) ?? {}));
    const document = files.find((one) => one.name === 'trusted_root.json')?.bytes ?? [];
    const { tlogs } = JSON.parse(Buffer.from(document).toString());
    expect(tlogs.map(({ baseUrl }: { baseUrl: string }) => baseUrl)).toEqual([
      'http://rekor.rekor-system.svc',
      'http://rekor.example.com',
    ]);
  });

  it.each([['an immutable Secret', { immutable: true }, 'is immutable']] as const)(
    'is refused before anything changes: %s',
    async (_what, change, said) => {
      const ref = kinds.rekor.secret;
      await stack.store.write(ref, change, await stack.store.read(ref));
      stack.changes.length = 0;
      await expect(run('rekor')).rejects.toThrow(said);
      expect(stack.changes).toEqual([]);
      expect(show(ref)).toContain('rekor');
    },
  );
});
