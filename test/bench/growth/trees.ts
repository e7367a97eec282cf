import { Traffic } from '../../faults/requests.ts';
import { startTrillianProxy } from '../../faults/trillian-proxy.ts';
import { type RunningTrillian, startMariadb, startTrillian } from '../../programs/trillian.ts';
import type { Benchmark } from '../benchmark.ts';
import { figureOf, inTurn, type Pairs } from '../cost/pairs.ts';
import { type Cost, done } from '../cost/process.ts';
import { type Contestant, openTasks, type Task } from '../cost/tasks.ts';
import type { Figure, Goal } from '../figure.ts';

const little: Goal = { id: 'P16', of: 'median', atMost: 150 };

/** B10: createtree where Trillian has many trees of others. */
export const growthTrees: Benchmark = {
  ids: ['B10'],
  title: 'createtree among 0, 1,000 and 10,000 trees',
  ground: 'empty',
  profiles: ['quick', 'full'],
  async run(bench) {
    await using stack = new AsyncDisposableStack();
    const tasks = stack.use(await openTasks(bench, 'B10'));
    const task = tasks.all.find(({ name }) => name === 'createtree');
    if (!task) throw new Error('createtree is not among the Jobs');

    const mariadb = await startMariadb();
    stack.defer(mariadb.stop);
    const full = bench.profile === 'full';
    const forests: Forest[] = [];
    for (const trees of full ? [0, 1_000, 10_000] : [0, 1_000]) {
      const trillian = await startTrillian({ mariadb });
      stack.defer(trillian.stop);
      plant(trillian, trees);
      forests.push({ trees, trillian });
    }
    bench.say(`B10 createtree among ${forests.map(({ trees }) => trees)} trees`);
    return await measured(forests, task, full ? 21 : 3);
  },
};

interface Forest {
  readonly trees: number;
  readonly trillian: RunningTrillian;
}

/** Puts trees into the database, which Trillian itself would take minutes for. They are frozen: no signer visits them. */
function plant({ query }: RunningTrillian, trees: number): void {
  if (trees === 0) return;
  query(`
    INSERT INTO Trees SELECT 1000000000 + seq, 'FROZEN', 'LOG', 'RFC6962_SHA256', 'SHA256', 'ECDSA', 'theirs',
      CONCAT('a tree of somebody else, ', seq), 1700000000000, 1700000000000, 3600000, '', '', NULL, NULL
      FROM seq_1_to_${trees};
    INSERT INTO TreeControl SELECT 1000000000 + seq, TRUE, TRUE, 1 FROM seq_1_to_${trees};`);
}

async function measured(forests: readonly Forest[], task: Task, pairs: number): Promise<Figure[]> {
  const { ours, peer } = task;
  // One pair among each number of trees, and then the next one: what the machine does meanwhile befalls all of them.
  const rounds = await inTurn(
    pairs,
    () => round(forests, ours),
    peer && (() => round(forests, peer)),
  );
  const counts = await inTurn(1, () => calls(forests, ours), peer && (() => calls(forests, peer)));
  return forests.flatMap(({ trees }, index) => {
    const about = (what: string, unit: string) => ({
      ...{ id: 'B10', title: `createtree among ${trees} trees: ${what}`, unit },
    });
    const cost = (costs: readonly Cost[]) => costs[index] ?? lost();
    const calls = counts.ours[0]?.[index]?.join(', ');
    return [
      figureOf(rounds, (costs) => cost(costs).cpu, about('CPU', 'ms')),
      figureOf(rounds, (costs) => cost(costs).wall, about('wall', 'ms')),
      ...(trees > 0 ? [more(rounds, { index, trees })] : []),
      {
        ...figureOf(counts, (all) => (all[index] ?? lost()).length, about('calls to Trillian', '')),
        note: `ours: ${calls}; the Go Job does not look whether there is a tree for it already; the other trees came by SQL, frozen`,
      },
    ];
  });
}

/** How much longer than among no trees at all, round by round. */
function more(
  rounds: Pairs<readonly Cost[]>,
  { index, trees }: { index: number; trees: number },
): Figure {
  const extra = (costs: readonly Cost[]) =>
    (costs[index] ?? lost()).wall - (costs[0] ?? lost()).wall;
  return figureOf(rounds, extra, {
    ...{
      id: 'B10',
      title: `createtree among ${trees} trees: wall more than among none`,
      unit: 'ms',
    },
    ...(trees === 1_000 && { goals: [little], anchor: 'Trillian lists 1,000 trees in 46 ms' }),
  });
}

async function round(forests: readonly Forest[], one: Contestant): Promise<Cost[]> {
  const costs: Cost[] = [];
  for (const { trees, trillian } of forests) {
    await one.clear();
    const run = await one.run({ trillian: trillian.address });
    costs.push(done(run, `createtree among ${trees} trees`));
  }
  return costs;
}

/** The calls that one run makes, by way of a proxy that counts them. */
async function calls(forests: readonly Forest[], one: Contestant): Promise<string[][]> {
  const all: string[][] = [];
  for (const { trees, trillian } of forests) {
    const traffic = new Traffic();
    const proxy = await startTrillianProxy(trillian.address, traffic);
    try {
      await one.clear();
      done(await one.run({ trillian: proxy.address }), `createtree among ${trees} trees`);
    } finally {
      proxy.close();
    }
    all.push(traffic.requests.map(({ what }) => what));
  }
  return all;
}

function lost(): never {
  throw new Error('a run among some number of trees is not there');
}
