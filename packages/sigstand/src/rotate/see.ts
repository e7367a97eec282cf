import { createPublicKey } from 'node:crypto';
import { nextKey } from '@sigstand/contracts/next';
import { readConfig } from '@sigstand/createctconfig/ct-config';
import { openRepository, publishedTargets } from '@sigstand/createtuf/repository';
import { at, JobError } from '@sigstand/job/errors';
import { parseCertificates } from '@sigstand/pki/chain';
import { fingerprint, parsePublicKey } from '@sigstand/pki/keys';
import { type Data, type Ref, type Snapshot, show } from '@sigstand/store/store';
import { acceptedIn, readSth, signerOf } from '../status/judge-ctlog.ts';
import { chainsIn } from '../status/judge-fulcio.ts';
import { certificateName, certificatesIn } from '../status/trust.ts';
import type { Ground } from './ground.ts';
import type { Kind } from './kinds.ts';
import { answer, type TreePlaces } from './log-see.ts';
import { seeMoving } from './moving-see.ts';
import type { Observed } from './next.ts';
import { has, keyIn, type Made, picked, type Record, readRecord, trustedIn } from './record.ts';
import { isServed } from './serve.ts';

/** Where everything of one key is, in one stack. */
export interface Places {
  readonly kind: Kind;
  readonly record: Ref;
  readonly copy: Ref;
  readonly repository: Ref;
  /** The CT log's record with the roots that it accepts. */
  readonly ctlog: Ref;
  /** Where its tree is recorded, of a CT log that moves with its key. */
  readonly trees?: TreePlaces | undefined;
  /** The URL of a service's Service, without a slash at its end. */
  readonly url: (server: string) => string;
}

/** What was seen, and by what. */
export interface Sight {
  readonly observed: Observed;
  readonly record: Record | undefined;
}

/**
 * A stack as it is, as far as one key is concerned. `made` is where its records are, until a rotation is under way.
 *
 * @throws {JobError} Where something is not there, or cannot be read.
 */
export async function see(ground: Ground, places: Places, made: Made): Promise<Sight> {
  const { store } = ground;
  const { kind, record: ref } = places;
  const kept = await store.read(ref);
  const record =
    kept && Object.keys(kept.data).length > 0 ? readRecord(kind, ref, kept) : undefined;
  const { secret, published = secret } = record ?? made;
  const [priv, pub, copy] = await Promise.all([
    theOne(secret),
    theOne(published),
    theOne(places.copy),
  ]);
  const document = await trustDocument(ground, places);
  const present = keyIn(kind, show(published), pub.data);
  const next = copy.data[nextKey(kind.tells)];
  const keys = [record?.public, pub.data].flatMap((data) => (data ? [data] : []));
  const observed: Observed = {
    begun: record,
    present,
    isOne: published === secret,
    switched: record !== undefined && has(priv.data, picked(record.private, kind.proof)),
    copy: {
      present: keyIn(kind, show(places.copy), copy.data),
      ...(next && {
        next: keyIn(kind, `the next key in ${show(places.copy)}`, { [kind.tells]: next }),
      }),
    },
    trusted: trustedIn(kind, document, ground.now()),
    served: await isServed(ground, places.repository),
    live: await liveKey(ground, places, keys),
    accepted: await isAccepted(ground, places, record),
    moving: await seeMoving(ground, places, record),
  };
  return { observed, record };

  async function theOne(one: Ref): Promise<Snapshot> {
    const found = await store.read(one);
    if (found) return found;
    throw new JobError('contradiction', `there is no ${show(one)}`, {
      hint: 'nothing was changed; restore it from your backup (docs/backup.md); a key that is lost is replaced by kubectl (docs/rotation.md)',
    });
  }
}

async function trustDocument({ store }: Ground, { repository }: Places): Promise<Uint8Array> {
  const { data = {} } = (await store.read(repository)) ?? {};
  const targets = at(show(repository), () => publishedTargets(openRepository(data)));
  return targets.find(({ name }) => name === 'trusted_root.json')?.bytes ?? new Uint8Array();
}

/** The key that the service signs with, of those that may be. @throws {JobError} */
export async function liveKey(
  ground: Ground,
  places: Places,
  known: readonly Data[],
): Promise<string> {
  const { kind } = places;
  const ask = (path: string) => answer(ground, `${places.url(kind.server)}${path}`);
  switch (kind.name) {
    case 'rekor':
      return fingerprint(createPublicKey(await ask('/api/v1/log/publicKey')));
    case 'fulcio':
      return signing(chainsIn(await ask('/api/v2/trustBundle'))[0]);
    case 'tsa':
      return signing(certificatesIn((await ask('/api/v1/timestamp/certchain')).toString()));
    case 'ctlog': {
      const head = readSth(await ask(`${await ctPath(ground, places)}/ct/v1/get-sth`));
      const keys = known.map((data) => ({
        publicKey: parsePublicKey(data.public ?? new Uint8Array()),
      }));
      const signer = signerOf(head, keys);
      return signer ? fingerprint(signer.publicKey) : '';
    }
  }
}

function signing(chain: ReturnType<typeof certificatesIn> | undefined): string {
  return chain?.[0] ? fingerprint(chain[0].publicKey) : '';
}

/** Whether the CT log takes what the new CA certifies. */
async function isAccepted(
  ground: Ground,
  places: Places,
  record: Record | undefined,
): Promise<boolean> {
  if (places.kind.name !== 'fulcio') return true;
  if (record === undefined) return false;
  const path = await ctPath(ground, places);
  const accepted = acceptedIn(
    await answer(ground, `${places.url('ctlog')}${path}/ct/v1/get-roots`),
  );
  const root = parseCertificates(record.public.cert ?? new Uint8Array()).at(-1);
  return root !== undefined && accepted.includes(certificateName(root));
}

/** The path under which the CT log is served. */
async function ctPath({ store }: Ground, { ctlog }: Places): Promise<string> {
  const { config = new Uint8Array() } = (await store.read(ctlog))?.data ?? {};
  return `/${at(`${show(ctlog)} key config`, () => readConfig(config)).prefix}`;
}
