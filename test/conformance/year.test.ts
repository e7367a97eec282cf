import { openRepository } from '@sigstand/createtuf/repository';
import { trust } from '@sigstand/createtuf/testing';
import { beforeAll, describe, expect, it } from 'vitest';
import { figure, long } from '../faults/profile.ts';
import { type Flight, flightsOf } from './flights.ts';
import { expectFollowed } from './followed.ts';
import { goTuf } from './go-tuf.ts';
import { bytesOf, type History, type Scenario, type State, simulate, statesOf } from './history.ts';
import { faults } from './history-rules.ts';
import { tufJs } from './tuf-js-history.ts';

/*
 * 400 days, on which every key that clients trust is replaced once and the root's twice; two of the
 * replacements and a rotation on three days in a row, so that files are superseded as fast as they can be.
 */
const year = {
  days: 400,
  events: {
    61: { replace: 'fulcio' },
    97: { args: ['--rotate-root'] },
    133: { replace: 'tsa' },
    251: { replace: 'ctlog' },
    252: { replace: 'rekor' },
    253: { args: ['--rotate-root'] },
  },
} satisfies Scenario;

/** The flights between states that are served, by their places among these; -1 is none. */
const among = (flights: readonly Flight[], places: readonly number[]) =>
  flights
    .map(({ early, late }) => ({ early: places[early]!, late: places[late]! }))
    .filter(({ early, late }) => early >= 0 && late >= 0);

/** Near what happens, and at both ends: between them one refresh is like another. */
const eventful = ({ first }: State) =>
  [0, ...Object.keys(year.events), year.days].some((day) => Math.abs(Number(day) - first) <= 15);

describe('a year of daily refreshes, with every key replaced and two rotations of the root,', () => {
  let history: History;
  let states: State[];
  beforeAll(async () => {
    history = await simulate(year);
    states = statesOf(history.days);
  });

  it('is what was simulated', () => {
    const { files } = history.days.at(-1)!;
    const root = trust(openRepository(files));
    const { tlogs, ctlogs, certificateAuthorities, timestampAuthorities } = root;
    for (const entries of [tlogs, ctlogs, certificateAuthorities, timestampAuthorities]) {
      expect(entries).toHaveLength(2);
    }
    expect(Object.keys(files).filter((name) => /^\d+\.root\.json$/.test(name))).toHaveLength(3);
    figure(`${history.days.length} simulated days, ${states.length} states of the repository`);
    const sizes = history.days.map(({ files }) => bytesOf(files));
    const told = [1, 100, 200, 300, 400].map((day) => `${sizes[day - 1]} on day ${day}`);
    figure(`bytes of the repository: ${told.join(', ')}, ${Math.max(...sizes)} at most`);
  });

  it('gives clients one root to start from, which never changes', () => {
    const first = history.days[0]!.files['1.root.json'];
    for (const root of history.given) expect(root).toEqual(first);
  });

  it('keeps the rules that no client looks at', () => {
    expect(faults(states)).toEqual([]);
  });

  it.each([
    ['go-tuf', goTuf],
    ['tuf-js', tufJs],
  ])(
    'is followed by %s from 1.root.json, from every earlier state, and in flight',
    {
      timeout: long ? 3_600_000 : 300_000,
    },
    async (_client, follow) => {
      // The long run has a client of each day on each day; the other one, of each eventful state in each.
      const all = long ? history.days : states;
      const served = long ? history.days : states.filter(eventful);
      const flights = among(
        flightsOf(all),
        all.map((one) => served.indexOf(one)),
      );
      figure(expectFollowed(await follow(served, flights), served, flights));
    },
  );
});
