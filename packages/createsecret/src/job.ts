import { Option } from '@commander-js/extra-typings';
import {
  copies,
  mysqlCredentials,
  rekorMysqlCredentials,
  rekorPublicKey,
  rekorSigningSecret,
  tufRepository,
} from '@sigstand/contracts/records';
import { jobCommand, refusedFlag } from '@sigstand/job/command';
import { JobError } from '@sigstand/job/errors';
import { frozen, immutableFlag } from '@sigstand/job/immutable';
import { defineJob, type JobContext } from '@sigstand/job/main';
import { leadsOut } from '@sigstand/job/outside';
import { keepPair } from '@sigstand/job/pair';
import { trustedIn, tufNamespaceFlag } from '@sigstand/job/trusted';
import { hostName, namespaceName, objectName, several, sqlName, yesNo } from '@sigstand/job/values';
import { waitForKeys } from '@sigstand/job/wait';
import { dated } from '@sigstand/pki/created';
import { type Entropy, systemEntropy } from '@sigstand/pki/entropy';
import { fingerprint, parsePublicKey } from '@sigstand/pki/keys';
import { utf8 } from '@sigstand/pki/pem';
import { converge } from '@sigstand/store/converge';
import { refuseOwnedLacking } from '@sigstand/store/owned';
import { secretIn, show } from '@sigstand/store/store';
import manifest from '../package.json' with { type: 'json' };
import {
  isManaged,
  isOfItsOwn,
  missingInCopy,
  newCredentials,
  unlikeGiven,
} from './database-credentials.ts';
import { logName } from './log-name.ts';
import { lackingBesideKey, newSigningKey, publicKeyData } from './signing-key.ts';

const keyTypes = ['ecdsa-p256', 'ecdsa-p384', 'ed25519'] as const;

const summary = `Create the key that Rekor signs with, and publish its public half. A key that exists is kept, and the
public Secret always follows from the key that is stored. With --password-secret it creates a
database's credentials instead.`;

const command = () =>
  jobCommand('createsecret', summary, {
    version: manifest.version,
    namespace: rekorSigningSecret.namespace,
  })
    .option(
      '--signing-secret <name>',
      'Secret with the sealed key',
      objectName,
      rekorSigningSecret.name,
    )
    .option('--secret <name>', 'Secret with its public key', objectName, rekorPublicKey.name)
    .addOption(
      new Option('--key-type <type>', 'kind of key, where one is made')
        .choices(keyTypes)
        .default('ecdsa-p256' as const),
    )
    .addOption(
      leadsOut(
        new Option(
          '--hostname <name>',
          'the name that Rekor signs with (default: as recorded, else rekor.rekor-system.svc; ' +
            'but not on a cluster)',
        ).argParser(hostName),
        ({ passwordSecret }: { passwordSecret?: string }) => passwordSecret !== undefined,
      ),
    )
    .addOption(
      new Option(
        '--password-secret <name>',
        "make a database's user, passwords and name here instead",
      )
        .argParser(objectName)
        .conflicts(['signingSecret', 'secret', 'keyType', 'hostname']),
    )
    .option('--user <name>', "with --password-secret: the database's user", sqlName, 'trillian')
    .option('--database <name>', 'with --password-secret: its name', sqlName, 'trillian')
    .addOption(
      new Option(
        '--copy-to <namespace>',
        "with --password-secret: copy all but root's password there",
      )
        .argParser(several(namespaceName))
        .default([] as readonly string[], 'nowhere; may be repeated'),
    )
    .addOption(
      new Option(
        '--given [bool]',
        'with --password-secret: wait for what somebody else writes there, make none, and keep the copies equal to it',
      )
        .preset('true')
        .argParser(yesNo)
        .default(false)
        .conflicts(['user', 'database']),
    )
    .addOption(
      tufNamespaceFlag(tufRepository.namespace, {
        beside: rekorSigningSecret.namespace,
        unless: ({ passwordSecret }) => passwordSecret !== undefined,
      }),
    )
    .addOption(immutableFlag())
    .addOption(
      refusedFlag(
        '--signing-secret-pwd <password>',
        'the password is random, and stands in the Secret beside the key',
      ),
    );

