import type { Figure, Goal } from '../figure.ts';
import type { Reading, Waste } from './reading.ts';
import type { Way } from './ways.ts';

/** One bring-up in each way; one that did not come up is not there. */
export type Round = Readonly<Partial<Record<Way, Reading>>>;

interface Row extends Pick<Figure, 'id' | 'title' | 'unit' | 'anchor' | 'goals' | 'note'> {
  readonly ours: Way;
  readonly peer: Way;
  readonly read: (reading: Reading) => number;
  /** Says nothing that another row does not say, unless the peer was measured. */
  readonly pairsOnly?: boolean;
}

/** The rounds as figures; the n-th of the peer's is of the same round as the n-th of ours. */
export function figures(rounds: readonly Round[]): Figure[] {
  return rows.flatMap(({ ours, peer, read, pairsOnly = false, ...figure }) => {
    const pairs = rounds.filter((round) => round[ours] && round[peer]);
    if (pairs.length > 0)
      return [{ ...figure, ours: readings(pairs, ours, read), peer: readings(pairs, peer, read) }];
    const alone = readings(rounds, ours, read);
    return pairsOnly || alone.length === 0 ? [] : [{ ...figure, ours: alone }];
  });
}

function readings(rounds: readonly Round[], way: Way, read: (reading: Reading) => number) {
  return rounds.flatMap((round) => round[way] ?? []).map(read);
}

const ms = { id: 'B1', unit: 'ms' };
const stages = { ours: 'ours, stages', peer: 'peer, one apply' } as const;
const scripts = { ours: 'ours, stages', peer: 'peer, script order' } as const;
const applies = { ours: 'ours, one apply', peer: 'peer, one apply' } as const;

const times: readonly Row[] = [
  {
    ...{ ...ms, ...stages, read: ({ verified }) => verified },
    title: 'apply to signed and verified: the stages of npm start, and one apply of the peer’s',
    anchor: 'peer, one apply, alone: 22,819 / 23,939 / 25,686; the platform’s floor 4,500 to 6,400',
    goals: [
      { id: 'P1', of: 'median', atMost: 8_000 },
      { id: 'P1', of: 'ratio', atMost: 1 / 3 },
    ],
  },
  {
    ...{ ...ms, ...scripts, read: ({ verified }) => verified, pairsOnly: true },
    title: 'apply to signed and verified: the stages of npm start, and those of the peer’s script',
    anchor: 'peer, script order, alone: 52,825 / 63,652 / 68,767',
    goals: [{ id: 'P1', of: 'ratio', atMost: 1 / 8 }],
  },
  {
    ...{ ...ms, ...applies, read: ({ verified }) => verified },
    title: 'apply to signed and verified: one apply of each',
    anchor: 'peer, one apply, alone: 22,819 / 23,939 / 25,686',
    goals: [{ id: 'P1', of: 'median', atMost: 12_000 }],
  },
  {
    ...{ ...ms, ...stages, read: ({ jobs }) => jobs },
    title: 'apply to every Job Complete: stages, and one apply of the peer’s',
    anchor: 'peer, one apply, alone: 17,810 / 18,747 / 20,038; a Job that does nothing: 2,992',
  },
  {
    ...{ ...ms, ...applies, read: ({ jobs }) => jobs },
    title: 'apply to every Job Complete: one apply of each',
    anchor: 'peer, one apply, alone: 17,810 / 18,747 / 20,038',
  },
  {
    ...{ ...ms, ...stages, read: ({ tufRoot }) => tufRoot },
    title: 'apply to Secret tuf-root: stages, and one apply of the peer’s',
    anchor: 'the platform’s floor 2,800; the peer’s comes last of all',
  },
  {
    ...{ ...ms, ...applies, read: ({ tufRoot }) => tufRoot },
    title: 'apply to Secret tuf-root: one apply of each',
    anchor: 'the platform’s floor 2,800; the peer’s comes last of all',
  },
];

/** The counts: what is wasted, the title, and what was known of the peer. */
const counts: readonly [keyof Waste, string, string][] = [
  ['failedPods', 'failed Pods', 'peer 2 in every run'],
  ['restarts', 'container restarts', 'peer 1 to 2, by its script 2 to 4'],
  ['configErrors', 'CreateContainerConfigError events', 'peer 0 to 2'],
  ['failedMounts', 'FailedMount events', 'peer 18 to 21, by its script 14 to 15'],
];

const nothing: Goal = { id: 'P2', of: 'max', atMost: 0 };
/** In one apply a Pod may ask for what is not there yet, and it is the kubelet that waits. */
const mayWait: readonly (keyof Waste)[] = ['configErrors', 'failedMounts'];

const waste = counts.flatMap(([key, title, anchor]): Row[] => {
  const count = { id: 'B2', unit: '', anchor, read: (reading: Reading) => reading.waste[key] };
  return [
    {
      ...count,
      ...stages,
      title: `${title}: stages, and one apply of the peer’s`,
      goals: [nothing],
    },
    {
      ...{ ...count, ...scripts, pairsOnly: true },
      title: `${title}: stages, and the peer’s script`,
    },
    {
      ...{ ...count, ...applies, title: `${title}: one apply of each` },
      ...(mayWait.includes(key) ? {} : { goals: [nothing] }),
    },
  ];
});

const rows: readonly Row[] = [...times, ...waste];
