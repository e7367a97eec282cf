import type { Figure, Goal } from '../figure.ts';
import { tags } from '../peer/releases.ts';
import type { Mode } from '../peer/stack.ts';
import type { Reading, Waste } from './reading.ts';
import type { Theirs, Way } from './ways.ts';

/** One bring-up in each way; one that did not come up is not there. */
export type Round = Readonly<Partial<Record<Way, Reading>>>;

interface Row extends Pick<Figure, 'id' | 'unit' | 'anchor' | 'goals' | 'note'> {
  /** What is there beside ours: a release, or the peer at large. */
  title(peer: string): string;
  readonly ours: Exclude<Way, Theirs>;
  readonly peer: Mode;
  readonly read: (reading: Reading) => number;
  /** Says nothing that another row does not say, unless a peer was measured. */
  readonly pairsOnly?: boolean;
}

/**
 * The rounds as figures, one for each release of the peer that there is; the n-th of the peer's is of the same round as
 * the n-th of ours.
 */
export function figures(rounds: readonly Round[]): Figure[] {
  return rows.flatMap(({ title, ours, peer, read, pairsOnly = false, ...row }) => {
    const beside = tags.flatMap((tag): Figure[] => {
      const theirs: Way = `peer ${tag}, ${peer}`;
      const pairs = rounds.filter((round) => round[ours] && round[theirs]);
      if (pairs.length === 0) return [];
      const both = { ours: readings(pairs, ours, read), peer: readings(pairs, theirs, read) };
      return [{ ...row, title: title(tag), ...both }];
    });
    const alone = readings(rounds, ours, read);
    if (beside.length > 0 || pairsOnly || alone.length === 0) return beside;
    return [{ ...row, title: title('the peer'), ours: alone }];
  });
}

function readings(rounds: readonly Round[], way: Way, read: (reading: Reading) => number) {
  return rounds.flatMap((round) => round[way] ?? []).map(read);
}

const ms = { id: 'B1', unit: 'ms' };
const stages = { ours: 'ours, stages', peer: 'one apply' } as const;
const scripts = { ours: 'ours, stages', peer: 'script order' } as const;
const applies = { ours: 'ours, one apply', peer: 'one apply' } as const;

const times: readonly Row[] = [
  {
    ...{ ...ms, ...stages, read: ({ verified }) => verified },
    title: (peer) =>
      `apply to signed and verified: the stages of npm start, and one apply of ${peer}`,
    anchor:
      'v0.7.31, one apply, alone: 22,819 / 23,939 / 25,686; the platform’s floor 4,500 to 6,400',
    goals: [
      { id: 'P1', of: 'median', atMost: 8_000 },
      { id: 'P1', of: 'ratio', atMost: 1 / 3 },
    ],
  },
  {
    ...{ ...ms, ...scripts, read: ({ verified }) => verified, pairsOnly: true },
    title: (peer) =>
      `apply to signed and verified: the stages of npm start, and those of ${peer}’s script`,
    anchor: 'v0.7.31, script order, alone: 52,825 / 63,652 / 68,767',
    goals: [{ id: 'P1', of: 'ratio', atMost: 1 / 8 }],
  },
  {
    ...{ ...ms, ...applies, read: ({ verified }) => verified },
    title: (peer) => `apply to signed and verified: one apply of each, ${peer}`,
    anchor: 'v0.7.31, one apply, alone: 22,819 / 23,939 / 25,686',
    goals: [{ id: 'P1', of: 'median', atMost: 12_000 }],
  },
  {
    ...{ ...ms, ...stages, read: ({ jobs }) => jobs },
    title: (peer) => `apply to every Job Complete: stages, and one apply of ${peer}`,
    anchor: 'v0.7.31, one apply, alone: 17,810 / 18,747 / 20,038; a Job that does nothing: 2,992',
  },
  {
    ...{ ...ms, ...applies, read: ({ jobs }) => jobs },
    title: (peer) => `apply to every Job Complete: one apply of each, ${peer}`,
    anchor: 'v0.7.31, one apply, alone: 17,810 / 18,747 / 20,038',
  },
  {
    ...{ ...ms, ...stages, read: ({ tufRoot }) => tufRoot },
    title: (peer) => `apply to Secret tuf-root: stages, and one apply of ${peer}`,
    anchor: 'the platform’s floor 2,800; v0.7.31’s comes last of all',
  },
  {
    ...{ ...ms, ...applies, read: ({ tufRoot }) => tufRoot },
    title: (peer) => `apply to Secret tuf-root: one apply of each, ${peer}`,
    anchor: 'the platform’s floor 2,800; v0.7.31’s comes last of all',
  },
];

/** The counts: what is wasted, the title, and what was known of v0.7.31. */
const counts: readonly [keyof Waste, string, string][] = [
  ['failedPods', 'failed Pods', 'v0.7.31: 2 in every run'],
  ['restarts', 'container restarts', 'v0.7.31: 1 to 2, by its script 2 to 4'],
  ['configErrors', 'CreateContainerConfigError events', 'v0.7.31: 0 to 2'],
  ['failedMounts', 'FailedMount events', 'v0.7.31: 18 to 21, by its script 14 to 15'],
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
      title: (peer) => `${title}: stages, and one apply of ${peer}`,
      goals: [nothing],
    },
    {
      ...{ ...count, ...scripts, pairsOnly: true },
      title: (peer) => `${title}: stages, and the script of ${peer}`,
    },
    {
      ...{ ...count, ...applies, title: (peer) => `${title}: one apply of each, ${peer}` },
      ...(mayWait.includes(key) ? {} : { goals: [nothing] }),
    },
  ];
});

const rows: readonly Row[] = [...times, ...waste];
