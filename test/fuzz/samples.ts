import { createPrivateKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import {
  type CertificateRequest,
  type Certified,
  issueCertificate,
} from '@sigstand/pki/certificate';
import { systemEntropy } from '@sigstand/pki/entropy';
import { codeSigning, timeStamping } from '@sigstand/pki/extensions';
import { publicKeyOf, publicPem } from '@sigstand/pki/keys';
import { pem, utf8 } from '@sigstand/pki/pem';
import { sealRfc1423 } from '@sigstand/pki/seal';
import { openssl } from '@sigstand/pki/testing';
import { validFrom } from '@sigstand/pki/validity';

/* Valid inputs, made once per run: what is tried is never far from what would be taken. */

export const password = 'correct-horse-battery-staple';

const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
const ed25519 = generateKeyPairSync('ed25519').privateKey;

const pkcs8 = (key: KeyObject) => new Uint8Array(key.export({ type: 'pkcs8', format: 'der' }));

/** Under a password, in few rounds: what costs time here is meant to be what the input makes it. */
export function sealed(key: KeyObject, ...how: string[]): Uint8Array {
  const plain = Buffer.from(pem('PRIVATE KEY', pkcs8(key)));
  const args = ['pkcs8', '-topk8', '-iter', '1000', '-passout', `pass:${password}`, ...how];
  return new Uint8Array(openssl(args, plain));
}

export const publicKeys = [ec, rsa, ed25519].map((key) => publicPem(publicKeyOf(key)));
export const plainKeys = [ec, rsa, ed25519].map((key) => pem('PRIVATE KEY', pkcs8(key)));
export const sealedKeys = [
  sealed(ec),
  sealed(ed25519, '-v2prf', 'hmacWithSHA1'),
  sealRfc1423(ec, password),
  sealRfc1423(rsa, password),
  ...plainKeys,
];

function issue(name: string, request: Partial<CertificateRequest> = {}): Promise<Certified> {
  return issueCertificate({
    subject: [
      ['C', 'DE'],
      ['O', 'Fuzz'],
      ['CN', name],
    ],
    privateKey: systemEntropy.privateKey('ecdsa-p256'),
    serialNumber: systemEntropy.serialNumber(),
    ...validFrom(new Date(), 3_650 * 86_400_000),
    ca: {},
    ...request,
  });
}

/** A CA with its intermediate; a chain for timestamps; the keys of both. */
export async function chains() {
  const root = await issue('root', { privateKey: ec });
  const issuing = await issue('issuing', {
    issuer: root,
    extendedKeyUsage: { purposes: [codeSigning], critical: false },
  });
  const stamping = await issue('stamping', {
    issuer: root,
    ca: { pathLength: 0 },
    extendedKeyUsage: { purposes: [timeStamping], critical: false },
  });
  const leaf = await issue('leaf', {
    ca: false,
    issuer: stamping,
    extendedKeyUsage: { purposes: [timeStamping], critical: true },
  });
  const text = (...all: Certified[]) =>
    new Uint8Array(Buffer.concat(all.map(({ certificate }) => certificate)));
  return {
    root: text(root),
    issuing: text(issuing, root),
    stamping: text(leaf, stamping, root),
    rootKey: ec,
    leafKey: createPrivateKey(leaf.privateKey.export({ type: 'pkcs8', format: 'pem' })),
  };
}

export const passwordBytes = utf8(password);
