import type { KeyObject } from 'node:crypto';
import { ctlogPublicKey } from '@sigstand/contracts/records';
import { at, JobError } from '@sigstand/job/errors';
import { defineJob, type JobContext } from '@sigstand/job/main';
import { keepPair } from '@sigstand/job/pair';
import { waitForKeys } from '@sigstand/job/wait';
import { dated } from '@sigstand/pki/created';
import { type Entropy, systemEntropy } from '@sigstand/pki/entropy';
import { fingerprint, parsePublicKey, publicKeyOf, publicPem } from '@sigstand/pki/keys';
import { openPrivateKey } from '@sigstand/pki/seal';
import { describe, validityWarnings } from '@sigstand/pki/validity';
import { type Data, type Ref, secretIn, show } from '@sigstand/store/store';
import { holdsLog, lackingInLog, newLog, publicKeyOfLog, refuseUnfit } from './ctlog-secret.ts';
import { command, type Options } from './flags.ts';
import { type Fulcio, overHttp } from './fulcio.ts';
import type { Roots } from './fulcio-root.ts';
import { wantedLog } from './inputs.ts';

/** What the Job needs from outside, besides its context. */
interface Effects {
  readonly entropy: Entropy;
  readonly fulcio: Fulcio;
}

export function createCtConfig({
  entropy = systemEntropy,
  fulcio = overHttp,
}: Partial<Effects> = {}) {
  return defineJob(command(), (context, options) => keepLog(context, options, { entropy, fulcio }));
}

async function keepLog(context: JobContext, options: Options, { entropy, fulcio }: Effects) {
  const { store, log } = context;
  refuseSenseless(options);
  const secret = secretIn(options.namespace, options.secret);
  const published = secretIn(options.namespace, options.pubkeysecret);
  const place = show(secret);
  const wanted = await wantedLog(context, options, fulcio);
  const { secret: stored, outcome } = await keepPair(store, {
    secret,
    published,
    publishes: ctlogPublicKey.keys,
    make: async (current) => {
      if (holdsLog(place, current)) return undefined;
      const privateKey = await newKey(context, options, entropy);
      return newLog(place, current, wanted, { privateKey, password: entropy.password() });
    },
    derive: (data) => ({ public: publicPem(publicKeyOfLog(place, data, wanted.log)) }),
    complete: async (data) => {
      await refuseOtherThanGiven(context, options, publicKeyOfLog(place, data, wanted.log));
      return lackingInLog(place, data, wanted);
    },
    identify: (_key, value) => fingerprint(parsePublicKey(value)),
    // Its roots and configuration change as Fulcio's CA does.
    immutable: false,
    // Nobody knows how old a key is that somebody gave.
    dated: options.privateSecret === undefined ? dated(context.now) : undefined,
  });
  log(
    `${outcome === 'created' ? 'created' : 'kept'} the CT log's key and configuration in ${place}`,
  );
  if (outcome === 'completed') {
    log('it changed: a CT log that runs reads it when it starts again');
  }
  tellRoots(context, wanted.roots);
  const publicKey = publicKeyOfLog(place, stored, wanted.log);
  log(`its public key is in ${show(published)}, its log ID is ${fingerprint(publicKey)}`);
}

function tellRoots({ log, now }: JobContext, { certificates }: Roots): void {
  for (const certificate of certificates)
    log(`it accepts what is issued by ${describe(certificate)}`);
  for (const warning of validityWarnings(certificates, now)) log(`warning: ${warning}`);
}

function refuseSenseless({ keytype, curvetype, fulcioSecret, fulcioUrl }: Options): void {
  if (keytype === 'rsa' && curvetype !== undefined) {
    throw new JobError('usage', '--curvetype is for --keytype=ecdsa');
  }
  if (fulcioSecret === 'none' && fulcioUrl === undefined) {
    throw new JobError('usage', 'with --fulcio-secret=none, --fulcio-url is needed');
  }
}

async function newKey(context: JobContext, options: Options, entropy: Entropy): Promise<KeyObject> {
  const { privateSecret, keytype, curvetype = 'p256', namespace } = options;
  if (privateSecret === undefined) {
    return entropy.privateKey(keytype === 'rsa' ? 'rsa-4096' : `ecdsa-${curvetype}`);
  }
  const ref = secretIn(namespace, privateSecret);
  const made = { keys: ['private'], madeBy: 'the one who gave --private-secret' };
  return givenKey(ref, await waitForKeys(context, ref, made));
}

/** A key that was taken over may be deleted where it came from; while it is there, it must be ours. */
async function refuseOtherThanGiven(
  { store }: JobContext,
  { privateSecret, namespace }: Options,
  kept: KeyObject,
): Promise<void> {
  if (privateSecret === undefined) return;
  const ref = secretIn(namespace, privateSecret);
  const given = await store.read(ref);
  if (given === undefined) return;
  const [wanted, found] = [publicKeyOf(givenKey(ref, given.data)), kept].map(fingerprint);
  if (wanted === found) return;
  throw new JobError(
    'contradiction',
    `${show(ref)} has the key ${wanted}, but the log has ${found}`,
    {
      hint: 'nothing was changed; a log that has a key keeps it',
    },
  );
}

function givenKey(ref: Ref, { private: sealed, password }: Data): KeyObject {
  return at(`${show(ref)} key private`, () =>
    refuseUnfit(openPrivateKey(sealed ?? new Uint8Array(), password ?? new Uint8Array())),
  );
}
