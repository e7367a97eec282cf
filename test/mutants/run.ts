/* npm run test:mutants: changes one line at a time, and sees whether the tests notice. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { judge, type Killer, type Verdict } from './judge.ts';
import { mutants } from './list.ts';
import { Memory } from './memory.ts';
import { type Mutant, mutated } from './mutant.ts';
import { copyTree, Workshop } from './tree.ts';

const usage = `npm run test:mutants [-- FLAGS]: changes one line at a time in a copy of this tree, and runs the tests that should notice

  --only PATTERN   those whose file or text matches the regular expression
  --list           names them, and changes nothing
  --jobs N         as many at the same time (default: one a processor, at most 4)
  --verbose        tells which test noticed`;

const root = join(import.meta.dirname, '../..');
const { values: flags } = parseArgs({
  options: {
    only: { type: 'string', default: '' },
    list: { type: 'boolean', default: false },
    jobs: { type: 'string', default: String(Math.min(4, availableParallelism())) },
    verbose: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});
const pattern = new RegExp(flags.only);
const chosen = mutants.filter(({ file, from, to, hurts }) =>
  pattern.test([file, from, to, hurts].join('\n')),
);

const say = (text: string) => void process.stdout.write(`${text}\n`);
const nameOf = ({ file, hurts }: Mutant) => `${file}: ${hurts}`;
const seconds = (since: number) => `${((performance.now() - since) / 1_000).toFixed(1)} s`;

/** Whether every mutant was killed. */
async function hunt(all: readonly Mutant[], jobs: number): Promise<boolean> {
  const began = performance.now();
  const work = mkdtempSync(join(tmpdir(), 'sigstand-mutants-'));
  const shops = Array.from({ length: jobs }, (_, n) => new Workshop(join(work, String(n))));
  process.once('SIGINT', () => process.exit(130));
  process.once('exit', () => {
    for (const shop of shops) shop.close();
    rmSync(work, { recursive: true, force: true, maxRetries: 5 });
  });
  try {
    for (const { tree } of shops) copyTree(root, tree);
    if (!(await passAsTheyAre(shops, all))) return false;
    say(`the tests pass as they are, ${seconds(began)}`);
    const results = await inTurn(shops, all, async (shop, mutant) => {
      const start = performance.now();
      const verdict = await tried(shop, mutant);
      if (verdict.by) memory.note(mutant, verdict.by);
      say(`${words[verdict.outcome].padEnd(8)} ${seconds(start).padStart(7)}  ${nameOf(mutant)}`);
      if (flags.verbose) say(`  by ${verdict.why}`);
      return { mutant, verdict };
    });
    // Whatever a change left behind would make the next ones look killed.
    const isClean = await passAsTheyAre(shops, all);
    return tell(results, began) && isClean;
  } finally {
    for (const shop of shops) shop.close();
  }
}

/** Whether the tests that are to fail pass where nothing is changed. */
async function passAsTheyAre(shops: readonly Workshop[], all: readonly Mutant[]): Promise<boolean> {
  const files = [...new Set(all.flatMap(({ killers }) => killers))];
  const verdicts = await inTurn(shops, files, async (shop, file) => ({
    file,
    ...judge(await shop.run(file)),
  }));
  const unfit = verdicts.filter(({ outcome }) => outcome !== 'passed');
  for (const { file, why } of unfit) say(`does not pass as it is: ${file}: ${why}`);
  return unfit.length === 0;
}

const words = { failed: 'killed', passed: 'SURVIVED', broken: 'UNCLEAR' } as const;

const memory = new Memory(join(root, '.sigstand/mutants.json'));
const passAlone = new Map<string, boolean>();

/** The test that noticed the last time, if it passes where nothing is changed, and nothing ran before it. */
async function remembered(shop: Workshop, mutant: Mutant): Promise<Killer | undefined> {
  const killer = memory.of(mutant);
  if (killer === undefined) return undefined;
  const { file, test } = killer;
  const name = [file, test].join('\n');
  if (!passAlone.has(name))
    passAlone.set(name, judge(await shop.run(file, test)).outcome === 'passed');
  return passAlone.get(name) ? killer : undefined;
}

/** The test that noticed the last time, then one test file after the other, up to the first that fails. */
async function tried(shop: Workshop, mutant: Mutant): Promise<Verdict> {
  const known = await remembered(shop, mutant);
  const text = readFileSync(join(shop.tree, mutant.file), 'utf8');
  shop.write(mutant.file, mutated(text, mutant));
  let worst: Verdict = { outcome: 'passed', why: '' };
  try {
    if (known) {
      const verdict = judge(await shop.run(known.file, known.test));
      if (verdict.outcome === 'failed') return verdict;
    }
    for (const killer of mutant.killers) {
      const verdict = judge(await shop.run(killer));
      if (verdict.outcome !== 'passed') worst = verdict;
      if (verdict.outcome === 'failed') break;
    }
    return worst;
  } finally {
    shop.write(mutant.file, text);
  }
}

function tell(results: readonly { mutant: Mutant; verdict: Verdict }[], began: number): boolean {
  const left = results.filter(({ verdict }) => verdict.outcome !== 'failed');
  for (const { mutant, verdict } of left) {
    say(`\n${words[verdict.outcome]} ${nameOf(mutant)}`);
    say(`  - ${mutant.from}\n  + ${mutant.to}`);
    say(`  ${verdict.why || `no test of ${mutant.killers.join(', ')} failed`}`);
  }
  say(`\nkilled ${results.length - left.length} of ${results.length} in ${seconds(began)}`);
  return left.length === 0;
}

/** Does the work in as many places as there are, each in one place at a time. */
async function inTurn<Place, Item, Result>(
  places: readonly Place[],
  items: readonly Item[],
  act: (place: Place, item: Item) => Promise<Result>,
): Promise<Result[]> {
  const left = items.entries();
  const results: Result[] = [];
  await Promise.all(
    places.map(async (place) => {
      for (const [index, item] of left) results[index] = await act(place, item);
    }),
  );
  return results;
}

if (flags.help) say(usage);
else if (flags.list) for (const mutant of chosen) say(nameOf(mutant));
else process.exitCode = (await hunt(chosen, Math.max(1, Number(flags.jobs) || 1))) ? 0 : 1;
