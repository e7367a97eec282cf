import { JobError } from '@sigstand/job/errors';
import type { Access } from '@sigstand/store/api';
import { manifestsOption, takeOverOption, timeoutOption } from '../options.ts';
import { recordAt } from '../record/file.ts';
import { objectOf } from '../record/record.ts';
import { holderOf, withLease } from '../rotate/lease.ts';
import { type KubeObject, titleOf } from '../up/objects.ts';
import { stepText } from '../up/report.ts';
import { stackOf } from '../up/stack.ts';
import { text } from '../values.ts';
import { defineVerb, patientAccessTo, type VerbContext, verbCommand } from '../verb.ts';
import { type Looked, lookedAt, takingVolumes } from './look.ts';
import { removalOf } from './plan.ts';
import { recordedRemovalOf } from './recorded.ts';
import type { Here, Removal } from './removal.ts';
import { removeWave } from './remove.ts';
import { crowdedText, doneText, lossText, named, planText } from './report.ts';

const summaryOf = 'take the stack away, and keep its keys';

const description = `Remove what sigstand up applied, and wait until it is gone. The namespaces stay, with the Secrets and
ConfigMaps that the Jobs wrote, and the database's volume: sigstand up brings the same stack again. What others have is
left, and named. Run again, it goes on.`;

const afterwards = `
Exit status: 0 the stack is down; 64 a flag is wrong; 65 the manifests or a rule of the cluster is wrong; 69 something
did not go in time; 75 the API server does not answer, or somebody else is at work; 77 forbidden; 78 something is not of
this stack, and was left.`;

const command = () =>
  verbCommand('down', summaryOf, description)
    .addOption(manifestsOption())
    .option(
      '--record <file>',
      'take away only what up --record noted there, with what its Jobs wrote',
      text,
    )
    .option('--delete-keys', 'delete the namespaces with all in them: keys, log and database')
    .option('--dry-run', 'list what would go and what would stay, and change nothing')
    .addOption(takeOverOption())
    .addOption(timeoutOption('how long all of it may take'))
    .addHelpText('after', afterwards);

type Options = ReturnType<ReturnType<typeof command>['opts']>;

/** `sigstand down`. */
export const down = () => defineVerb(command(), lowered);

type Sight = Looked & { readonly removal: Removal };

interface Told {
  removal?: Removal;
  readonly removed: string[];
}

async function lowered(context: VerbContext, options: Options): Promise<void> {
  const { print, log, env, now, signal } = context;
  const { json, dryRun = false, takeOver = false } = options;
  const end = Date.now() + options.timeout;
  const { objects, tuf, wantsInside, decide } = await wishOf(options, context);
  const told: Told = { removed: [] };
  try {
    const access = await patientAccessTo(options, context);
    const look = async () => {
      const looked = await lookedAt(access, objects, { keys: wantsInside });
      const removal = decide(looked.here);
      told.removal = removal;
      return { ...looked, removal };
    };
    const first = await look();
    if (dryRun && !json) print(planText(first.removal));
    await refuseLoss(access, first, wantsInside);
    if (first.removal.lost.length > 0 && !dryRun) log(lossText(first.removal.lost));
    const work = async (lost: AbortSignal) => {
      const looked = await look();
      await refuseLoss(access, looked, wantsInside);
      await removeAll(looked, lost);
    };
    const removeAll = async ({ kinds, removal }: Sight, lost: AbortSignal) => {
      const began = Date.now();
      for (const wave of removal.waves) {
        await removeWave(wave, {
          ...{ access, kinds, end, signal: lost },
          gone: (title) => told.removed.push(title),
          waiting: (title, says) => log(`waiting: ${title}: ${says}`),
        });
        const step = `${wave.what}: ${wave.objects.length} gone`;
        if (!json) print(stepText(step, Date.now() - began));
      }
    };
    if (!dryRun && first.removal.waves.length > 0) {
      const leasing = { namespace: tuf, holder: holderOf(env), takeOver, log, now, signal };
      if (takesLease(first, tuf)) await withLease(access, leasing, work);
      else await work(signal);
    }
    const removal = told.removal ?? first.removal;
    if (!dryRun && !json) print(doneText(told.removed.length, removal));
    refuseForeign(removal);
  } finally {
    if (json) print(`${JSON.stringify(asJson(told, dryRun))}\n`);
  }
}

