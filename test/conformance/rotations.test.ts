import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { flightsOf } from './flights.ts';
import { expectFollowed } from './followed.ts';
import { goTuf } from './go-tuf.ts';
import { type State, simulate, statesOf } from './history.ts';
import { faults } from './history-rules.ts';
import { newestRoot } from './metadata.ts';
import { rotations } from './rotations.ts';
import { tufJs } from './tuf-js-history.ts';

const folder = mkdtempSync(join(tmpdir(), 'sigstand-rotations-'));
afterAll(() => rmSync(folder, { recursive: true }));

describe.each(rotations(folder))('%s', (_what, scenario, roots) => {
  let states: State[];
  beforeAll(async () => {
    states = statesOf((await simulate(scenario)).days);
  });

  it('are in a repository that keeps the rules', () => {
    expect(newestRoot(states.at(-1)!.files)).toBe(roots);
    expect(faults(states)).toEqual([]);
  });

  it.each([
    ['go-tuf', goTuf],
    ['tuf-js', tufJs],
  ])('are followed by %s, also by who slept through them', async (_client, follow) => {
    const flights = flightsOf(states);
    expectFollowed(await follow(states, flights), states, flights);
  });
});
