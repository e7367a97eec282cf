import { tufRepository } from '@sigstand/contracts/records';
import { listed } from '@sigstand/job/listed';
import { timestampOf } from '../backup/identity.ts';
import type { Manifest } from '../backup/manifest.ts';
import { type Kept, showKept } from '../backup/object.ts';
import { lines, rows } from '../backup/report.ts';
import { lost, type SeenBefore } from './lost.ts';
import type { Different } from './plan.ts';
import type { Restored } from './restore.ts';

/** A restore, for who has to know what it means. */
export interface Told {
  readonly manifest: Manifest;
  readonly restored: Restored;
  readonly dryRun: boolean;
  readonly different: 'refuse' | 'keep' | 'overwrite';
  /** What `sigstand status` saw before the loss. */
  readonly seen: SeenBefore;
}

/** As text, and for programs. */
export const report = {
  json(told: Told): object {
    const { manifest, restored, dryRun, different } = told;
    const { plan, database, jobs } = restored;
    const { parts: _, ...said } = manifest;
    return {
      ...{ dryRun, backup: said, database },
      objects: {
        created: plan.create.map(showKept),
        same: plan.same.map(showKept),
        [different === 'overwrite' ? 'overwritten' : 'kept']: plan.different.map(({ kept }) =>
          showKept(kept),
        ),
        differ: differing(plan.different),
      },
      ...(jobs && { jobs }),
      lost: lostBy(told),
    };
  },
  text(told: Told): string {
    const { manifest, restored, dryRun, different } = told;
    const { plan, database } = restored;
    const done = dryRun ? 'would be created' : 'created';
    const all: [string, string][] = [
      ...(dryRun ? plan.create.map((kept) => ['create', showKept(kept)] as [string, string]) : []),
      ['objects', `${plan.create.length} ${done}, ${plan.same.length} were there`],
      ...plan.different.map(({ kept, where }): [string, string] => [
        different === 'overwrite' ? 'overwritten' : 'kept as it is',
        `${showKept(kept)} (${listed(where)})`,
      ]),
      ['database', databaseText(database)],
      ...rows(nowIn(manifest, restored)),
      ...since(told),
      ...jobRows(restored),
      ...lostBy(told).map((one): [string, string] => [isLeft(told) ? 'may be lost' : 'lost', one]),
    ];
    return lines(all);
  },
};

/** What differs, and where, for programs. */
export function differing(different: readonly Different[]): object[] {
  return different.map(({ kept, where }) => ({ object: showKept(kept), where }));
}

function databaseText(database: Restored['database']): string {
  if (database === 'external') return 'not in the backup: restore it by its own means';
  if (database === 'left')
    return 'not looked at: run it again, without --objects-only, when its Pod is ready';
  const told = { loaded: 'loaded', there: 'has it already', would: 'would be loaded' } as const;
  return told[database.how];
}

function jobRows({ jobs: { deleted, left } = { deleted: [], left: [] } }: Restored) {
  const why = 'which looked for a tree before it was there: apply the manifests again';
  const rows: [string, string][] = [];
  if (deleted.length > 0) rows.push(['jobs', `${deleted.join(', ')} deleted, ${why}`]);
  if (left.length > 0) rows.push(['jobs', `delete ${left.join(', ')} yourself, ${why}`]);
  return rows;
}

function lostBy({ manifest, restored, different, seen }: Told): string[] {
  const { database, plan } = restored;
  const had = typeof database === 'string' ? [] : database.had;
  const kept = plan.different.find(({ found }) => isRepository(found.kept));
  const timestamp =
    kept && different === 'keep' ? timestampOf([kept.found.kept]) : manifest.timestamp;
  return lost({ ...manifest, timestamp }, seen, had);
}

/** Whether the database was not looked at: it may have more than the backup. */
function isLeft({ restored: { database } }: Told): boolean {
  return database === 'left';
}

function isRepository({ metadata }: Kept): boolean {
  return metadata.name === tufRepository.name;
}

/** A log that went on from the backup has what it has. */
function nowIn(manifest: Manifest, { database: held }: Restored): Manifest {
  if (manifest.database === 'external' || typeof held === 'string') return manifest;
  return { ...manifest, database: { ...manifest.database, heads: held.heads } };
}

function since({ manifest: { made }, restored: { database } }: Told): [string, string][] {
  if (typeof database !== 'string' && database.how === 'there') return [];
  // What a database has that nobody looked at, nobody knows.
  const where = typeof database === 'string' ? 'not in the backup' : 'in no log any more';
  return [['since then', `what was logged after ${made} is ${where}: see docs/backup.md`]];
}
