import type { KeyObject } from 'node:crypto';
import {
  copies,
  ctlogKey,
  ctlogPublicKey,
  ctlogSecrets,
  tufRepository,
} from '@sigstand/contracts/records';
import { at, JobError } from '@sigstand/job/errors';
import { defineJob, type JobContext } from '@sigstand/job/main';
import { keepPair, refuseOneForBoth } from '@sigstand/job/pair';
import { trustedIn } from '@sigstand/job/trusted';
import { waitForKeys } from '@sigstand/job/wait';
import { dated } from '@sigstand/pki/created';
import { type Entropy, systemEntropy } from '@sigstand/pki/entropy';
import {
  clientsVerifyCt,
  fingerprint,
  otherCtCurve,
  parsePublicKey,
  publicKeyOf,
  publicPem,
  refuseNewCtKey,
} from '@sigstand/pki/keys';
import { openPrivateKey } from '@sigstand/pki/open';
import { describe, validityWarnings } from '@sigstand/pki/validity';
import { refuseOwnedLacking } from '@sigstand/store/owned';
import { type Data, type Ref, secretIn, show } from '@sigstand/store/store';
import {
  firstRoots,
  holdsLog,
  lackingInLog,
  newLog,
  publicKeyOfLog,
  refuseUnfit,
} from './ctlog-secret.ts';
import { command, type Options } from './flags.ts';
import { type Fulcio, overHttp } from './fulcio.ts';
import type { Roots } from './fulcio-root.ts';
import { wantedLog } from './inputs.ts';
import {
  findReserved,
  isReserved,
  type LogRecords,
  letGo,
  type Reserved,
  refuseOther,
  reservationOf,
  reserve,
} from './reservation.ts';

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

async function keepLog(context: JobContext, options: Options, effects: Effects) {
  const { store, log, now } = context;
  const records = recordsOf(options);
  refuseSenseless(options, records);
  const { secret, published, reservation } = records;
  const place = show(secret);
  // Before a key is made: these two are written after it.
  refuseOwnedLacking(published, await store.read(published), ctlogPublicKey.keys);
  refuseOwnedLacking(secret, await store.read(secret), ctlogSecrets.keys);
  const keyBefore = async (roots?: Roots): Promise<Reserved | undefined> =>
    options.privateSecret === undefined
      ? reserve(context, records, {
          entropy: effects.entropy,
          newKey: () => newKey(options, effects.entropy),
          trusted: trustedIn(options.tufNamespace, {
            copy: copies.ctlog,
            repository: tufRepository,
            target: 'ctfe.pub',
          }),
          check: (current) => roots && firstRoots(place, current, { roots, now }),
        })
      : findReserved(store, reservation);
  const wanted = await wantedLog(context, options, {
    fulcio: effects.fulcio,
    meanwhile: async (roots) => {
      await keyBefore(roots);
    },
  });
  const reserved = await keyBefore(wanted.roots);
  let isHeld = reserved !== undefined;
  const { secret: stored, outcome } = await keepPair(store, {
    secret,
    published,
    publishes: ctlogPublicKey.keys,
    publishedFirst: reserved !== undefined,
    make: async (current) => {
      if (holdsLog(place, current)) return undefined;
      const privateKey = reserved?.privateKey ?? (await givenTo(context, options, place));
      const whose = reserved
        ? reservation
        : secretIn(options.namespace, options.privateSecret ?? '');
      at(`${show(whose)} key private`, () => refuseNewCtKey(publicKeyOf(privateKey)));
      await refuseOtherThanGiven(context, options, publicKeyOf(privateKey));
      return newLog(place, current, wanted, { privateKey, password: effects.entropy.password() });
    },
    derive: (data) => ({ public: publicPem(publicKeyOfLog(place, data, wanted.log)) }),
    complete: async (data) => {
      const kept = publicKeyOfLog(place, data, wanted.log);
      await refuseOtherThanGiven(context, options, kept);
      isHeld = await isReserved(store, reservation, kept);
      return lackingInLog(place, data, wanted);
    },
    identify: (_key, value) => fingerprint(parsePublicKey(value)),
    // Its roots and configuration change as Fulcio's CA does.
    immutable: false,
    dated: reserved ? reserved.dated : dateOf(context, options),
  });
  log(
    `${outcome === 'created' ? 'created' : 'kept'} the CT log's key and configuration in ${place}`,
  );
  if (outcome === 'completed') {
    log('it changed: a CT log that runs reads it when it starts again');
  }
  tellRoots(context, wanted.roots);
  const publicKey = publicKeyOfLog(place, stored, wanted.log);
  if (isHeld) await letGo(store, reservation, publicKey);
  if (!clientsVerifyCt(publicKey))
    log(`warning: the CT log's key ${otherCtCurve}: ${newLogAdvice}`);
  log(`its public key is in ${show(published)}, its log ID is ${fingerprint(publicKey)}`);
}

// A log keeps its key for life, so there is no other way out.
const newLogAdvice = 'start a new log (sigstand rotate ctlog --new-log), as docs/rotation.md says';

function recordsOf({ namespace, secret, pubkeysecret }: Options): LogRecords {
  return {
    secret: secretIn(namespace, secret),
    published: secretIn(namespace, pubkeysecret),
    reservation: secretIn(namespace, reservationOf(secret)),
  };
}

/** Nobody knows how old a key is that somebody gave. */
function dateOf({ now }: JobContext, { privateSecret }: Options) {
  return privateSecret === undefined ? dated(now) : undefined;
}

function tellRoots({ log, now }: JobContext, { certificates }: Roots): void {
  for (const certificate of certificates)
    log(`it accepts what is issued by ${describe(certificate)}`);
  for (const warning of validityWarnings(certificates, now)) log(`warning: ${warning}`);
}

function refuseSenseless(
  { keytype, curvetype, fulcioSecret, fulcioUrl, privateSecret }: Options,
  { secret, published, reservation }: LogRecords,
): void {
  if (keytype === 'rsa' && curvetype !== undefined) {
    throw new JobError('usage', '--curvetype is for --keytype=ecdsa');
  }
  if (fulcioSecret === 'none' && fulcioUrl === undefined) {
    throw new JobError('usage', 'with --fulcio-secret=none, --fulcio-url is needed');
  }
  refuseOneForBoth({ secret, published });
  refuseOneForBoth({ secret: reservation, published });
  if (privateSecret === reservation.name) {
    throw new JobError('usage', `--private-secret cannot be ${show(reservation)}`, {
      hint: 'keys that are made here are reserved in it; give yours another name',
    });
  }
}

function newKey({ keytype, curvetype = 'p256' }: Options, entropy: Entropy): KeyObject {
  return entropy.privateKey(keytype === 'rsa' ? 'rsa-4096' : `ecdsa-${curvetype}`);
}

/** The key of --private-secret, once it is there. */
async function givenTo(
  context: JobContext,
  { privateSecret, namespace }: Options,
  place: string,
): Promise<KeyObject> {
  if (privateSecret === undefined) {
    throw new JobError('tryAgain', `${place} went away while this Job ran`);
  }
  const ref = secretIn(namespace, privateSecret);
  const known = ctlogKey.keys;
  const made = { keys: ['private'], known, madeBy: 'the one who gave --private-secret' };
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
  if (given) refuseOther(ref, givenKey(ref, given.data), kept);
}

function givenKey(ref: Ref, { private: sealed, password }: Data): KeyObject {
  return at(`${show(ref)} key private`, () =>
    refuseUnfit(openPrivateKey(sealed ?? new Uint8Array(), password ?? new Uint8Array())),
  );
}
