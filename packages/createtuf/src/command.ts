import { InvalidArgumentError, Option } from '@commander-js/extra-typings';
import { copies, tufKeys, tufRepository, tufRoot } from '@sigstand/contracts/records';
import { clusterIssuer, ctlogPrefix, services } from '@sigstand/contracts/services';
import { jobCommand } from '@sigstand/job/command';
import { inDirectory, leadsOut } from '@sigstand/job/outside';
import {
  duration,
  integer,
  issuerUrl,
  lifetime,
  nameText,
  objectName,
  oneOf,
  serviceUrl,
  several,
} from '@sigstand/job/values';
import manifest from '../package.json' with { type: 'json' };
import type { Service } from './material.ts';
import type { Role } from './role-keys.ts';

const summary = `Build the TUF repository from which every client takes its trust, sign it, check it with a real
client, and publish it. Run again, it signs what nears its expiry and takes in keys that changed,
keeping the old ones with an end date; with nothing to do it writes nothing.`;

const days = 86_400_000;

const standard = {
  fulcio: { standard: services.fulcio, of: 'fulcio' },
  rekor: { standard: services.rekor, of: 'rekor' },
  ctlog: { standard: `${services.ctlog}/${ctlogPrefix}`, of: 'ctlog' },
  tsa: { standard: services.tsa, of: 'tsa' },
  issuer: { standard: clusterIssuer, of: 'fulcio' },
} as const;

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
    .option('--extra-targets <name>', 'ConfigMap with further files to hand out', objectName)
    .addOption(
      new Option(
        '--without <service>',
        'a service that is absent: fulcio, ctlog, rekor or tsa (repeatable)',
      )
        .argParser(several(oneOf('fulcio', 'ctlog', 'rekor', 'tsa')))
        .default([] as readonly Service[], 'all are there'),
    )
    .addOption(urls('--fulcio-url <url>', 'where clients reach Fulcio', standard.fulcio))
    .addOption(urls('--rekor-url <url>', 'where clients reach Rekor', standard.rekor))
    .addOption(urls('--ctlog-url <url>', "the CT log's URL with its prefix", standard.ctlog))
    .addOption(urls('--tsa-url <url>', 'where clients reach the TSA', standard.tsa))
    .addOption(urls('--oidc-issuer <url>', 'whose tokens Fulcio takes', standard.issuer, issuerUrl))
    .option('--mirror-url <url>', 'where clients reach the repository: for the export', serviceUrl)
    .option('--correct-log-url', "publish Rekor's log by its recorded name, if it was by another")
    .option('--operator <name>', 'who runs the services', nameText(64), 'sigstand')
    .addOption(expiry('root', 3650 * days, '10y'))
    .addOption(expiry('targets', 365 * days, '1y'))
    .addOption(expiry('snapshot', 90 * days, '90d'))
    .addOption(expiry('timestamp', 7 * days, '7d'))
    .addOption(renew('root'))
    .addOption(renew('targets'))
    .addOption(renew('snapshot'))
    .addOption(renew('timestamp'))
    .option('--shorten', 'let metadata expire earlier than what it follows')
    .option(
      '--rotate-root',
      "give the root a new key, or the ones of --root-key; the old one's holders sign too",
    )
    .option(
      '--rotate-keys',
      'give targets, snapshot and timestamp new keys, by a new root that names them',
    )
    .addOption(rootKey('--root-key <place>', 'root key that is kept elsewhere'))
    .addOption(rootKey('--old-root-key <place>', 'root key of before, to sign its successor'))
    .option('--root-threshold <count>', 'how many root keys have to sign', integer(1, 20), 1);

/** Clients are told it, so it leads out; but not where there is no such service. */
function urls<const Flags extends string>(
  flags: Flags,
  what: string,
  { standard, of }: { standard: string; of: Service },
  parse = serviceUrl,
) {
  const isAbsent = ({ without }: { without: readonly Service[] }) => without.includes(of);
  return leadsOut(
    new Option(flags, `${what} (repeatable)`)
      .argParser(several(parse))
      .default([standard] as readonly string[], inDirectory(standard)),
    isAbsent,
  );
}

function expiry<const R extends Role>(role: R, length: number, text: string) {
  return new Option(`--${role}-expiry <duration>`, `how long a signed ${role} is valid`)
    .argParser(lifetime)
    .default(length, text);
}

function renew<const R extends Role>(role: R) {
  return new Option(
    `--${role}-renew <duration>`,
    `with less than this left, ${role} is signed again (default: half of its lifetime)`,
  ).argParser(duration);
}

function rootKey<const Flags extends string>(flags: Flags, what: string) {
  return new Option(flags, `${what}: a file, or secret:NAME (repeatable)`)
    .argParser(several(rootKeyPlace))
    .default([] as readonly RootKeyPlace[], 'none');
}

/** Where somebody keeps a root key: a file, or a Secret of the Job's namespace. */
export type RootKeyPlace =
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'secret'; readonly name: string };

/** `PATH` or `secret:NAME`. */
function rootKeyPlace(text: string): RootKeyPlace {
  if (text === '') throw new InvalidArgumentError('Write a path, or secret:NAME.');
  if (!text.startsWith('secret:')) return { kind: 'file', path: text };
  return { kind: 'secret', name: objectName(text.slice('secret:'.length)) };
}

export type Options = ReturnType<ReturnType<typeof command>['opts']>;
