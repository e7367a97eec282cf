import { Option } from '@commander-js/extra-typings';
import { copies, tufKeys, tufRepository, tufRoot } from '@sigstand/contracts/records';
import { clusterIssuer, ctlogPrefix, services } from '@sigstand/contracts/services';
import { jobCommand } from '@sigstand/job/command';
import { lifetime, nameText, objectName, serviceUrl } from '@sigstand/job/values';
import { type Ref, secretIn } from '@sigstand/store/store';
import manifest from '../package.json' with { type: 'json' };
import type { Addresses } from './addresses.ts';
import type { InputRefs } from './inputs.ts';
import type { Lifetimes } from './reconcile.ts';

const summary = `Build the TUF repository from which every client takes its trust, sign it, check it with a real
client, and publish it. Run again, it signs what nears its expiry and takes in keys that changed,
keeping the old ones with an end date; with nothing to do it writes nothing.`;

const days = 86_400_000;

export const command = () =>
  jobCommand('createtuf', summary, {
    version: manifest.version,
    namespace: tufRepository.namespace,
  })
    .option('--fulcio-secret <name>', "Secret with Fulcio's chain", objectName, copies.fulcio.name)
    .option('--ctlog-secret <name>', "Secret with the CT log's key", objectName, copies.ctlog.name)
    .option('--rekor-secret <name>', "Secret with Rekor's key", objectName, copies.rekor.name)
    .option('--tsa-secret <name>', "Secret with the TSA's chain", objectName, copies.tsa.name)
    .option('--keyssecret <name>', 'Secret with the role keys', objectName, tufKeys.name)
    .option('--configmap <name>', 'ConfigMap for the files', objectName, tufRepository.name)
    .option('--rootsecret <name>', 'Secret for 1.root.json and the tar', objectName, tufRoot.name)
    .option('--fulcio-url <url>', 'where clients reach Fulcio', serviceUrl, services.fulcio)
    .option('--rekor-url <url>', 'where clients reach Rekor', serviceUrl, services.rekor)
    .option(
      '--ctlog-url <url>',
      "the CT log's URL with its prefix",
      serviceUrl,
      `${services.ctlog}/${ctlogPrefix}`,
    )
    .option('--tsa-url <url>', 'where clients reach the TSA', serviceUrl, services.tsa)
    .option('--oidc-issuer <url>', 'whose tokens Fulcio takes', serviceUrl, clusterIssuer)
    .option('--operator <name>', 'who runs the services', nameText(64), 'sigstand')
    .addOption(expiry('root', 3650 * days, '10y'))
    .addOption(expiry('targets', 365 * days, '1y'))
    .addOption(expiry('snapshot', 90 * days, '90d'))
    .addOption(expiry('timestamp', 7 * days, '7d'));

function expiry<const R extends keyof Lifetimes>(role: R, length: number, text: string) {
  return new Option(`--${role}-expiry <duration>`, `how long a signed ${role} is valid`)
    .argParser(lifetime)
    .default(length, text);
}

export type Options = ReturnType<ReturnType<typeof command>['opts']>;

/** The objects that a run reads and writes. */
export interface Objects {
  readonly inputs: InputRefs;
  readonly keys: Ref;
  readonly repository: Ref;
  readonly root: Ref;
}

export function objectsOf(options: Options): Objects {
  const { namespace } = options;
  const secret = (name: string) => secretIn(namespace, name);
  return {
    inputs: {
      fulcio: secret(options.fulcioSecret),
      ctlog: secret(options.ctlogSecret),
      rekor: secret(options.rekorSecret),
      tsa: secret(options.tsaSecret),
    },
    keys: secret(options.keyssecret),
    repository: { kind: 'ConfigMap', namespace, name: options.configmap },
    root: secret(options.rootsecret),
  };
}

export function addressesOf(options: Options): Addresses {
  return {
    fulcio: options.fulcioUrl,
    rekor: options.rekorUrl,
    ctlog: options.ctlogUrl,
    tsa: options.tsaUrl,
    oidcIssuer: options.oidcIssuer,
    operator: options.operator,
  };
}

export function lifetimesOf(options: Options): Lifetimes {
  return {
    root: options.rootExpiry,
    targets: options.targetsExpiry,
    snapshot: options.snapshotExpiry,
    timestamp: options.timestampExpiry,
  };
}
