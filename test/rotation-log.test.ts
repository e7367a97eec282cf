import { rekorConfig } from '@sigstand/contracts/records';
import { nextTree, shardsBefore } from '@sigstand/contracts/shards';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Ground } from '../packages/sigstand/src/rotate/ground.ts';
import { liveTrees, logPlaces } from '../packages/sigstand/src/rotate/log-see.ts';
import { logWork } from '../packages/sigstand/src/rotate/log-work.ts';
import { jobPods, sharedTrillian } from './jobs.ts';
import { type MemoryStack, memoryStack } from './rotating.ts';
import { findNothingToDo, killedToItsEnd } from './rotating-again.ts';
import { write } from './rotating-log.ts';

/* sigstand rotate rekor --new-log, on a stack in memory whose createtree is the real one. */

let stack: MemoryStack;
let first: string;
beforeEach(async () => {
  stack = await memoryStack();
  first = await text('treeID');
  // Every stack of a process starts with the same records: what one test froze is another's log.
  sharedTrillian.change(first, { state: 'ACTIVE', size: 5n });
  await stack.start('rekor');
});

afterEach(() => {
  // Another stack would take trees with entries for its own log's.
  for (const tree of sharedTrillian.trees.keys()) {
    sharedTrillian.change(tree, { state: 'ACTIVE', size: 0n });
  }
});

const text = async (key: string) =>
  Buffer.from((await stack.store.read(rekorConfig))?.data[key] ?? []).toString();
const live = () => liveTrees(stack, 'http://rekor.rekor-system.svc');
const stateOf = (tree: string) => sharedTrillian.trees.get(tree)?.state;

async function run(): Promise<string[]> {
  const done: string[] = [];
  await (await logWork(stack, {})).run((step) => void done.push(step));
  return done;
}

const steps = ['make', 'freeze', 'switch', 'restart', 'finish'];

describe('sigstand rotate rekor --new-log', () => {
  it('moves the log to a new tree, and does what it planned', async () => {
    const { plan, from } = await logWork(stack, {});
    expect(stack.changes).toEqual([]);
    expect(from).toBe(`tree ${first}`);
    expect(await run()).toEqual(steps);
    expect(plan.map((one) => 'step' in one && one.step)).toEqual(steps);
    const second = await text('treeID');
    expect(second).not.toBe(first);
    expect(await live()).toEqual({ active: second, shards: [{ tree: first, length: 5 }] });
    expect([stateOf(first), stateOf(second)]).toEqual(['FROZEN', 'ACTIVE']);
    expect(await text(nextTree)).toBe('');
    expect(await text(shardsBefore(second))).toBe(`- {treeID: ${first}, treeLength: 5}\n`);
    await findNothingToDo(stack, jobPods);
  });

  it('moves it twice, and Rekor knows all three trees', async () => {
    await run();
    const second = await text('treeID');
    write(second, 7);
    expect(await run()).toEqual(steps);
    const third = await text('treeID');
    expect(await live()).toEqual({
      active: third,
      shards: [
        { tree: first, length: 5 },
        { tree: second, length: 7 },
      ],
    });
    expect(await text(shardsBefore(second))).toBe('');
  });

  it('killed before each of its changes, moves it once, and never to a part of the log', async () => {
    const between = async () => {
      // Rekor may die at any time, and comes back with what is recorded.
      await stack.start('rekor');
      const { active, shards } = await live();
      expect(shards).toEqual(active === first ? [] : [{ tree: first, length: 5 }]);
      // What it writes to takes entries, but for the moment between the two.
      if (stateOf(active) !== 'ACTIVE') expect(await text(nextTree)).not.toBe('');
    };
    const { ended, killed } = await killedToItsEnd(stack, run, { most: 20, between });
    expect(ended?.at(-1)).toBe('finish');
    expect(killed).toBeGreaterThanOrEqual(3);
    expect(await live()).toMatchObject({ shards: [{ tree: first, length: 5 }] });
    expect(sharedTrillian.trees.get((await live()).active)?.state).toBe('ACTIVE');
  });

  it('starts Rekor again where the Pod that stood by did not wait', async () => {
    // Its minute was over, or it has no container that waits.
    const ground: Ground = { ...stack, settle: async () => {} };
    await (await logWork(ground, {})).run(() => {});
    expect(stack.changes).toContain('restart rekor');
    expect(await live()).toMatchObject({ shards: [{ tree: first, length: 5 }] });
  });

  it.each([
    [
      'Rekor writes to another tree than its record names',
      async () => {
        const current = await stack.store.read(rekorConfig);
        const data = { treeID: new Uint8Array(Buffer.from('123')) };
        await stack.store.write(rekorConfig, { data }, current);
      },
      /Rekor writes to tree \d+, and its record names tree 123/,
    ],
    [
      'somebody has a list of old trees of his own',
      async () => {
        const current = await stack.store.read(rekorConfig);
        const data = { 'sharding-config': new Uint8Array(Buffer.from('/etc/mine.yaml')) };
        await stack.store.write(rekorConfig, { data }, current);
      },
      /names old trees in another way/,
    ],
  ])('begins nothing where %s', async (_what, act, message) => {
    await act();
    stack.changes.length = 0;
    await expect(run()).rejects.toMatchObject({
      failure: 'contradiction',
      message: expect.stringMatching(message),
    });
    expect(stack.changes).toEqual([]);
  });

  it.each([
    ['does not read the list', /^TRILLIAN_LOG_SERVER/, [], /does not read TRILLIAN_LOG_SERVER/],
    [
      'is given another list',
      /^nothing$/,
      ['--trillian_log_server.sharding_config=/etc/mine.yaml'],
      /by a flag/,
    ],
  ])('begins nothing where the Deployment %s', async (_what, without, args, message) => {
    const ground: Ground = {
      ...stack,
      async job(ref) {
        const found = structuredClone(await stack.job(ref)) as Deployment;
        const [container] = found.spec.template.spec.containers;
        container.env = container.env.filter(({ name }) => !without.test(name));
        if (ref.kind === 'Deployment') container.args.push(...args);
        return found;
      },
    };
    const { plan } = await logWork(ground, {});
    expect(plan).toEqual([{ stuck: expect.stringMatching(message) }]);
  });

  it('finds a stack of another name', async () => {
    const own = { kind: 'Job', namespace: 'rekor-system', name: 'createtree' } as const;
    const ground: Ground = { ...stack, job: () => stack.job(own) };
    expect(await logPlaces(ground, { namespacePrefix: 'stg-' })).toMatchObject({
      job: { namespace: 'stg-rekor-system', name: 'createtree' },
      record: { namespace: 'stg-rekor-system', name: 'rekor-config' },
      url: 'http://rekor.stg-rekor-system.svc',
    });
    expect(await logPlaces(ground, { singleNamespace: 'one' })).toMatchObject({
      job: { namespace: 'one', name: 'rekor-createtree' },
      server: { namespace: 'one', name: 'rekor' },
    });
  });
});

interface Deployment {
  readonly spec: {
    readonly template: {
      readonly spec: { readonly containers: [{ env: { name: string }[]; args: string[] }] };
    };
  };
}
