import { JobError } from '@sigstand/job/errors';
import { type Head, isSame } from '../backup/heads.ts';
import type { Dumped } from '../backup/manifest.ts';
import { errorNumber, headsIn, headsQuery } from '../database.ts';
import { after, before, knownQuery, type Refusal, refusalIn } from './loading.ts';
import type { Restore } from './restore.ts';

/** What the database has, and whether it came now. */
export interface Held {
  /** `there` was loaded before, and may have gone on since; `would` is what a dry run did not do. */
  readonly how: 'loaded' | 'there' | 'would';
  /** As they are now, or as they were loaded: servers that run go on from there at once. */
  readonly heads: readonly Head[];
  /** Those of `seen` that it has had: nothing before them is lost. */
  readonly had: readonly Head[];
}

type Load = Pick<Restore, 'contents' | 'seen' | 'database' | 'dump' | 'dryRun'>;

/** Loads the dump into a database without a tree; one that has those of the backup is left. @throws {JobError} */
export async function load({ contents, seen, database, dump, dryRun }: Load): Promise<Held> {
  const { bytes, heads } = contents.manifest.database as Dumped;
  const trees = headsIn(await database.query(headsQuery));
  if (trees.length > 0) {
    const known = headsIn(await database.query(knownQuery([...heads, ...seen])));
    const knows = (head: Head) => known.some((one) => isSame(one, head));
    if (heads.every(knows)) return { how: 'there', heads: trees, had: seen.filter(knows) };
    throw hasOthers(trees);
  }
  if (dryRun) return { how: 'would', heads, had: [] };
  const [begin, end] = [before(contents.database), after(contents.database, heads)];
  const sql = (async function* () {
    yield Buffer.from(begin);
    yield* dump();
    yield Buffer.from(end);
  })();
  const length = Buffer.byteLength(begin) + bytes + Buffer.byteLength(end);
  const { status, stderr } = await database.load(sql, length);
  if (status !== 0) throw notLoaded(stderr, status);
  return { how: 'loaded', heads, had: [] };
}

function hasOthers(trees: readonly Head[]): JobError {
  const told = trees.map(({ tree, size }) => `${tree} with ${size} entries`).join(', ');
  return new JobError(
    'contradiction',
    `the database has trees already, which are not the backup's: ${told}`,
    {
      hint: 'nothing was written to it; if nobody needs them, delete its StatefulSet and volume claim, apply it again, and run this again',
    },
  );
}

function notLoaded(stderr: string, status: number): JobError {
  const told: Record<Refusal, () => JobError> = {
    locked: () =>
      new JobError('tryAgain', 'somebody else restores this database at the same time', {
        hint: 'wait until that has ended, then run it again',
      }),
    trees: () =>
      new JobError('contradiction', 'somebody made a tree in the database meanwhile', {
        hint: 'nothing was loaded; end the Jobs and servers of this stack, and begin with an empty database',
      }),
    heads: () =>
      new JobError('data', 'what was loaded is not what the backup says of its trees', {
        hint: 'nothing was put in place; take another backup, and report this one',
      }),
  };
  const refusal = refusalIn(stderr);
  if (refusal) return told[refusal]();
  const why = errorNumber(stderr) ?? `status ${status}`;
  return new JobError(
    'tryAgain',
    `the dump was not loaded (${why}), and the database is as it was`,
    {
      hint: 'see the log of its Pod, and whether its volume has room; then run it again, it begins anew',
    },
  );
}
