import { rekorConfig } from '@sigstand/contracts/records';
import { frozenNote, nextTree } from '@sigstand/contracts/shards';
import { utf8 } from '@sigstand/pki/pem';
import { describe, expect, it } from 'vitest';
import { oneProcess, world } from './testing.ts';
import type { Trillian } from './trillian.ts';

/* A log that goes on in another tree. */

type World = ReturnType<typeof world>;

const record = async ({ store }: World) => {
  const { data = {}, annotations = {} } = (await store.read(rekorConfig)) ?? {};
  const text = (key: string) => data[key] && Buffer.from(data[key]).toString();
  return { present: text('treeID'), next: text(nextTree), frozen: annotations[frozenNote] };
};

/** As sigstand does it, once the old tree is frozen. */
async function move({ store }: World): Promise<void> {
  const current = await store.read(rekorConfig);
  const { [nextTree]: next = utf8('') } = current?.data ?? {};
  await store.write(rekorConfig, { data: { treeID: next }, remove: [nextTree] }, current);
}

async function begun(entries = 3n): Promise<{ it: World; old: string }> {
  const it = world();
  await it.run(['--display-name=rekor']);
  const old = (await it.recorded()) ?? '';
  it.change(old, { size: entries });
  return { it, old };
}

describe('createtree --next', () => {
  it('makes one tree beside the recorded one, however often it runs', async () => {
    const { it: here, old } = await begun();
    for (let times = 0; times < 3; times += 1) {
      expect(await here.run(['--display-name=rekor', '--next'])).toMatchObject({ status: 0 });
    }
    const { present, next } = await record(here);
    expect(present).toBe(old);
    expect(here.live()).toMatchObject([
      { id: old, size: 3n, state: 'ACTIVE' },
      { id: next, size: 0n, state: 'ACTIVE', displayName: 'rekor' },
    ]);
    expect(await here.run(['--display-name=rekor'])).toMatchObject({ status: 0 });
    expect(await record(here)).toMatchObject({ present: old, next });
  });

  it('leaves one tree after a kill at any effect, and the recorded one as it was', async () => {
    for (let at = 1, dead = true; dead; at += 1) {
      for (const when of ['before', 'after'] as const) {
        const { it: here, old } = await begun();
        const process = oneProcess(here, { kill: { at, when } });
        await here.run(['--next'], process);
        expect(await here.run(['--next'])).toMatchObject({ status: 0 });
        const { next } = await record(here);
        expect(here.live().map(({ id }) => id)).toEqual([old, next]);
        dead = process.seen.dead;
      }
    }
  });

  it('makes another one after the log has moved', async () => {
    const { it: here, old } = await begun();
    await here.run(['--next']);
    await here.run(['--freeze']);
    await move(here);
    const second = (await here.recorded()) ?? '';
    expect(await here.run(['--next'])).toMatchObject({ status: 0 });
    const { next } = await record(here);
    expect(new Set([old, second, next]).size).toBe(3);
  });

  it('is refused where no tree is recorded, and beside --force and --freeze', async () => {
    const here = world();
    const { status, stderr } = await here.run(['--next']);
    expect({ status, stderr }).toMatchObject({
      status: 78,
      stderr: expect.stringContaining('names no tree, so none can come after it'),
    });
    expect(here.live()).toEqual([]);
    for (const flags of [
      ['--next', '--force'],
      ['--freeze', '--force'],
      ['--freeze', '--next'],
    ])
      expect(await here.run(flags)).toMatchObject({ status: 64 });
  });
});

describe('createtree --freeze', () => {
  it('drains the tree, freezes it with all that it took, and notes how much that is', async () => {
    const { it: here, old } = await begun();
    await here.run(['--next']);
    const states: string[] = [];
    let looks = 0;
    const trillian: Trillian = {
      ...here.trillian,
      async setState(id, state) {
        states.push(`${state} at ${here.trees.get(id)?.size}`);
        await here.trillian.setState(id, state);
      },
      async latestRoot(id) {
        // What it took before is still on its way into the tree.
        if (here.trees.get(id)?.state === 'DRAINING' && looks++ < 3) {
          here.change(id, { size: 10n + BigInt(looks) });
        }
        return here.trillian.latestRoot(id);
      },
    };
    expect(await here.run(['--freeze'], { trillian })).toMatchObject({ status: 0 });
    expect(states).toEqual(['DRAINING at 3', 'FROZEN at 13']);
    expect((await record(here)).frozen).toBe(`${old} 13`);
    // Once more, and it changes nothing.
    const { stderr } = await here.run(['--freeze'], { trillian });
    expect({ stderr, states: states.length }).toMatchObject({
      stderr: expect.stringContaining('which is frozen'),
      states: 2,
    });
  });

  it('goes on after a kill at any effect', async () => {
    for (let at = 1, dead = true; dead; at += 1) {
      const { it: here, old } = await begun();
      await here.run(['--next']);
      const process = oneProcess(here, { kill: { at, when: at % 2 ? 'before' : 'after' } });
      await here.run(['--freeze'], process);
      expect(await here.run(['--freeze'])).toMatchObject({ status: 0 });
      expect(here.trees.get(old)).toMatchObject({ state: 'FROZEN', size: 3n });
      expect((await record(here)).frozen).toBe(`${old} 3`);
      dead = process.seen.dead;
    }
  });

  it('freezes nothing where no tree comes after it, or the log has moved', async () => {
    const { it: here, old } = await begun();
    expect(await here.run(['--freeze'])).toMatchObject({
      status: 78,
      stderr: expect.stringContaining('names no tree that comes after another one'),
    });
    await here.run(['--next']);
    const { next = '' } = await record(here);
    await here.store.write(
      rekorConfig,
      { data: { treeID: utf8(next) } },
      await here.store.read(rekorConfig),
    );
    expect(await here.run(['--freeze'])).toMatchObject({ status: 0 });
    expect([here.trees.get(old)?.state, here.trees.get(next)?.state]).toEqual(['ACTIVE', 'ACTIVE']);
  });

  it('leads back to the move whoever runs it without flags before the record names the next tree', async () => {
    const { it: here, old } = await begun();
    await here.run(['--next']);
    await here.run(['--freeze']);
    const { status, stderr } = await here.run([]);
    expect(status).toBe(78);
    expect(stderr).toContain(`names tree ${old}, which is FROZEN`);
    expect(stderr).toContain('run sigstand rotate --new-log again, to its end');
    // Who did that would begin a third, empty log.
    expect(stderr).not.toContain('--force');
  });

  it('names what a record lost that had several trees', async () => {
    const { it: here, old } = await begun();
    await here.run(['--next', '--display-name=rekor']);
    await here.run(['--freeze']);
    await move(here);
    const now = (await here.recorded()) ?? '';
    here.change(now, { size: 1n });
    const { treeID: _, ...rest } = (await here.store.read(rekorConfig))?.data ?? {};
    await here.store.write(
      rekorConfig,
      { data: { treeID: utf8('') }, remove: Object.keys(rest) },
      await here.store.read(rekorConfig),
    );
    const { status, stderr } = await here.run(['--display-name=rekor']);
    expect(status).toBe(78);
    expect(stderr).toContain(`tree ${old} with 3 entries (FROZEN)`);
    expect(stderr).toContain(`tree ${now} with 1 entry`);
  });
});
