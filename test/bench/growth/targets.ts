import type { Bench, Benchmark } from '../benchmark.ts';
import { openLoopback } from '../cost/loopback.ts';
import { figureOf, inTurn, type Pairs } from '../cost/pairs.ts';
import { done } from '../cost/process.ts';
import type { Figure, Goal } from '../figure.ts';
import {
  changedIn,
  goRepository,
  moreTargets,
  ourRepository,
  type Repository,
} from './repositories.ts';

const most: Goal = { id: 'P17', of: 'median', atMost: 3_000 };
const unchanged: Goal = { id: 'P17', of: 'max', atMost: 0 };

/** B9: what a TUF repository costs with more and more targets of the operator's own. */
export const growthTargets: Benchmark = {
  ids: ['B9'],
  title: 'TUF repository with 4, 100 and 1,000 targets',
  ground: 'empty',
  profiles: ['quick', 'full'],
  async run(bench) {
    await using stack = new AsyncDisposableStack();
    const at = await openLoopback(bench.work, 'B9');
    stack.defer(at.close);
    const ours = await ourRepository(at);
    const peer = bench.peer && (await goRepository(at, bench.peer.binary));
    if (!peer) bench.missing('B9 of the Go TUF server', 'no checkout of it was given');
    const figures: Figure[] = [];
    for (const count of [4, 100, 1_000]) {
      bench.say(`B9 ${count} targets`);
      figures.push(...(await grown(bench, { count, ours, peer })));
    }
    bench.say('B9 too large');
    // The Go server takes half a minute for so many.
    figures.push(await tooLarge({ ours, peer: bench.profile === 'full' ? peer : undefined }));
    return figures;
  },
};

interface Sides {
  readonly ours: Repository;
  readonly peer: Repository | undefined;
}

interface Trial {
  readonly first: number;
  readonly again: number;
  readonly changed: number;
  readonly peak: number;
  readonly bytes: number;
}

async function grown(bench: Bench, { count, ours, peer }: Sides & { count: number }) {
  const files = moreTargets(count);
  const trial = async (): Promise<Trial> => {
    await ours.clear();
    await ours.put(files);
    const first = done(await ours.run(), 'createtuf, first');
    const again = done(await ours.run(), 'createtuf, again');
    await ours.put({ ...files, 'file-1.txt': 'another content' });
    const changed = done(await ours.run(), 'createtuf, changed');
    const peak = Math.max(first.peak, again.peak, changed.peak);
    const bytes = await ours.bytes();
    return { first: first.cpu, again: again.cpu, changed: changed.cpu, peak, bytes };
  };
  const refusals: string[] = [];
  const theirs = async (side: Repository): Promise<Trial> => {
    await side.clear();
    await side.put(files);
    const { cpu, peak, status, log } = await side.run();
    if (status !== 0) refusals.push(refusalIn(log));
    const bytes = await side.bytes();
    return { first: cpu, again: cpu, changed: cpu, peak, bytes };
  };
  const times = bench.profile === 'full' ? 5 : 1;
  const pairs: Pairs<Trial> = await inTurn(times, trial, peer && (() => theirs(peer)));
  const failed = refusals[0] && `the Go server’s run ended in an error: ${refusals[0]}`;
  const about = (what: string, unit: string, goals: readonly Goal[] = [], note = failed) => ({
    ...{ id: 'B9', title: `${count} targets beside the stack’s own: ${what}`, unit },
    ...(goals.length > 0 && { goals }),
    ...(note && { note }),
  });
  const limit = count === 1_000 ? [most] : [];
  const anew =
    'each run of the Go server makes a new repository, so it is the same run in all three';
  const note = [failed, anew].filter(Boolean).join('; ');
  return [
    figureOf(pairs, ({ first }) => first, about('CPU of the first run', 'ms', limit, note)),
    figureOf(pairs, ({ again }) => again, about('CPU of a no-op', 'ms', [], note)),
    figureOf(pairs, ({ changed }) => changed, about('CPU, one of them changed', 'ms', limit, note)),
    figureOf(pairs, ({ peak }) => peak, about('peak memory', 'MiB')),
    {
      ...figureOf(pairs, ({ bytes }) => bytes / 1e3, about('what is stored', 'kB')),
      anchor: 'a Secret or ConfigMap holds 1,049 kB',
    },
  ];
}

/** A repository of more than 1 MiB: how many objects a run of it leaves otherwise than they were. */
async function tooLarge({ ours, peer }: Sides): Promise<Figure> {
  const files = moreTargets(1_000, 880);
  const said: string[] = [];
  const trial = async (side: Repository) => {
    await side.clear();
    await side.put(files);
    const before = await side.versions();
    const { status, log } = await side.run();
    said.push(`exit status ${status}${status === 0 ? '' : `, ${refusalIn(log)}`}`);
    return changedIn(before, await side.versions());
  };
  const mine = [await trial(ours)];
  const theirs = peer && [await trial(peer)];
  return {
    ...{ id: 'B9', title: 'a repository of more than 1 MiB: objects written', unit: '' },
    ours: mine,
    ...(theirs && { peer: theirs }),
    goals: [unchanged],
    note: `ours: ${said[0]}${said[1] ? `; Go, which stores it compressed: ${said[1]}` : ''}`,
  };
}

/** The last line that a program printed, as far as a table has room for it. */
function refusalIn(log: string): string {
  const line = log.trimEnd().split('\n').at(-1) ?? '';
  const message = /"(?:message|msg)":"([^"]*)"/.exec(line)?.[1] ?? line;
  return message.length > 160 ? `${message.slice(0, 160)} …` : message;
}