type Options = ReturnType<ReturnType<typeof command>['opts']>;

export function createSecret(entropy: Entropy = systemEntropy) {
  return defineJob(command(), (context, options) =>
    options.passwordSecret === undefined
      ? signingKey(context, options, entropy)
      : credentials(context, { ...options, passwordSecret: options.passwordSecret }, entropy),
  );
}

async function signingKey({ store, log, now }: JobContext, options: Options, entropy: Entropy) {
  if (options.given) {
    throw new JobError('usage', '--given is for credentials: --password-secret names them');
  }
  const secret = secretIn(options.namespace, options.signingSecret);
  const published = secretIn(options.namespace, options.secret);
  let name = '';
  const { outcome } = await keepPair(store, {
    secret,
    published,
    publishes: ['public'],
    known: rekorPublicKey.keys,
    make: (current) => newSigningKey(show(secret), current, { keyType: options.keyType, entropy }),
    derive: (stored, { published: recorded }) => {
      name = logName(show(published), recorded, options.hostname);
      return { ...publicKeyData(show(secret), stored), hostname: utf8(name) };
    },
    complete: lackingBesideKey,
    identify: (key, value) =>
      key === 'hostname' ? Buffer.from(value).toString() : fingerprint(parsePublicKey(value)),
    trusted: trustedIn(options.tufNamespace, {
      copy: copies.rekor,
      repository: tufRepository,
      target: 'rekor.pub',
    }),
    immutable: options.immutable,
    dated: dated(now),
  });
  log(`${outcome} Rekor's signing key in ${show(secret)}`);
  if (outcome === 'created' && options.keyType !== 'ecdsa-p256') {
    // Rekor serves both; test/consumers/rekor-server.test.ts has what each client says to it.
    log(`warning: cosign up to 3.1 takes no entry that an ${options.keyType} key has signed`);
  }
  log(`its public key is in ${show(published)}; Rekor signs as ${name}`);
}

async function credentials(
  context: JobContext,
  options: Options & { passwordSecret: string },
  entropy: Entropy,
) {
  const { store, log } = context;
  const { user, database, namespace, passwordSecret, copyTo, immutable, given } = options;
  const secret = secretIn(namespace, passwordSecret);
  for (const other of copyTo) {
    const copy = secretIn(other, passwordSecret);
    refuseOwnedLacking(copy, await store.read(copy), rekorMysqlCredentials.keys);
  }
  if (given) {
    const expected = { keys: rekorMysqlCredentials.keys, known: mysqlCredentials.keys };
    await waitForKeys(context, secret, { ...expected, madeBy: 'whoever runs the database' });
  }
  const stored = await converge(store, secret, async (current) => {
    const [copy] = await Promise.all(
      copyTo.map((one) => store.read(secretIn(one, passwordSecret))),
    );
    const wanted = { user, database, copy: copy?.data, entropy };
    return frozen(current, newCredentials(show(secret), current?.data, wanted), { immutable });
  });
  log(`the database's credentials are in ${show(secret)}`);
  if (isManaged(stored.data)) {
    log('they have no root-password, so the database is not the one that this stack runs');
  }
  for (const other of copyTo) {
    const copy = secretIn(other, passwordSecret);
    const { data } = await converge(store, copy, (current) => {
      const lacking = given ? unlikeGiven : missingInCopy;
      const missing = lacking(show(copy), current?.data, stored.data);
      return frozen(current, missing, { immutable });
    });
    const what = isOfItsOwn(data, stored.data)
      ? 'a user of its own'
      : "a copy without root's password";
    log(`${what} is in ${show(copy)}`);
  }
}
