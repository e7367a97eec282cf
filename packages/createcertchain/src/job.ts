import { Option } from '@commander-js/extra-typings';
import { copies, tsaCertChain, tufRepository } from '@sigstand/contracts/records';
import { jobCommand } from '@sigstand/job/command';
import { frozen, immutableFlag } from '@sigstand/job/immutable';
import { defineJob, type JobContext } from '@sigstand/job/main';
import { refuseSecondKey, trustedIn, tufNamespaceFlag } from '@sigstand/job/trusted';
import { integer, lifetime, nameText, objectName, optionally } from '@sigstand/job/values';
import { type Entropy, systemEntropy } from '@sigstand/pki/entropy';
import { describe, validityWarnings } from '@sigstand/pki/validity';
import { converge } from '@sigstand/store/converge';
import { type Data, secretIn, show } from '@sigstand/store/store';
import manifest from '../package.json' with { type: 'json' };
import { type ChainRequest, lackingInChain, newChain, storedChain } from './tsa-chain.ts';

const summary = `Create the certificate chain and key of the timestamp authority. A chain that exists is
kept, yours as well as one made here, and checked as the timestamp server will check it. The keys of
the CAs in a new chain are thrown away: they sign nothing else.`;

// The longest name, `<name> intermediate 9`, fits X.520's 64 characters.
const longestName = 48;

const command = () =>
  jobCommand('createcertchain', summary, {
    version: manifest.version,
    namespace: tsaCertChain.namespace,
  })
    .option('--secret <name>', 'Secret with chain, key and password', objectName, tsaCertChain.name)
    .option('--intermediates <number>', 'CAs between root and leaf, 0 to 10', integer(0, 10), 1)
    .addOption(
      new Option('--key-type <curve>', 'curve of the keys, where a chain is made')
        .choices(['p256', 'p384'] as const)
        .default('p256' as const),
    )
    .addOption(
      new Option('--lifetime <duration>', 'how long the CAs are valid; the leaf a tenth less')
        .argParser(lifetime)
        .default(lifetime('10y'), '10y'),
    )
    .option(
      '--cert-common-name <name>',
      "CN of the leaf, and the start of the CAs'",
      nameText(longestName),
      'Sigstand TSA',
    )
    .option(
      '--cert-organization <name>',
      'O of all; empty leaves it out',
      optionally(nameText(64)),
      'Sigstand',
    )
    .addOption(tufNamespaceFlag(tufRepository.namespace, { beside: tsaCertChain.namespace }))
    .addOption(immutableFlag());

type Options = ReturnType<ReturnType<typeof command>['opts']>;

export function createCertChain(entropy: Entropy = systemEntropy) {
  return defineJob(command(), (context, options) => keepChain(context, options, entropy));
}

async function keepChain({ store, log, now }: JobContext, options: Options, entropy: Entropy) {
  const secret = secretIn(options.namespace, options.secret);
  const request: ChainRequest = {
    organization: options.certOrganization,
    commonName: options.certCommonName,
    keyType: `ecdsa-${options.keyType}`,
    intermediates: options.intermediates,
    lifetime: options.lifetime,
    now,
    entropy,
  };
  const trusted = trustedIn(options.tufNamespace, {
    copy: copies.tsa,
    repository: tufRepository,
    target: 'tsa_leaf.crt.pem',
  });
  let created = false;
  const stored = await converge(store, secret, async (current) => {
    const made = await newChain(show(secret), current?.data, request);
    created = made !== undefined;
    if (created) await refuseSecondKey(store, { secret, seen: current }, trusted);
    const check = (data: Data) => void storedChain(show(secret), data, now);
    const lacking = made ? undefined : lackingInChain(current?.data ?? {});
    if (lacking) check(current?.data ?? {});
    return frozen(current, made ?? lacking, { immutable: options.immutable, check });
  });
  const certificates = storedChain(show(secret), stored.data, now);
  log(`${created ? 'created' : 'kept'} the timestamp authority's chain in ${show(secret)}`);
  for (const certificate of certificates) log(describe(certificate));
  for (const warning of validityWarnings(certificates, now)) log(`warning: ${warning}`);
}
