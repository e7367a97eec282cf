import { Option } from '@commander-js/extra-typings';
import {
  copies,
  ctlogPublicKey,
  fulcioPublicKey,
  rekorPublicKey,
  tsaCertChain,
} from '@sigstand/contracts/records';
import { jobCommand } from '@sigstand/job/command';
import { JobError } from '@sigstand/job/errors';
import { defineJob, type JobContext } from '@sigstand/job/main';
import { inDirectory, leadsOut } from '@sigstand/job/outside';
import { act } from '@sigstand/job/settings';
import { newKeyNote } from '@sigstand/job/trusted';
import { namePrefix, namespacedName, yesNo } from '@sigstand/job/values';
import type { WaitFor } from '@sigstand/job/wait';
import { createdNote } from '@sigstand/pki/created';
import { clientsVerifyCt, otherCtCurve, parsePublicKey } from '@sigstand/pki/keys';
import { validityWarnings } from '@sigstand/pki/validity';
import { converge } from '@sigstand/store/converge';
import { refuseOwned } from '@sigstand/store/owned';
import {
  type Annotations,
  type Change,
  type Data,
  type Snapshot,
  type Store,
  show,
} from '@sigstand/store/store';
import manifest from '../package.json' with { type: 'json' };
import {
  certificatesIn,
  fitToCopy,
  identify,
  isRequired,
  lackingInCopy,
  publicPart,
  refuseOtherNames,
  refuseUseless,
  strayPrivateKeys,
} from './copies.ts';
import { type Copy, plan } from './plan.ts';

const summary = `Copy what clients must trust to the namespace of the TUF repository: the public keys
and certificates of Fulcio, the CT log, Rekor and the timestamp authority, and nothing else of their
Secrets. A copy that exists is never replaced, unless --replace says so.`;

type Name = ReturnType<typeof namespacedName>;

const sourceFlag = <const Flags extends string>(
  flags: Flags,
  what: string,
  { namespace, name }: Name,
) =>
  leadsOut(
    new Option(flags, `Secret with ${what}`)
      .argParser(namespacedName)
      .default<Name>({ namespace, name }, inDirectory(`${namespace}/${name}`)),
  );

const command = () =>
  jobCommand('copysecrets', summary, {
    version: manifest.version,
    namespace: copies.fulcio.namespace,
  })
    .addOption(
      sourceFlag('--fulcio-secret <namespace/name>', "Fulcio's certificate", fulcioPublicKey),
    )
    .addOption(sourceFlag('--ctlog-secret <namespace/name>', "the CT log's key", ctlogPublicKey))
    .addOption(sourceFlag('--rekor-secret <namespace/name>', "Rekor's key", rekorPublicKey))
    .addOption(
      sourceFlag('--tsa-secret <namespace/name>', "the timestamp authority's chain", tsaCertChain),
    )
    .option(
      '--copy-prefix <text>',
      "what the copies' names begin with, where they are in the namespace of their sources",
      namePrefix,
      '',
    )
    .addOption(
      act(
        new Option('--replace [bool]', 'let copies follow sources that changed')
          .argParser(yesNo)
          .preset('true')
          .default(false),
      ),
    );

type Options = ReturnType<ReturnType<typeof command>['opts']>;

export function copySecrets() {
  return defineJob(command(), copyAll);
}

/**
 * Each source is copied as soon as it is there, whatever the others do; but what is there at the start
 * is all looked at before any of it is copied.
 */
async function copyAll(context: JobContext, options: Options): Promise<void> {
  const copying = plan(options);
  const there = await Promise.all(copying.map((one) => present(context, one)));
  const stop = new AbortController();
  const waitFor: WaitFor = (awaited, probe) =>
    context.waitFor(awaited, () => {
      stop.signal.throwIfAborted();
      return probe();
    });
  const outcomes = await Promise.allSettled(
    copying.map((one, index) =>
      copyOne({ ...context, waitFor }, one, there[index]).catch((error: unknown) => {
        // What will not mend itself ends the Job at once; a late source ends it for all together.
        if (!isLate(error)) stop.abort(error);
        throw error;
      }),
    ),
  );
  stop.signal.throwIfAborted();
  const late = outcomes.flatMap((one) => (one.status === 'rejected' ? [one.reason] : []));
  if (late.length > 0) throw together(late);
}

