import { chainInOrder, orderChain, parseCertificates } from '@sigstand/pki/chain';
import { elements, integer } from '@sigstand/pki/der';
import { extendedKeyUsage, maySignCertificates, pathLength } from '@sigstand/pki/extensions';
import { fingerprint, parsePublicKey, publicKeyOf, refuseWeak } from '@sigstand/pki/keys';
import { openPrivateKey } from '@sigstand/pki/open';
import { pem, pemBlocks } from '@sigstand/pki/pem';
import { refuseInvalid, validityWarnings, describe as words } from '@sigstand/pki/validity';
import fc from 'fast-check';
import { describe } from 'vitest';
import { oddPublicKeys } from '../faults/bad-inputs/material.ts';
import { survives, tellExecutions } from './executions.ts';
import { der, pemTexts } from './mutations.ts';
import { chains, password, passwordBytes, plainKeys, publicKeys, sealedKeys } from './samples.ts';
import { Secrets } from './secrets.ts';

tellExecutions();
const { root, issuing, stamping } = await chains();
const certificates = [root, issuing, stamping];
const secrets = new Secrets(...sealedKeys, password);

describe('whatever bytes there are,', () => {
  const texts = [...certificates, ...publicKeys, ...sealedKeys];
  survives('PEM is read or refused', { share: 40, secrets }, pemTexts(texts), pemBlocks);

  const files = texts.flatMap((text) => pemBlocks(text).map((block) => block.der));
  survives('DER is read or refused', { share: 60 }, der(files), (bytes) =>
    elements(bytes).map(({ content }) => content.length > 0 && integer(content)),
  );

  const odd = Object.values(oddPublicKeys).map((make) => pem('PUBLIC KEY', make()));
  const shown = [...publicKeys, ...odd, ...plainKeys.slice(0, 1), root];
  survives('a public key is read or refused', { share: 12, secrets }, pemTexts(shown), (bytes) =>
    fingerprint(parsePublicKey(bytes)),
  );

  survives('certificates are read or refused', { share: 12 }, pemTexts(certificates), (bytes) => {
    const now = new Date();
    for (const one of parseCertificates(bytes)) {
      words(one);
      validityWarnings([one], now);
      extendedKeyUsage(one);
      pathLength(one);
      maySignCertificates(one);
      refuseWeak(one.publicKey);
    }
  });

  survives('a chain is put in order or refused', { share: 6 }, pemTexts(certificates), (bytes) => {
    const all = parseCertificates(bytes);
    refuseInvalid(all, new Date());
    orderChain(all);
    chainInOrder(all);
  });

  survives(
    'a private key is opened or refused',
    { share: 10, secrets },
    fc.tuple(pemTexts(sealedKeys), fc.oneof(fc.constant(passwordBytes), fc.uint8Array())),
    ([bytes, word]) => fingerprint(publicKeyOf(openPrivateKey(bytes, word))),
  );
});
