import { describe, expect, it } from 'vitest';
import { oneProcess, world } from './testing.ts';

describe('exactly one live tree', () => {
  it('is left after a kill before or after any effect and one more run', async () => {
    const effects = await atEachKill(async (kill) => {
      const { run, recorded, live, store, trillian } = world();
      const process = oneProcess({ store, trillian }, { kill });
      await run([], process);
      expect(await run()).toMatchObject({ status: 0 });
      expect(live()).toMatchObject([{ id: await recorded(), size: 0n }]);
      return process;
    });
    expect(effects).toBeGreaterThan(10);
  });

  it('is left by processes that run at the same time, some of them killed', async () => {
    const trial = async (seed: number) => {
      const { run, recorded, live, store, trillian } = world();
      const random = numbers(seed);
      const runs = Array.from({ length: 2 + random(4) }, (_, index) => {
        const kill = { at: 1 + random(14), when: random(2) ? 'before' : 'after' } as const;
        const pause = mixing(seed * 10 + index);
        return run([], oneProcess({ store, trillian }, { pause, ...(random(2) && { kill }) }));
      });
      const statuses = (await Promise.all(runs)).map(({ status }) => status);
      expect(statuses.filter((status) => status !== 0 && status !== 70)).toEqual([]);
      expect(await run()).toMatchObject({ status: 0 });
      expect(live(), `trial ${seed}`).toMatchObject([{ id: await recorded(), size: 0n }]);
    };
    await Promise.all(Array.from({ length: 300 }, (_, seed) => trial(seed)));
  });

  it('is made by force, however many processes were told to at the same time', async () => {
    const { run, live, recorded, store, trillian } = world();
    await run();
    const old = await recorded();
    const runs = [1, 2, 3, 4, 5].map((seed) =>
      run(['--force'], oneProcess({ store, trillian }, { pause: mixing(seed) })),
    );
    expect((await Promise.all(runs)).map(({ status }) => status)).toEqual([0, 0, 0, 0, 0]);
    expect(live().map(({ id }) => id)).toEqual([old, await recorded()]);
  });

  it('is made by force after a kill at any effect, and the old id is valid until then', async () => {
    await atEachKill(async (kill) => {
      const { run, recorded, live, store, trillian } = world();
      await run();
      const old = await recorded();
      const process = oneProcess({ store, trillian }, { kill });
      await run(['--force'], process);
      const between = await recorded();
      expect(await run()).toMatchObject({ status: 0 });
      expect(await recorded()).toBe(between);
      if (between === old) await run(['--force']);
      expect(await recorded()).not.toBe(old);
      expect(live().map(({ id }) => id)).toEqual([old, await recorded()]);
      return process;
    });
  });
});

/** Runs with a kill before and after the first effect, the second, ... until none was left to kill. */
async function atEachKill(
  trial: (kill: { at: number; when: 'before' | 'after' }) => Promise<{ seen: { dead: boolean } }>,
): Promise<number> {
  for (let at = 1; ; at += 1) {
    await trial({ at, when: 'before' });
    if (!(await trial({ at, when: 'after' })).seen.dead) return at - 1;
  }
}

/** Lets other processes go first a few times, but begins at once. */
function mixing(seed: number): () => Promise<void> {
  const random = numbers(seed);
  let begun = false;
  return async () => {
    for (let turns = begun ? random(4) : 0; turns > 0; turns -= 1) {
      await new Promise((resolve) => setImmediate(resolve));
    }
    begun = true;
  };
}

/** Numbers below a limit that look random and are the same in every run (Park and Miller). */
function numbers(seed: number): (limit: number) => number {
  let state = (seed + 1) * 7_919;
  return (limit) => {
    state = (state * 48_271) % 2_147_483_647;
    return Math.floor((state / 2_147_483_647) * limit);
  };
}
