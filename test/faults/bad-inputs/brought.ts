import { fulcioSecrets, tsaCertChain } from '@sigstand/contracts/records';
import { createCertChain } from '@sigstand/createcertchain/job';
import { createCerts } from '@sigstand/createcerts/job';
import type { Certified } from '@sigstand/pki/certificate';
import { utf8 } from '@sigstand/pki/pem';
import { now, password, sealed, text } from './material.ts';

/* CAs and chains that the user brings with their keys, and their places. */

export const caPlace = 'Secret fulcio-system/fulcio-secrets key cert';
/** A CA that the user brings: what createcerts finds before it has published anything. */
export const broughtCa = ({ privateKey }: Certified, cert: Uint8Array) => ({
  job: createCerts,
  now,
  records: [
    [fulcioSecrets, { cert, private: sealed(privateKey), password: utf8(password) }],
  ] as const,
});

/** A chain that the user brings, with the key of its leaf. */
export const broughtTsa = (chain: readonly Certified[], bytes: Uint8Array = text(...chain)) => ({
  job: createCertChain,
  now,
  records: [
    [
      tsaCertChain,
      {
        'cert-chain': bytes,
        'signing-secret': sealed(chain[0]!.privateKey),
        'signing-secret-password': utf8(password),
      },
    ],
  ] as const,
});
export const tsaName = 'createcertchain, Secret tsa-system/tsa-cert-chain key cert-chain';
export const tsaPlace = 'Secret tsa-system/tsa-cert-chain key cert-chain';

/** The object alone, where an error is about all of its keys. */
export const objectOf = (place: string) => place.split(' key ')[0] ?? '';
