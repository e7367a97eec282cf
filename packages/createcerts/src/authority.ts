import type { X509Certificate } from 'node:crypto';
import { fulcioSecrets } from '@sigstand/contracts/records';
import { at, JobError } from '@sigstand/job/errors';
import { allOrNone } from '@sigstand/job/whole';
import { type DistinguishedName, issueCertificate } from '@sigstand/pki/certificate';
import {
  type Chain,
  chainInOrder,
  chainPem,
  parseCertificates,
  refuseNoCodeSigning,
} from '@sigstand/pki/chain';
import type { Entropy, KeyType } from '@sigstand/pki/entropy';
import { PkiError } from '@sigstand/pki/error';
import { codeSigning, extendedKeyUsage } from '@sigstand/pki/extensions';
import {
  fingerprint,
  parsePublicKey,
  publicKeyOf,
  publicPem,
  refuseMismatch,
  refuseWeak,
} from '@sigstand/pki/keys';
import { openPrivateKey } from '@sigstand/pki/open';
import { utf8 } from '@sigstand/pki/pem';
import { keysNeeded, lackingPassword } from '@sigstand/pki/plain-key';
import { sealPkcs8 } from '@sigstand/pki/seal';
import { refuseInvalid, type Validity } from '@sigstand/pki/validity';
import type { Change, Data } from '@sigstand/store/store';

export interface AuthorityRequest {
  readonly subject: DistinguishedName;
  readonly keyType: KeyType;
  readonly validity: Validity;
  readonly entropy: Entropy;
}

// Fulcio makes no CA below its own, but a root may be kept apart by an intermediate later.
const pathLength = 1;

/** A new CA, where there is none yet: its key, password and certificate in one record. */
export async function newAuthority(
  place: string,
  current: Data | undefined,
  { subject, keyType, validity, entropy }: AuthorityRequest,
): Promise<Change | undefined> {
  if (allOrNone(place, current, neededOf(current), fulcioSecrets.keys) === 'all') return undefined;
  const password = entropy.password();
  const privateKey = entropy.privateKey(keyType);
  const { certificate } = await issueCertificate({
    subject,
    privateKey,
    serialNumber: entropy.serialNumber(),
    ...validity,
    ca: { pathLength },
  });
  return {
    data: {
      cert: certificate,
      private: sealPkcs8(privateKey, password),
      password: utf8(password),
      public: publicPem(publicKeyOf(privateKey)),
    },
  };
}

const sealedKey = { key: 'private', password: 'password' } as const;

/** The public key may be missing: it follows from the certificate. So may the password of a key that is not sealed. */
function neededOf(current: Data | undefined): readonly string[] {
  const keys = current?.public?.length ? fulcioSecrets.keys : ['cert', 'private', 'password'];
  return keysNeeded(keys, current, sealedKey);
}

/**
 * The certificates and the public key of the CA that is stored, checked as Fulcio would; one that is not
 * published yet must be valid now, one that is may have come to its end.
 */
export function publicPart(
  place: string,
  stored: Data,
  { isPublished, now }: { isPublished: boolean; now: Date },
): Data {
  const { cert, private: sealed, password, public: published } = stored;
  const key = at(`${place} key private`, () => {
    const opened = openPrivateKey(bytes(sealed), bytes(password));
    refuseWeak(publicKeyOf(opened));
    return opened;
  });
  const chain = at(`${place} key cert`, () => {
    const certificates = parseCertificates(bytes(cert));
    const [first] = certificates;
    if (first) refuseMismatch(first, key);
    if (!isPublished) refuseInvalid(certificates, now);
    return authorities(certificates);
  });
  if (published?.length) refuseOther(`${place} key public`, published, publicKeyOf(key));
  return { cert: chainPem(chain), public: publicPem(publicKeyOf(key)) };
}

/**
 * What was left out of a record which is otherwise whole: what stands in for a password, and the public key. No service
 * reads that one, so a record that another program manages stays without.
 */
export function lackingInAuthority(
  stored: Data,
  { public: derived }: Data,
  owner: string | undefined,
): Change | undefined {
  const data = {
    ...(!owner && !stored.public?.length && derived && { public: derived }),
    ...lackingPassword(stored, sealedKey),
  };
  return Object.keys(data).length > 0 ? { data } : undefined;
}

/** What Fulcio's file CA demands of its chain. */
function authorities(certificates: readonly X509Certificate[]): Chain {
  const chain = chainInOrder(certificates);
  if (chain.leaf) throw new PkiError('begins with a certificate that is not a CA');
  refuseNoCodeSigning(chain);
  const [issuing] = chain.intermediates;
  if (issuing && !extendedKeyUsage(issuing)?.purposes.includes(codeSigning)) {
    throw new PkiError('has an intermediate CA without the extended key usage codeSigning');
  }
  return chain;
}

function refuseOther(place: string, bytes: Uint8Array, key: ReturnType<typeof publicKeyOf>): void {
  const [found, wanted] = [at(place, () => parsePublicKey(bytes)), key].map(fingerprint);
  if (found === wanted) return;
  throw new JobError('contradiction', `${place} is ${found}, but the private key is ${wanted}`, {
    hint: 'nothing was changed; restore the Secret, or take out its key public: it follows from the private one',
  });
}

function bytes(value: Uint8Array | undefined): Uint8Array {
  return value ?? new Uint8Array();
}
