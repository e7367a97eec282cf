import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { secondStack } from '../second-stack.ts';
import { manifests, ofKind } from '../stack.ts';
import { lookingAt, named } from './looking.ts';
import { expectApart, openParty, type Party, sign, verify } from './party.ts';
import { type Rig, run } from './rig.ts';
import { mirror, secretValue, versions } from './stack.ts';

const prefix = 'stg-';
const namespaces = ofKind('Namespace').map(({ metadata }) => metadata.name);

/** What is there of the first stack, and its versions. */
async function firstStack(cluster: Rig): Promise<Record<string, string>> {
  const all = Object.entries(await versions(cluster));
  return Object.fromEntries(
    all.filter(([place]) => namespaces.some((one) => place.includes(` ${one}/`))),
  );
}

/** A second stack beside the one that runs, made from the same manifests. `out` has the folder that was applied. */
export function describeSecondStack(of: () => { cluster: Rig; out: string }): void {
  let before: Record<string, string> = {};
  let stg = '';
  let first: Party;
  let second: Party;

  beforeAll(async () => {
    const { cluster, out } = of();
    before = await firstStack(cluster);
    stg = join(out, 'stg.yaml');
    await writeFile(stg, await secondStack(prefix, out));
    await cluster.kubectl('apply', '-f', stg);
    const waits = namespaces.flatMap((one) => {
      const here = ['-n', `${prefix}${one}`, '--all', '--timeout=5m'];
      const servers = ['deployments', '--for=condition=Available', ...here];
      // The timestamp authority and the others each have one, Trillian two; all have a Job.
      return [['jobs', '--for=condition=Complete', ...here], servers];
    });
    await Promise.all(waits.map((args) => cluster.kubectl('wait', ...args)));
  });
  afterAll(() => Promise.all([first, second].map((one) => one?.client.remove())));

  it('comes up, and writes to nothing of the first', async () => {
    const { cluster } = of();
    expect(Object.keys(before).length).toBeGreaterThan(60);
    expect(await firstStack(cluster)).toEqual(before);
    const all = Object.keys(await versions(cluster));
    expect(all.filter((place) => place.includes(` ${prefix}`))).toHaveLength(all.length / 2);
  });

  it('gives its trust to clients that name its namespace', async () => {
    const { cluster, out } = of();
    const to = join(out, 'stg-trust');
    const named = ['--namespace', `${prefix}tuf-system`, '--to', to];
    const exported = await run('npm', ['run', '--silent', 'export', '--', ...named], {
      env: { ...cluster.env, SIGSTAND_OUT: out },
    });
    expect(exported).toMatchObject({ status: 0 });
    const env = await readFile(join(to, 'env'), 'utf8');
    expect(env).toContain(`REKOR_URL=http://rekor.${prefix}rekor-system.svc`);
    second = await openParty(
      cluster,
      `http://tuf.${prefix}tuf-system.svc`,
      join(to, '1.root.json'),
    );
    const root = join(out, 'first.root.json');
    await writeFile(root, await secretValue(cluster, 'tuf-system/tuf-root', 'root'));
    first = await openParty(cluster, mirror, root);
  });

  it('signs, as the first does, and neither verifies what the other signed', async () => {
    await sign(first);
    await sign(second);
    await expectApart(first, second);
  });

  it('is in order, as the first is, to who looks by its prefix', async () => {
    const look = await lookingAt(of().cluster, ['--token=default/default']);
    for (const flags of [[], [`--namespace-prefix=${prefix}`]]) {
      const looked = await look(flags);
      expect([looked.status, named(looked), named(looked, 'none')]).toEqual([0, [], []]);
      const mine = looked.checks.some(({ subject }) => subject.includes(`.${prefix}rekor-system.`));
      expect(mine).toBe(flags.length > 0);
    }
  });

  it('is deleted, and the first goes on', async () => {
    const { cluster } = of();
    // Namespaces take their time to go, in which nothing new is made in them.
    await cluster.kubectl('delete', '-f', stg, '--wait=false');
    expect(await firstStack(cluster)).toEqual(before);
    const wide = manifests.filter(
      ({ kind, metadata }) => !metadata.namespace && kind !== 'Namespace',
    );
    expect(wide.length).toBeGreaterThan(0);
    for (const { kind, metadata } of wide) {
      expect(await cluster.kubectl('get', kind, metadata.name, '-o', 'name')).toContain(
        metadata.name,
      );
      const gone = ['get', kind, `${prefix}${metadata.name}`, '--ignore-not-found', '-o', 'name'];
      expect(await cluster.kubectl(...gone)).toBe('');
    }
    await sign(first);
    expect(await verify(first, first)).toMatchObject({ status: 0 });
  });
}
