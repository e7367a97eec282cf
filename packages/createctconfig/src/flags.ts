import { InvalidArgumentError, Option } from '@commander-js/extra-typings';
import {
  ctlogConfig,
  ctlogPublicKey,
  ctlogSecrets,
  fulcioPublicKey,
  tufRepository,
} from '@sigstand/contracts/records';
import { ctlogMount, ctlogPrefix, services } from '@sigstand/contracts/services';
import { jobCommand, refusedFlag } from '@sigstand/job/command';
import { inDirectory, leadsOut } from '@sigstand/job/outside';
import { tufNamespaceFlag } from '@sigstand/job/trusted';
import { hostPort, namespacedName, objectName, serviceUrl } from '@sigstand/job/values';
import manifest from '../package.json' with { type: 'json' };

const summary = `Create the CT log's key and publish its public half, and once its tree and Fulcio's root
are there, its configuration. A key that exists is kept; a new root of Fulcio is added to those that the
log accepts.`;

// RFC 6962 §2.1.4 has no other, and cosign and sigstore-go verify no other.
const curves = ['p256'] as const;

/** The command line. */
export const command = () =>
  jobCommand('createctconfig', summary, {
    version: manifest.version,
    namespace: ctlogSecrets.namespace,
  })
    .option('--configmap <name>', "ConfigMap with the tree's ID", objectName, ctlogConfig.name)
    .option('--secret <name>', 'Secret that the CT log mounts', objectName, ctlogSecrets.name)
    .option('--pubkeysecret <name>', 'Secret with its public key', objectName, ctlogPublicKey.name)
    .addOption(
      leadsOut(
        new Option('--fulcio-secret <namespace/name>', "Secret with Fulcio's root, or none")
          .argParser(nameOrNone)
          .default(
            { namespace: fulcioPublicKey.namespace, name: fulcioPublicKey.name } as NameOrNone,
            inDirectory(`${fulcioPublicKey.namespace}/${fulcioPublicKey.name}`),
          ),
      ),
    )
    .option(
      '--fulcio-url <url>',
      'ask Fulcio there for its root, too; with --fulcio-secret=none, only there',
      serviceUrl,
    )
    .addOption(
      leadsOut(
        new Option('--trillian-server <host:port>', "Trillian's log server")
          .argParser(hostPort)
          .default(services.trillian as string, inDirectory(services.trillian)),
      ),
    )
    .option('--log-prefix <path>', 'where in its URL the log is', logPrefix, ctlogPrefix)
    .option('--mount-path <path>', 'where the CT log finds its Secret', absolutePath, ctlogMount)
    .addOption(
      new Option('--keytype <type>', 'kind of key, where one is made')
        .choices(['ecdsa', 'rsa'] as const)
        .default('ecdsa' as const),
    )
    .addOption(
      new Option('--curvetype <curve>', 'its curve: clients verify no other').choices(curves),
    )
    .addOption(
      new Option('--private-secret <name>', 'take the key and password in this Secret instead')
        .argParser(objectName)
        .conflicts(['keytype', 'curvetype']),
    )
    .addOption(tufNamespaceFlag(tufRepository.namespace, { beside: ctlogSecrets.namespace }))
    .addOption(
      refusedFlag(
        '--key-password <password>',
        'the password is random; that of a key of yours stands under password in --private-secret',
      ),
    );

/** What the command line says. */
export type Options = ReturnType<ReturnType<typeof command>['opts']>;

/** Another namespace's Secret, unless there is none. */
export type NameOrNone = { readonly namespace: string; readonly name: string } | 'none';

function nameOrNone(text: string): NameOrNone {
  return text === '' || text === 'none' ? 'none' : namespacedName(text);
}

function logPrefix(text: string): string {
  const segments = text.split('/');
  const plain = segments.every((one) => /^[A-Za-z0-9._-]+$/.test(one) && !/^\.\.?$/.test(one));
  if (plain && text.length <= 100) return text;
  throw new InvalidArgumentError('Write 1 to 100 letters, digits, ., _, - with / between parts.');
}

function absolutePath(text: string): string {
  if (!/^\/[^\p{Cc}]*[^\p{Cc}/]$/u.test(text)) {
    throw new InvalidArgumentError('Write a path that starts with / and does not end with it.');
  }
  return text;
}
