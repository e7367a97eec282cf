import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import { Option } from '@commander-js/extra-typings';
import { JobError } from '@sigstand/job/errors';
import { duration } from '@sigstand/job/values';
import { namespaceOf, prefixOption, singleOption } from '../names.ts';
import { accessTo, defineVerb, type VerbContext, verbCommand } from '../verb.ts';
import { groundOver } from './cluster.ts';
import { type KindName, kindNames, kinds } from './kinds.ts';
import { withLease } from './lease.ts';
import type { Step } from './next.ts';
import { type Asked, type Prepared, prepare, rotate as runRotation } from './run.ts';
import { doneText, planText, told } from './told.ts';

const summary = 'replace a CA or a key, and no client refuses anything';

const description = `Replace a CA or a key: fulcio, tsa, ctlog or rekor. Clients learn of the new one first; then the service
signs with it; then the old one gets its end. Each step is looked at before the next. A run that was killed goes on when it is
run again.`;

const afterwards = `
What is kept: everything that was signed before goes on verifying. docs/rotation.md has the whole.

Exit status: 0 done, or the plan was shown; 65 a setting is wrong; 69 something did not come in time; 75 run it again,
at once or at the time that the line names, or when the other operator is done; 77 forbidden; 78 what is there contradicts itself.`;

const command = () =>
  verbCommand('rotate', summary, description)
    .argument('<what>', `what to replace: ${kindNames.join(', ')}`)
    .addOption(prefixOption())
    .addOption(singleOption())
    .option('--dry-run', 'show the plan, and change nothing')
    .option(
      '--give-up',
      'go back to the old key, where the service does not sign with the new one yet',
    )
    .option('--take-over', 'take the place of a run that was killed, and still holds the lease')
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
  const { env, now, signal, print } = context;
  const { namespacePrefix, singleNamespace, lead, giveUp = false, keepOld = false, json } = options;
  const kind = kinds[kindOf(what)];
  const access = await accessTo(options, env);
  const naming = { namespacePrefix, singleNamespace };
  const linger = options.linger ?? kind.linger;
  const asked = (until: AbortSignal): Asked => ({
    ...{ kind, naming, lead, linger, giveUp, keepOld, signal: until },
  });
  const done: { step: string; milliseconds: number }[] = [];
  const show = (prepared: Prepared) => {
    const { steps, telling, begun } = prepared;
    if (!json) print(planText(kind, steps, telling, begun));
  };
  if (options.dryRun) {
    const prepared = await prepare(groundOver(access, { now, signal }), asked(signal));
    show(prepared);
    if (json) print(`${JSON.stringify(asJson(prepared, done))}\n`);
    refuseStuck(prepared);
    return;
  }
  const namespace = namespaceOf(naming, 'tuf');
  const holder = `${env.USER ?? 'somebody'}@${hostname()} ${randomBytes(4).toString('hex')}`;
  const takeOver = options.takeOver === true;
  await withLease(access, { namespace, holder, takeOver, now, signal }, async (lost) => {
    const ground = groundOver(access, { now, signal: lost });
    const prepared = await prepare(ground, asked(lost));
    show(prepared);
    refuseStuck(prepared);
    const report = (step: Step, milliseconds: number) => {
      done.push({ step: step.name, milliseconds });
      if (!json) print(doneText(step, milliseconds));
    };
    try {
      await runRotation(ground, prepared, { asked: asked(lost), report });
    } finally {
      if (json) print(`${JSON.stringify(asJson(prepared, done))}\n`);
    }
  });
}

function kindOf(what: string): KindName {
  const found = kindNames.find((name) => name === what);
  if (found) return found;
  throw new JobError('usage', 'there is no such thing to rotate', {
    hint: `it takes ${kindNames.join(', ')}`,
  });
}

function asJson({ steps, telling, begun }: Prepared, done: readonly object[]) {
  return {
    ...{ what: telling.places.kind.name, from: telling.from, underWay: begun },
    plan: steps.map((step) =>
      'stuck' in step ? step : { step: step.name, says: told(step, telling) },
    ),
    done,
  };
}

function refuseStuck({ steps, places }: Prepared): void {
  const [first] = steps;
  if (first === undefined || !('stuck' in first)) return;
  throw new JobError(
    'contradiction',
    `${places.kind.title} cannot be rotated now: ${first.stuck}`,
    {
      hint: 'nothing was changed; sigstand status has more, docs/backup.md and docs/rotation.md the ways out',
    },
  );
}
