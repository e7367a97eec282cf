import { setTimeout as sleep } from 'node:timers/promises';
import { InvalidArgumentError, Option } from '@commander-js/extra-typings';
import { JobError } from '@sigstand/job/errors';
import { duration } from '@sigstand/job/values';
import { manifestsOption, takeOverOption, timeoutOption } from '../options.ts';
import { patient } from '../outage.ts';
import { noting } from '../record/note.ts';
import { holderOf, withLease } from '../rotate/lease.ts';
import { type Finding, worst } from '../status/finding.ts';
import { report, summary, table } from '../status/report.ts';
import { lookDefaults, looked, refuseUnset, tokenSource } from '../status/verb.ts';
import { text } from '../values.ts';
import { accessTo, defineVerb, type VerbContext, verbCommand } from '../verb.ts';
import { type Applied, applied } from './apply.ts';
import { labelledObjects } from './before.ts';
import { bringUp, type Report } from './bring-up.ts';
import { bearable, mayPass, warnings } from './findings.ts';
import { withImages } from './images.ts';
import { kindsOf } from './kinds.ts';
import type { Outcome } from './outcome.ts';
import { planOf } from './plan.ts';
import { changes, stepText } from './report.ts';
import { stackOf } from './stack.ts';

const summaryOf = 'apply the manifests, and wait until the stack serves';

const description = `Apply the manifests of this version, or others, on the server's side: each object the moment its
inputs are there. What stands in the way is named at once. It ends when each Job is done, each server is ready, and
sigstand status finds the stack in order. Run again, it changes nothing that is as it should be.`;

const afterwards = `
Exit status: 0 the stack serves; 64 a flag is wrong; 65 the manifests, an image or a rule of the cluster is wrong; 69
something did not come in time; 75 the API server does not answer, or somebody else is at work; 77 forbidden; 78
somebody else has set what would be changed, or the stack contradicts itself; or how a Job that failed has ended.`;

const command = () =>
  verbCommand('up', summaryOf, description)
    .addOption(manifestsOption())
    .addOption(
      new Option(
        '--registry <prefix>',
        'where our seven images are, for ghcr.io/sigstand',
      ).argParser(registry),
    )
    .option('--by-tag', 'take every image by its tag, from a mirror whose digests are others')
    .option('--force-conflicts', 'take over fields that somebody else has set')
    .addOption(takeOverOption())
    .option(
      '--token <from>',
      'sign and verify at the end: env:VARIABLE, or NAMESPACE/SERVICEACCOUNT',
      tokenSource,
    )
    .addOption(timeoutOption('how long all of it may take'))
    .addOption(
      new Option('--patience <duration>', 'how long what may pass may stand in the way')
        .default(60_000, '1m')
        .argParser(duration),
    )
    .option('--record <file>', 'note there what it makes, for down --record', text)
    .addHelpText('after', afterwards);

type Options = ReturnType<ReturnType<typeof command>['opts']>;

/** `sigstand up`. */
export const up = () => defineVerb(command(), raised);

interface Done {
  readonly step: string;
  readonly milliseconds: number;
}

async function raised(context: VerbContext, options: Options): Promise<void> {
  const { print, log, env, now, signal } = context;
  const { json, takeOver = false } = options;
  const began = Date.now();
  const end = began + options.timeout;
  const steps: Done[] = [];
  const say: Report = {
    done(step) {
      steps.push({ step, milliseconds: Date.now() - began });
      if (!json) print(stepText(step, Date.now() - began));
    },
    waiting: (title, says) => log(`waiting: ${title}: ${says}`),
    worked() {},
  };
  refuseUnset(options.token, env);
  const { objects, tuf } = await stackOf(options.manifests, context);
  const told: { outcomes: ReadonlyMap<string, Outcome>; findings?: Finding[] } = {
    outcomes: new Map(),
  };
  try {
    // What is applied or watched is waited for as its kind wants it, and all else as by every verb.
    const server = await accessTo(options, env);
    const access = patient(server, context);
    const wanted = withImages(objects, options);
    const plan = planOf(wanted);
    const kinds = await kindsOf(access, objects);
    const before = await labelledObjects(access, kinds, objects);
    const applying = {
      ...{ kinds, end, force: options.forceConflicts ?? false },
      before: (title: string) => before.get(title),
    };
    const settle = await noting(options.record, access, { objects: wanted, tuf });
    // The lease is in one of them.
    const homes = plan.filter(({ object }) => object.kind === 'Namespace');
    const made = await Promise.all(
      homes.map(async ({ object, title }): Promise<[string, Applied]> => {
        const how = { ...applying, access: server, signal, waiting: say.waiting };
        return [title, await applied(object, how)];
      }),
    );
    const leasing = { namespace: tuf, holder: holderOf(env), takeOver, log, now, signal };
    const { timeout, patience } = options;
    const already = new Map(made);
    const asked = { ...options, ...lookDefaults, singleNamespace: tuf };
    const look = async () => (await looked(context, asked, async () => access)).map(bearable);
    const bringing = {
      ...{ access: server, plan, applying, report: say, timeout, patience },
      already,
    };
    let early: Promise<Finding[]> | undefined;
    const worked = () => {
      early = look();
      // Where the bring-up fails, that is what is told.
      early.catch(() => {});
    };
    await withLease(access, leasing, async (lost) => {
      const all = await bringUp({ ...bringing, report: { ...say, worked }, signal: lost });
      await settle(all);
      told.outcomes = new Map([...all].map(([title, { outcome }]) => [title, outcome]));
    });
    told.findings = await (early ?? look());
    // A cluster that stood still says for a moment that all of its Pods are ready, as they were.
    const until = Math.min(end, Date.now() + patience);
    while (told.findings.some(mayPass) && Date.now() < until && !signal.aborted) {
      await sleep(1_000, undefined, { signal }).catch(() => {});
      const again = { ...bringing, report: { ...say, done() {} }, timeout: end - Date.now() };
      await withLease(access, leasing, async (lost) => {
        await bringUp({ ...again, signal: lost });
      });
      told.findings = await look();
    }
    for (const warning of warnings(told.findings)) log(`warning: ${warning}`);
    const kind = worst(told.findings);
    if (kind !== undefined) {
      if (!json) print(table(told.findings));
      throw new JobError(kind, summary(told.findings), { hint: 'the table says what to do' });
    }
    say.done(
      options.token ? 'signed and verified, and all in order' : 'looked at, and all in order',
    );
    if (!json) print(changes(told.outcomes));
  } finally {
    if (json) print(`${JSON.stringify(asJson(steps, told))}\n`);
  }
}

function asJson(
  steps: readonly Done[],
  { outcomes, findings }: { outcomes: ReadonlyMap<string, Outcome>; findings?: Finding[] },
) {
  const objects = [...outcomes].filter(([, outcome]) => outcome !== 'unchanged');
  return {
    changed: objects.map(([object, outcome]) => ({ object, outcome })),
    steps,
    status: findings && JSON.parse(report(findings)),
  };
}

function registry(value: string): string {
  const prefix = value.replace(/\/$/, '');
  const word = '[a-z0-9]+(?:[._-]+[a-z0-9]+)*';
  if (new RegExp(`^[a-z0-9]+([.-][a-z0-9]+)*(:[0-9]+)?(/${word})*$`).test(prefix)) return prefix;
  throw new InvalidArgumentError('Write a prefix such as registry.example.com/team.');
}
