import { randomBytes } from 'node:crypto';
import { InvalidArgumentError, Option } from '@commander-js/extra-typings';
import { tufServer } from '@sigstand/contracts/services';
import { JobError } from '@sigstand/job/errors';
import { fileAt, placeAt } from '@sigstand/job/file';
import { duration, namespacedName, patience, serviceUrl } from '@sigstand/job/values';
import type { Access } from '@sigstand/store/api';
import { Metadata, MetadataKind } from '@tufjs/models';
import { type Naming, prefixOption, singleOption, stackNames } from '../names.ts';
import { rotationsUnderWay } from '../rotate/under-way.ts';
import { tokenFor } from '../token.ts';
import { text } from '../values.ts';
import { defineVerb, patientAccessTo, type VerbContext, verbCommand } from '../verb.ts';
import { type Finding, failed, worst } from './finding.ts';
import { forwarding } from './forward.ts';
import { openFront } from './front.ts';
import { discoveryBy } from './issuer.ts';
import { judgeRotations } from './judge-rotation.ts';
import { look } from './look.ts';
import { metrics } from './metrics.ts';
import { report, summary, table } from './report.ts';
import { judgeSignature } from './signature.ts';
import { keep, seenBefore, writeMetrics } from './state.ts';
import type { Trust } from './trust.ts';
import { type Way, wayBy } from './way.ts';

const summaryOf = 'hold the live services against what clients trust';

const description = `Ask the services and the TUF mirror, as clients do, and hold their keys, chains, trees and clocks
against the trust root. It needs no Secret. A URL with the name of a Service is asked through the API server and a
Pod, as kubectl port-forward does; every other one straight.`;

const afterwards = `
Exit status: 0 all is well, or only warned of; 64 a flag is wrong; 75 the API server does not answer; else the gravest
kind among the lines: 78 what a service shows and what clients trust contradict each other; 65 something has expired or
is not what it should be; 77 forbidden; 69 something does not answer.`;

const days = 86_400_000;

/** What a look takes where nobody says otherwise: how soon an end is warned of, and how long an answer takes. */
export const lookDefaults = { soon: 30 * days, timeout: 10_000 } as const;

const command = () =>
  verbCommand('status', summaryOf, description)
    .addOption(prefixOption())
    .addOption(singleOption())
    .option(
      '--mirror <url>',
      'where clients reach the TUF repository, if not at its Service',
      serviceUrl,
    )
    .option('--root <file>', 'the first root that clients hold (1.root.json)', text)
    .option('--state <file>', 'what was seen before, and is written anew: logs only grow', text)
    .option('--metrics <file>', 'what Prometheus reads, written anew at each run', text)
    .option('--direct', 'ask Services by their names too, as a Pod does')
    .option('--ca <file>', 'certificates (PEM) that https:// is believed by as well', text)
    .option(
      '--token <from>',
      'sign and verify: env:VARIABLE, or NAMESPACE/SERVICEACCOUNT',
      tokenSource,
    )
    .addOption(
      new Option('--soon <duration>', 'what ends within this time is warned of')
        .default<number>(lookDefaults.soon, '30d')
        .argParser(duration),
    )
    .addOption(
      new Option('--timeout <duration>', 'how long one answer may take')
        .default<number>(lookDefaults.timeout, '10s')
        .argParser(patience),
    )
    .addHelpText('after', afterwards);

type Options = ReturnType<ReturnType<typeof command>['opts']>;

/** `sigstand status`. */
export const status = () =>
  defineVerb(command(), async (context, options) => {
    if (options.metrics) placeAt('--metrics', options.metrics);
    let known: Access | undefined;
    const connect = async () => {
      known ??= await patientAccessTo(options, context);
      return known;
    };
    const findings = await looked(context, options, connect);
    if (!options.direct) findings.push(...(await rotating(await connect(), context, options)));
    const { metrics: file } = options;
    if (file) {
      const written = writeMetrics(file, metrics(findings, context.now()));
      findings.push(...(await unwritten('metrics', file, written)));
    }
    context.print(options.json ? report(findings) : table(findings));
    const kind = worst(findings);
    if (kind === undefined) return;
    throw new JobError(kind, summary(findings), { hint: 'the table says what to do' });
  });