function isLate(error: unknown): error is JobError {
  return error instanceof JobError && error.failure === 'unavailable';
}

function together(late: readonly JobError[]): JobError {
  const hints = late.flatMap(({ hint }) => hint ?? []);
  return new JobError('unavailable', late.map(({ message }) => message).join('; '), {
    hint: hints.join('; '),
  });
}

/** What is taken of a source. */
interface Taken {
  readonly data: Data;
  /** When a key was made whose format has no date, and nothing else of the notes. */
  readonly annotations: Annotations;
}

/** A source as it is to be copied, and the copy where it lacks nothing. */
interface Present extends Taken {
  readonly whole: Data | undefined;
}

/** What is there of one source; undefined where it is yet to come. */
async function present({ store, now }: JobContext, copying: Copy): Promise<Present | undefined> {
  const found = await taken(store, copying);
  if (found === undefined) return undefined;
  const current = await store.read(copying.copy);
  const change = lacking(copying, found, { current, now });
  if (change) refuseOwned(copying.copy, current, change);
  return { ...found, whole: change ? undefined : current?.data };
}

/** What is taken of a source; only the public part leaves this function: the rest may be private. */
async function taken(store: Store, { service, source, keys }: Copy): Promise<Taken | undefined> {
  const found = await store.read(source);
  const part = publicPart(found?.data, keys);
  if (part === undefined) return refuseOtherNames(show(source), found?.data, keys);
  const created = found?.annotations[createdNote];
  const data = fitToCopy(show(source), part, service);
  return { data, annotations: created ? { [createdNote]: created } : {} };
}

function lacking(
  { service, source, keys, copy, replace }: Copy,
  { data, annotations }: Taken,
  { current, now }: { current: Snapshot | undefined; now: Date },
): Change | undefined {
  const places = { source: show(source), copy: show(copy) };
  refuseOtherNames(places.copy, current?.data, keys, { beside: 'harmless' });
  const change = lackingInCopy(places, data, { current: current?.data, replace });
  refuseUseless(places.source, change, { service, now });
  // The date of a key that is no longer there must not stay, nor the permission to replace it.
  const stale = [createdNote, newKeyNote].filter((note) => current?.annotations[note]);
  const emptied = Object.fromEntries(stale.map((note) => [note, '']));
  return change && { ...change, annotations: { ...emptied, ...annotations } };
}

async function copyOne(
  { store, log, now, waitFor }: JobContext,
  copying: Copy,
  there: Present | undefined,
): Promise<void> {
  const { source, keys, madeBy, copy } = copying;
  const places = { source: show(source), copy: show(copy) };
  const awaited = {
    what: `${places.source}, ${keys.filter(isRequired).join(', ')}`,
    hint: `${madeBy} writes it`,
  };
  const found = there ?? (await waitFor(awaited, () => taken(store, copying)));
  const { data } = found;
  let changed: readonly string[] = [];
  let stored = there?.whole;
  stored ??= (
    await converge(store, copy, (current) => {
      const change = lacking(copying, found, { current, now });
      changed = Object.keys(change?.data ?? {});
      return change;
    })
  ).data;
  for (const [key, value] of Object.entries(data)) {
    const done = changed.includes(key) ? 'copied' : 'kept';
    const name = identify(places.source, key, value);
    const told = key === 'hostname' ? name : `SHA-256 ${name}`;
    log(`${done} ${places.copy} key ${key}: ${told}, from ${places.source}`);
  }
  for (const warning of validityWarnings(certificatesIn(places.source, data), now)) {
    log(`warning: ${warning}, in ${places.source}`);
  }
  const key = copying.service === 'ctlog' && data.public;
  if (key && !clientsVerifyCt(parsePublicKey(key))) {
    log(`warning: ${places.source} key public ${otherCtCurve}`);
  }
  for (const key of strayPrivateKeys(stored)) {
    log(`warning: ${places.copy} holds a private key under ${key}: delete it, it is public here`);
  }
}