/** What is asked for: of which objects, and how it is decided what goes. */
interface Wish {
  readonly objects: readonly KubeObject[];
  readonly tuf: string;
  /** Whether namespaces may go, and so what they hold matters. */
  readonly wantsInside: boolean;
  readonly decide: (here: Here) => Removal;
}

async function wishOf(
  { manifests, record, deleteKeys }: Options,
  context: VerbContext,
): Promise<Wish> {
  const keys = deleteKeys ?? false;
  const { objects, tuf } = await stackOf(manifests, context);
  if (record === undefined) {
    const decide = (here: Here) => removalOf(here, { keys, tuf });
    return { objects, tuf, wantsInside: keys, decide };
  }
  const made = recordAt(record);
  if (made === undefined) throw noRecord(record);
  // What an older version applied is in the record alone.
  const all = new Map(
    [...made.objects.map(objectOf), ...objects].map((one) => [titleOf(one), one]),
  );
  const decide = (here: Here) => recordedRemovalOf(here, made, tuf);
  return { objects: [...all.values()], tuf, wantsInside: true, decide };
}

function noRecord(path: string): JobError {
  return new JobError('data', `--record ${path}: there is no such file; nothing was changed`, {
    hint: 'name the file that sigstand up --record wrote',
  });
}

/** Where the namespace of the lease is gone or going, nobody else can begin. */
function takesLease({ here }: Looked, tuf: string): boolean {
  const home = here.found.get(`Namespace ${tuf}`);
  if (home) return home.metadata.deletionTimestamp === undefined;
  // The manifests do not make it: then it was there before, and stays.
  return !here.manifests.some((one) => titleOf(one) === `Namespace ${tuf}`);
}

/** Refuses what would lose more than was asked for. */
async function refuseLoss(access: Access, { kinds, removal }: Sight, keys: boolean) {
  refuseCrowded(removal);
  if (keys) return;
  const all = removal.waves.flatMap((wave) => wave.objects);
  refuseVolumes(await takingVolumes(access, kinds, all));
}

function refuseCrowded({ crowded }: Removal): void {
  if (crowded.length === 0) return;
  const message = crowded.map(crowdedText).join('; ');
  throw new JobError('contradiction', `${message}, not of this stack; nothing was changed`, {
    hint: 'move it to another namespace, or delete it yourself; then run it again',
  });
}

function refuseVolumes(sets: readonly string[]): void {
  if (sets.length === 0) return;
  const message = `${named(sets)} takes its volumes with it; nothing was changed`;
  throw new JobError('contradiction', message, {
    hint: 'set its persistentVolumeClaimRetentionPolicy.whenDeleted to Retain, or say --delete-keys',
  });
}

function refuseForeign({ foreign }: Removal): void {
  if (foreign.length === 0) return;
  throw new JobError('contradiction', `not of this stack, and left alone: ${named(foreign)}`, {
    hint: 'its labels part-of and instance say whose it is; leave it out of the manifests, or delete it yourself',
  });
}

function asJson({ removal, removed }: Told, dryRun: boolean) {
  const { waves = [], kept = [], lost = [], foreign = [], crowded = [], left = [] } = removal ?? {};
  const planned = waves.flatMap(({ objects }) => objects.map(titleOf));
  const goes = dryRun ? planned : [];
  const records = { kept: kept.map(titleOf), lost: lost.map(titleOf) };
  return { dryRun, removed, wouldRemove: goes, ...records, foreign, crowded, left };
}
