import { Option } from '@commander-js/extra-typings';
import { copies, fulcioPublicKey, fulcioSecrets, tufRepository } from '@sigstand/contracts/records';
import { jobCommand } from '@sigstand/job/command';
import { JobError } from '@sigstand/job/errors';
import { immutableFlag } from '@sigstand/job/immutable';
import { defineJob, type JobContext } from '@sigstand/job/main';
import { keepPair } from '@sigstand/job/pair';
import { trustedIn, tufNamespaceFlag } from '@sigstand/job/trusted';
import { countryCode, lifetime, nameText, objectName, optionally } from '@sigstand/job/values';
import { attribute, type DistinguishedName } from '@sigstand/pki/certificate';
import { parseCertificates } from '@sigstand/pki/chain';
import { type Entropy, systemEntropy } from '@sigstand/pki/entropy';
import { fingerprint, parsePublicKey } from '@sigstand/pki/keys';
import { describe, validFrom, validityWarnings } from '@sigstand/pki/validity';
import { secretIn, show } from '@sigstand/store/store';
import manifest from '../package.json' with { type: 'json' };
import { lackingInAuthority, newAuthority, publicPart } from './authority.ts';

const summary = `Create the root certificate that Fulcio signs with, and publish its public half. A root
that exists is kept, yours as well as one made here, and checked: key, password and certificate must
belong together.`;

const text = (most: number) => optionally(nameText(most));

// Lengths as X.520's upper bounds (RFC 5280, appendix A.1).
const command = () =>
  jobCommand('createcerts', summary, {
    version: manifest.version,
    namespace: fulcioSecrets.namespace,
  })
    .option('--secret <name>', 'Secret with the sealed key', objectName, fulcioSecrets.name)
    .option(
      '--pubkeysecret <name>',
      'Secret with its certificate and public key',
      objectName,
      fulcioPublicKey.name,
    )
    .addOption(
      new Option('--curve-type <curve>', 'curve of the key, where one is made')
        .choices(['p256', 'p384'] as const)
        .default('p256' as const),
    )
    .addOption(
      new Option('--lifetime <duration>', 'how long the certificate is valid')
        .argParser(lifetime)
        .default(lifetime('10y'), '10y'),
    )
    .option('--cert-common-name <name>', 'CN of its subject', text(64), 'Sigstand Fulcio root')
    .option('--cert-organization <name>', 'O; empty leaves it out', text(64), 'Sigstand')
    .option('--cert-country <code>', 'C, two letters (three are taken)', optionally(countryCode))
    .option('--cert-province <name>', 'ST', text(128))
    .option('--cert-locality <name>', 'L', text(128))
    .option('--cert-address <street>', 'street', text(128))
    .option('--cert-postal <code>', 'postal code', text(40))
    .addOption(tufNamespaceFlag(tufRepository.namespace, { beside: fulcioSecrets.namespace }))
    .addOption(immutableFlag());

type Options = ReturnType<ReturnType<typeof command>['opts']>;

export function createCerts(entropy: Entropy = systemEntropy) {
  return defineJob(command(), (context, options) => keepAuthority(context, options, entropy));
}

async function keepAuthority({ store, log, now }: JobContext, options: Options, entropy: Entropy) {
  // X.520 wants two; upstream's default is USA, and no client minds.
  if (options.certCountry?.length === 3) log('warning: --cert-country has three letters, not two');
  const secret = secretIn(options.namespace, options.secret);
  const published = secretIn(options.namespace, options.pubkeysecret);
  const request = {
    subject: subjectOf(options),
    keyType: `ecdsa-${options.curveType}` as const,
    validity: validFrom(now, options.lifetime),
    entropy,
  };
  const kept = await keepPair(store, {
    secret,
    published,
    publishes: fulcioPublicKey.keys,
    make: (current) => newAuthority(show(secret), current, request),
    derive: (stored, { isPublished }) => publicPart(show(secret), stored, { isPublished, now }),
    complete: lackingInAuthority,
    identify,
    trusted: trustedIn(options.tufNamespace, {
      copy: copies.fulcio,
      repository: tufRepository,
      target: 'fulcio_v1.crt.pem',
    }),
    immutable: options.immutable,
  });
  const certificates = parseCertificates(kept.secret.cert ?? new Uint8Array());
  log(`${kept.outcome === 'created' ? 'created' : 'kept'} Fulcio's CA in ${show(secret)}`);
  for (const certificate of certificates) log(describe(certificate));
  for (const warning of validityWarnings(certificates, now)) log(`warning: ${warning}`);
  log(`its public half is in ${show(published)}`);
}

/** In the order of Go's pkix.Name, which upstream's certificates have. */
function subjectOf(options: Options): DistinguishedName {
  const attributes: [string, string | undefined][] = [
    ['C', options.certCountry],
    ['ST', options.certProvince],
    ['L', options.certLocality],
    [attribute.street, options.certAddress],
    [attribute.postalCode, options.certPostal],
    ['O', options.certOrganization],
    ['CN', options.certCommonName],
  ];
  const subject = attributes.flatMap(([type, value]) => (value ? [[type, value] as const] : []));
  // RFC 5280 §4.1.2.4: an issuer has a name.
  if (subject.length > 0) return subject;
  throw new JobError('usage', 'the certificate would have no name', {
    hint: 'give --cert-common-name or --cert-organization',
  });
}

/** Keys and certificates have names that may be told: their fingerprints. */
function identify(key: string, value: Uint8Array): string {
  return key === 'cert'
    ? parseCertificates(value)
        .map((certificate) => certificate.fingerprint256)
        .join(', ')
    : fingerprint(parsePublicKey(value));
}
