import {
  fulcioPublicKey,
  fulcioSecrets,
  rekorPublicKey,
  rekorSigningSecret,
  tsaCertChain,
} from '@sigstand/contracts/records';
import { createCertChain } from '@sigstand/createcertchain/job';
import { createCerts } from '@sigstand/createcerts/job';
import { createSecret } from '@sigstand/createsecret/job';
import type { Job } from '@sigstand/job/main';
import { runJob } from '@sigstand/job/testing';
import { publicKeyOf, publicPem } from '@sigstand/pki/keys';
import { memoryStore } from '@sigstand/store/memory';
import type { Data, Ref } from '@sigstand/store/store';
import fc from 'fast-check';
import { describe } from 'vitest';
import { ended, survives, tellExecutions } from './executions.ts';
import { octets, pemTexts } from './mutations.ts';
import {
  chains,
  password,
  passwordBytes,
  plainKeys,
  publicKeys,
  sealed,
  sealedKeys,
} from './samples.ts';
import { Secrets } from './secrets.ts';

tellExecutions();
const { root, issuing, stamping, rootKey, leafKey } = await chains();
const caKey = sealed(rootKey);
const tsaKey = sealed(leafKey);
const secrets = new Secrets(caKey, tsaKey, ...plainKeys, password);

const maybe = <T>(value: T, other: fc.Arbitrary<T>) => fc.oneof(fc.constant(value), other);
const words = maybe(passwordBytes, octets([passwordBytes]));
const keys = (own: Uint8Array) => maybe(own, pemTexts([own, ...sealedKeys]));
const certificates = (own: Uint8Array) => maybe(own, pemTexts([own, root, issuing, stamping]));

/** Runs the Job on what is stored; a run that fails has written nothing. */
function onStored(job: () => Job, refs: readonly Ref[]) {
  return async (records: readonly (Data | undefined)[]) => {
    const store = memoryStore();
    for (const [index, ref] of refs.entries()) {
      if (records[index]) await store.write(ref, { data: records[index] });
    }
    const before = await Promise.all(refs.map((ref) => store.read(ref)));
    const { status, stderr } = await runJob(job(), store);
    const after = await Promise.all(refs.map((ref) => store.read(ref)));
    const same = after.every((one, index) => one?.version === before[index]?.version);
    if (status !== 0 && !same) throw new Error(`status ${status}, and it was changed`);
    return ended({ status, stderr });
  };
}

describe('whatever key is stored, the Job keeps it or changes nothing:', () => {
  const ca = fc.record(
    {
      cert: certificates(root),
      private: keys(caKey),
      password: words,
      public: maybe(publicPem(publicKeyOf(rootKey)), pemTexts(publicKeys)),
    },
    { requiredKeys: ['cert', 'private', 'password'] },
  );
  const shown = fc.option(fc.record({ cert: certificates(root) }), { nil: undefined });
  survives(
    'createcerts',
    { share: 1, secrets },
    fc.tuple(ca, shown),
    onStored(createCerts, [fulcioSecrets, fulcioPublicKey]),
  );

  const tsa = fc.record({
    'cert-chain': certificates(stamping),
    'signing-secret': keys(tsaKey),
    'signing-secret-password': words,
  });
  survives(
    'createcertchain',
    { share: 1, secrets },
    fc.tuple(tsa),
    onStored(createCertChain, [tsaCertChain]),
  );

  const rekor = fc.record({ 'signing-secret': keys(caKey), 'signing-secret-password': words });
  const published = fc.option(fc.record({ public: pemTexts(publicKeys) }), { nil: undefined });
  survives(
    'createsecret',
    { share: 1, secrets },
    fc.tuple(rekor, published),
    onStored(createSecret, [rekorSigningSecret, rekorPublicKey]),
  );
});