/** What a look is asked for. */
export type LookOptions = Naming &
  Pick<Options, 'kubeconfig' | 'context' | 'logFormat' | 'json' | 'soon' | 'timeout'> &
  Partial<Pick<Options, 'mirror' | 'root' | 'state' | 'direct' | 'ca' | 'token'>>;

/** Looks at the stack. @throws {JobError} Where nothing could be looked at. */
export async function looked(
  context: Pick<VerbContext, 'env' | 'now'>,
  options: LookOptions,
  connect: () => Promise<Access>,
): Promise<Finding[]> {
  const { env, now } = context;
  const { soon, state, root, direct, ca, timeout, token } = options;
  refuseUnset(token, env);
  const { tuf: namespace } = stackNames(options);
  const { mirror = tufServer(namespace) } = options;
  const seen = state ? seenBefore('--state', state) : {};
  const pinned = root ? rootAt(root) : undefined;
  const access = direct ? undefined : await connect();
  const way = wayBy({ connect: access && forwarding(access), ca: ca && pemAt(ca), timeout });
  const { findings, next } = await look({
    ...{ way, now, mirror, namespace, soon, seen, pinned, nonce: randomBytes(32) },
    discovery: discoveryBy(way, access),
    ...(token && { sign: (trust) => signed(way, trust, context, options) }),
  });
  return state ? [...findings, ...(await unwritten('state', state, keep(state, next)))] : findings;
}

/** A line of its own where a file cannot be written: what was found is told all the same. */
async function unwritten(check: string, file: string, written: Promise<void>): Promise<Finding[]> {
  try {
    await written;
    return [];
  } catch (error) {
    if (error instanceof JobError) return [failed(check, file, error)];
    throw error;
  }
}

async function rotating(
  access: Access,
  { now, signal }: Pick<VerbContext, 'now' | 'signal'>,
  { namespacePrefix, singleNamespace }: Naming,
): Promise<Finding[]> {
  const naming = { namespacePrefix, singleNamespace };
  const found = await rotationsUnderWay(access, { naming, now, signal });
  return judgeRotations(found, naming);
}

async function signed(
  way: Way,
  trust: Trust,
  { env, now }: Pick<VerbContext, 'env' | 'now'>,
  options: LookOptions,
): Promise<Finding> {
  const front = await openFront(way);
  try {
    const source = options.token as TokenSource;
    const token =
      'variable' in source ? (env[source.variable] ?? '') : await tokenFor(source, options, env);
    return await judgeSignature(token, { trust, front, now: now() });
  } catch (error) {
    if (error instanceof JobError) return failed('signature', '--token', error);
    throw error;
  } finally {
    front.close();
  }
}

function rootAt(path: string): Uint8Array {
  const bytes = fileAt('--root', path, { most: 1 << 20, failure: 'usage' });
  try {
    Metadata.fromJSON(MetadataKind.Root, JSON.parse(Buffer.from(bytes).toString()));
  } catch (error) {
    throw new JobError('usage', '--root is no root of a TUF repository', {
      cause: error,
      hint: 'name the first one that clients hold: 1.root.json of the mirror, as they got it',
    });
  }
  return bytes;
}

function pemAt(path: string): string {
  const bytes = fileAt('--ca', path, { most: 1 << 20, failure: 'usage' });
  const pem = Buffer.from(bytes).toString();
  if (pem.includes('-----BEGIN CERTIFICATE-----')) return pem;
  throw new JobError('usage', '--ca has no certificate in PEM');
}

type TokenSource =
  | { readonly variable: string }
  | { readonly namespace: string; readonly name: string };

/** @throws {JobError} usage, where a token is to come from a variable that is not set. */
export function refuseUnset(source: TokenSource | undefined, env: VerbContext['env']): void {
  if (source === undefined || !('variable' in source) || env[source.variable]) return;
  throw new JobError('usage', '--token names a variable of the environment that is not set', {
    hint: 'set it, and export it, to a token of an issuer that Fulcio knows',
  });
}

/** Where a token comes from, as a flag says it. */
export function tokenSource(value: string): TokenSource {
  const [, variable] = /^env:([A-Za-z_]\w*)$/.exec(value) ?? [];
  if (variable !== undefined) return { variable };
  // A token itself has no slash, and is not repeated.
  if (!value.includes('/')) {
    throw new InvalidArgumentError('Write env:VARIABLE or NAMESPACE/SERVICEACCOUNT.');
  }
  return namespacedName(value);
}
