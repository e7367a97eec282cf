import { Option } from '@commander-js/extra-typings';
import { JobError } from '@sigstand/job/errors';
import { duration } from '@sigstand/job/values';
import type { Access } from '@sigstand/store/api';
import { namespaceOf, prefixOption, singleOption } from '../names.ts';
import { takeOverOption } from '../options.ts';
import { defineVerb, patientAccessTo, type VerbContext, verbCommand } from '../verb.ts';
import { groundOver } from './cluster.ts';
import { passwordKeeper } from './database-ground.ts';
import { databaseWork } from './database-work.ts';
import type { Ground } from './ground.ts';
import { kindNames, kinds } from './kinds.ts';
import { holderOf, sharedClock, withLease } from './lease.ts';
import { logWork } from './log-work.ts';
import { keyWork } from './run.ts';
import { rootWork, tufKindNames } from './tuf-root.ts';
import { doneText, planText, type Report, type Work } from './work.ts';

const summary = 'replace a CA or a key, and no client refuses anything';

const everything = [...kindNames, ...tufKindNames, 'database'];

const description = `Replace a CA, a key or the database's password. Clients learn of the new one first; then the service
signs with it; then the old one gets its end. Each step is looked at before the next. A run that was killed goes on when it is
run again.`;

const afterwards = `
What is kept: everything that was signed before goes on verifying. docs/rotation.md has the whole.

Exit status: 0 done, or the plan was shown; 64 a flag is wrong; 65 a setting is wrong; 69 something did not come in time; 75 run it again,
at once or at the time that the line names, or when the other operator is done; 77 forbidden; 78 what is there contradicts itself.`;

const command = () =>
  verbCommand('rotate', summary, description)
    .argument('<what>', `what to replace: ${everything.join(', ')}`)
    .addOption(prefixOption())
    .addOption(singleOption())
    .option('--dry-run', 'show the plan, and change nothing')
    .option(
      '--give-up',
      'go back to the old key, where the service does not sign with the new one yet',
    )
    .addOption(takeOverOption())
    .option(
      '--new-log',
      'for rekor and ctlog: the log goes on in a new tree; ctlog gets a new key with it',
    )
    .option('--keep-old', 'keep the old private key, in a Secret of its own')
    .addOption(
      new Option(
        '--lead <duration>',
        'how long clients are given to learn of the new key before it signs',
      )
        .default(0, '0s')
        .argParser(duration),
    )
    .addOption(
      new Option(
        '--linger <duration>',
        'how long what was begun with the old key may still be signed (default: 10m for fulcio, else 0s)',
      ).argParser(duration),
    )
    .addHelpText('after', afterwards);

/** `sigstand rotate`. */
export const rotate = () => {
  const made = command();
  return defineVerb(made as never, (context, options) =>
    rotated(context, options as Options, made.args[0] ?? ''),
  );
};

type Options = ReturnType<ReturnType<typeof command>['opts']>;

async function rotated(context: VerbContext, options: Options, what: string): Promise<void> {
  const { env, log, now, signal, print } = context;
  const { dryRun, json, takeOver = false } = options;
  const prepareOn = workFor(what, options);
  const access = await patientAccessTo(options, context);
  const clock = await sharedClock(access, now);
  const prepare = prepareOn(access, clock);
  const done: { step: string; milliseconds: number }[] = [];
  const told = (work: Work) => {
    if (json) print(`${JSON.stringify(asJson(work, done))}\n`);
  };
  const shown = async (until: AbortSignal) => {
    const work = await prepare(groundOver(access, { now: clock, signal: until }), until);
    // Who gives up wants none to be under way, and none is.
    if (options.giveUp && !work.underWay) {
      if (!json) print(`no rotation of ${work.title} is under way\n`);
      told({ ...work, plan: [] });
      return undefined;
    }
    if (!json) print(planText(work));
    const [first] = work.plan;
    if (first && 'stuck' in first) {
      told(work);
      throw new JobError('contradiction', `${work.title} cannot be rotated now: ${first.stuck}`, {
        hint: 'nothing was changed; sigstand status has more, docs/backup.md and docs/rotation.md the ways out',
      });
    }
    return work;
  };
  if (dryRun) {
    const work = await shown(signal);
    if (work) told(work);
    return;
  }
  const namespace = namespaceOf(options, 'tuf');
  const holder = holderOf(env);
  await withLease(access, { namespace, holder, takeOver, log, now, signal }, async (lost) => {
    const work = await shown(lost);
    if (work === undefined) return;
    const report: Report = (step, milliseconds) => {
      done.push({ step, milliseconds });
      if (!json) print(doneText(step, milliseconds));
    };
    await work.run(report).finally(() => told(work));
  });
}

type Prepare = (ground: Ground, signal: AbortSignal) => Promise<Work>;

/** How to look at what is asked for. @throws {JobError} usage */
function workFor(what: string, options: Options): (access: Access, now: () => Date) => Prepare {
  const { namespacePrefix, singleNamespace, lead, giveUp = false, keepOld = false } = options;
  const { newLog = false } = options;
  const naming = { namespacePrefix, singleNamespace };
  const others = lead > 0 || giveUp || keepOld || options.linger !== undefined;
  if (options.newLog && what === 'rekor') {
    if (!others) return () => (ground) => logWork(ground, naming);
    throw new JobError('usage', 'for rekor, --new-log takes no flag of a key', {
      hint: 'the log keeps its key: rotate that before or after',
    });
  }
  if (options.newLog && what !== 'ctlog') {
    throw new JobError('usage', '--new-log is for rekor and ctlog');
  }
  const tufKind = tufKindNames.find((one) => one === what);
  if (tufKind) {
    if (!others) return () => (ground) => rootWork(ground, naming, tufKind);
    throw new JobError('usage', '--lead, --linger, --give-up and --keep-old are for services', {
      hint: 'clients follow a new root whenever they come: the old one has signed it',
    });
  }
  if (what === 'database') {
    if (lead > 0 || keepOld || options.linger !== undefined) {
      throw new JobError('usage', '--lead, --linger and --keep-old are for keys');
    }
    return (access, now) => {
      const keeper = passwordKeeper(access, namespaceOf(naming, 'trillian'), { now });
      return (ground) => databaseWork(ground, { naming, keeper, giveUp });
    };
  }
  const name = kindNames.find((one) => one === what);
  if (name === undefined) {
    throw new JobError('usage', 'there is no such thing to rotate', {
      hint: `it takes ${everything.join(', ')}`,
    });
  }
  const kind = kinds[name];
  const { linger = kind.linger } = options;
  return () => (ground, signal) =>
    keyWork(ground, { ...{ kind, naming, lead, linger, giveUp, keepOld, newLog, signal } });
}

function asJson({ what, from, underWay, plan }: Work, done: readonly object[]) {
  return { what, from, underWay, plan, done };
}
