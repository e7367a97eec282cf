import { JobError } from '@sigstand/job/errors';
import type { Access } from '@sigstand/store/api';
import { manifestsOption, takeOverOption, timeoutOption } from '../options.ts';
import { holderOf, withLease } from '../rotate/lease.ts';
import { titleOf } from '../up/objects.ts';
import { stepText } from '../up/report.ts';
import { stackOf } from '../up/stack.ts';
import { accessTo, defineVerb, type VerbContext, verbCommand } from '../verb.ts';
import { type Looked, lookedAt, takingVolumes } from './look.ts';
import { type Removal, removalOf } from './plan.ts';
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
  const { json, dryRun = false, takeOver = false, deleteKeys: keys = false } = options;
  const end = Date.now() + options.timeout;
  const { objects, tuf } = await stackOf(options.manifests, context);
  const told: Told = { removed: [] };
  try {
    const access = await accessTo(options, env);
    const look = async () => {
      const looked = await lookedAt(access, objects, { keys });
      const removal = removalOf(looked.here, { keys, tuf });
      told.removal = removal;
      return { ...looked, removal };
    };
    const first = await look();
    if (dryRun && !json) print(planText(first.removal));
    await refuseLoss(access, first, keys);
    if (first.removal.lost.length > 0 && !dryRun) log(lossText(first.removal.lost));
    const work = async (lost: AbortSignal) => {
      const looked = await look();
      await refuseLoss(access, looked, keys);
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
      const leasing = { namespace: tuf, holder: holderOf(env), takeOver, now, signal };
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
  const { waves = [], kept = [], lost = [], foreign = [], crowded = [] } = removal ?? {};
  const planned = waves.flatMap(({ objects }) => objects.map(titleOf));
  const goes = dryRun ? planned : [];
  const records = { kept: kept.map(titleOf), lost: lost.map(titleOf) };
  return { dryRun, removed, wouldRemove: goes, ...records, foreign, crowded };
}
