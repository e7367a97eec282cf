import type { X509Certificate } from 'node:crypto';
import { tsaCertChain } from '@sigstand/contracts/records';
import { at } from '@sigstand/job/errors';
import { allOrNone } from '@sigstand/job/whole';
import {
  type Certified,
  type DistinguishedName,
  issueCertificate,
} from '@sigstand/pki/certificate';
import { chainInOrder, parseCertificates, refuseNoTimeStamping } from '@sigstand/pki/chain';
import type { Entropy, KeyType } from '@sigstand/pki/entropy';
import { PkiError } from '@sigstand/pki/error';
import { extendedKeyUsage, timeStamping } from '@sigstand/pki/extensions';
import { publicKeyOf, refuseMismatch, refuseWeak } from '@sigstand/pki/keys';
import { openPrivateKey } from '@sigstand/pki/open';
import { utf8 } from '@sigstand/pki/pem';
import { keysNeeded, lackingPassword } from '@sigstand/pki/plain-key';
import { sealPkcs8 } from '@sigstand/pki/seal';
import { refuseInvalid, type Validity, validFrom } from '@sigstand/pki/validity';
import type { Change, Data } from '@sigstand/store/store';

export interface ChainRequest {
  readonly organization: string;
  /** Of the leaf; the CAs' names follow from it. */
  readonly commonName: string;
  readonly keyType: KeyType;
  readonly intermediates: number;
  /** Milliseconds. */
  readonly lifetime: number;
  readonly now: Date;
  readonly entropy: Entropy;
}

/** A new chain and the key of its leaf, where there are none yet. The CAs' keys are not kept. */
export async function newChain(
  place: string,
  current: Data | undefined,
  request: ChainRequest,
): Promise<Change | undefined> {
  const needed = keysNeeded(tsaCertChain.keys, current, sealedKey);
  if (allOrNone(place, current, needed, tsaCertChain.keys) === 'all') return undefined;
  const rootFirst = await issueChain(request);
  const password = request.entropy.password();
  const leafFirst = rootFirst.toReversed().map(({ certificate }) => certificate);
  const leafKey = rootFirst.at(-1)?.privateKey;
  if (leafKey === undefined) throw new TypeError('a chain has a leaf');
  return {
    data: {
      'cert-chain': new Uint8Array(Buffer.concat(leafFirst)),
      'signing-secret': sealPkcs8(leafKey, password),
      'signing-secret-password': utf8(password),
    },
  };
}

const sealedKey = { key: 'signing-secret', password: 'signing-secret-password' } as const;

/** What stands in for the password of a key that is not sealed, in a record which is otherwise whole. */
export function lackingInChain(stored: Data): Change | undefined {
  const data = lackingPassword(stored, sealedKey);
  return Object.keys(data).length > 0 ? { data } : undefined;
}

async function issueChain(request: ChainRequest): Promise<Certified[]> {
  const { intermediates, commonName, now, lifetime } = request;
  const validity = validFrom(now, lifetime);
  const root = await issue(request, `${commonName} root`, {
    validity,
    ca: { pathLength: intermediates },
  });
  const chain = [root];
  let issuer = root;
  for (let index = 0; index < intermediates; index += 1) {
    // Numbered from the root on, as the TUF targets tsa_intermediate_N are.
    const number = intermediates > 1 ? ` ${index}` : '';
    issuer = await issue(request, `${commonName} intermediate${number}`, {
      validity,
      ca: { pathLength: intermediates - 1 - index },
      usageIsCritical: false,
      issuer,
    });
    chain.push(issuer);
  }
  const leaf = await issue(request, commonName, {
    // A tenth less than its issuers: a timestamp of its last day still has a chain to verify by.
    validity: validFrom(now, lifetime * 0.9),
    ca: false,
    usageIsCritical: true,
    issuer,
  });
  return [...chain, leaf];
}

function issue(
  { organization, keyType, entropy }: ChainRequest,
  commonName: string,
  role: {
    validity: Validity;
    ca: false | { pathLength: number };
    /** Of the timeStamping usage; a certificate without it is undefined here. */
    usageIsCritical?: boolean;
    issuer?: Certified;
  },
): Promise<Certified> {
  const { validity, ca, usageIsCritical: critical, issuer } = role;
  const subject: DistinguishedName = [
    ...(organization ? [['O', organization] as const] : []),
    ['CN', commonName],
  ];
  return issueCertificate({
    subject,
    privateKey: entropy.privateKey(keyType),
    serialNumber: entropy.serialNumber(),
    ...validity,
    ca,
    ...(critical !== undefined && {
      extendedKeyUsage: { purposes: [timeStamping], critical },
    }),
    ...(issuer && { issuer }),
  });
}

/**
 * The certificates of the chain that is stored, leaf first, checked as the timestamp server will.
 *
 * @throws {JobError}
 */
export function storedChain(place: string, stored: Data, now: Date): readonly X509Certificate[] {
  const read = (name: string) => stored[name] ?? new Uint8Array();
  const key = at(`${place} key signing-secret`, () => {
    const opened = openPrivateKey(read('signing-secret'), read('signing-secret-password'));
    refuseWeak(publicKeyOf(opened));
    return opened;
  });
  return at(`${place} key cert-chain`, () => {
    const certificates = parseCertificates(read('cert-chain'));
    const chain = chainInOrder(certificates);
    const { leaf } = chain;
    if (leaf === undefined) throw new PkiError('has no leaf: all its certificates are CAs');
    refuseMismatch(leaf, key);
    refuseNoTimeStamping({ ...chain, leaf });
    refuseOpenIntermediate(chain.intermediates);
    refuseInvalid(certificates, now);
    return certificates;
  });
}

/** The timestamp server wants the usage in each of them, and does not take `any` for it. */
function refuseOpenIntermediate(intermediates: readonly X509Certificate[]): void {
  const other = intermediates.some(
    (certificate) => !extendedKeyUsage(certificate)?.purposes.includes(timeStamping),
  );
  if (other) throw new PkiError('has an intermediate without the extended key usage timeStamping');
}
