import {
  copies,
  ctlogKey,
  fulcioSecrets,
  mysqlCredentials,
  rekorConfig,
  rekorPublicKey,
  rekorSigningSecret,
  tsaCertChain,
  tufKeys,
  tufRepository,
} from '@sigstand/contracts/records';
import { inputs } from '@sigstand/createctconfig/testing';
import { supplied } from '@sigstand/createtuf/testing';
import type { Job } from '@sigstand/job/main';
import { storeOver } from '@sigstand/store/cluster';
import { memoryStore } from '@sigstand/store/memory';
import { podAccess } from '@sigstand/store/pod';
import { refusal } from '@sigstand/store/refusal';
import { type Store, StoreError } from '@sigstand/store/store';

import {
  account,
  after,
  answering,
  bytes,
  failing,
  forbiddingTrillian,
  holding,
  key,
  keyOn,
  kubeconfigOf,
  logWithEntries,
  publishedWithout,
  signedBefore,
  withData,
  withoutToken,
  withValues,
} from './exit-stores.ts';

/* Typical causes of each exit status. */

type Cause = readonly [
  job: string,
  args: readonly string[],
  store: () => Store | Promise<Store>,
  job?: () => Promise<Job>,
];

/** Typical causes of each status; what their Jobs say last is on the page. */
export const causes: Readonly<Record<number, readonly Cause[]>> = {
  64: [
    ['createsecret', ['--signing-secrt=x'], memoryStore],
    ['createcerts', ['--lifetime=10'], memoryStore],
    ['createsecret', ['--signing-secret-pwd=x'], memoryStore],
    ['createtree', ['--store=kubernetes', '--namespace=rekor-system'], memoryStore],
  ],
  65: [
    [
      'createsecret',
      [],
      () =>
        holding([rekorSigningSecret, { 'signing-secret': 'x', 'signing-secret-password': 'y' }]),
    ],
    ['copysecrets', [], () => holding([rekorPublicKey, { public: key }])],
    [
      'createsecret',
      [],
      () =>
        answering('patch', 403, {
          message:
            'secrets "rekor-signing-secret" is forbidden: exceeded quota: few, requested: count/secrets=1, used: count/secrets=0, limited: count/secrets=0',
        }),
    ],
    [
      'createsecret',
      ['--namespace=trillian-system', '--password-secret=trillian-mysql'],
      () => holding([mysqlCredentials, { user: 'a', password: 'b\n', database: 'c' }]),
    ],
    [
      'createsecret',
      [],
      () =>
        answering('patch', 403, {
          message:
            'secrets "rekor-signing-secret" is forbidden: unable to create new content in namespace rekor-system because it is being terminated',
          reason: 'Forbidden',
          details: { causes: [{ reason: 'NamespaceTerminating', field: 'metadata.namespace' }] },
        }),
    ],
    ['createsecret', [], () => kubeconfigOf('current-context: gone')],
    [
      'createsecret',
      [],
      async () =>
        withValues(await after('createsecret'), rekorPublicKey, { hostname: 'https://rekor.test' }),
    ],
    [
      'createctconfig',
      [],
      async () => {
        const store = await inputs();
        await store.write(ctlogKey, { data: { private: bytes(keyOn('P-384')) } });
        return store;
      },
    ],
  ],
  69: [
    ['createctconfig', ['--timeout=1s'], memoryStore],
    ['createtuf', ['--timeout=1s'], memoryStore],
    [
      'createsecret',
      [],
      () => failing(new StoreError('NO_NAMESPACE', 'there is no namespace rekor-system')),
    ],
  ],
  70: [['createtree', [], () => failing(new TypeError('x'))]],
  75: [
    [
      'createsecret',
      [],
      () =>
        failing(
          refusal(
            'get',
            rekorPublicKey,
            Object.assign(new Error(), { code: 'ECONNREFUSED' }),
          ) as Error,
        ),
    ],
    ['createsecret', [], () => answering('get', 503, { reason: 'ServiceUnavailable' })],
    ['createtuf', ['--timestamp-expiry=1d'], signedBefore],
  ],
  77: [
    [
      'createsecret',
      [],
      () =>
        answering('get', 403, {
          message: `secrets "rekor-pub-key" is forbidden: User "${account}" cannot get resource "secrets" in API group "" in the namespace "rekor-system"`,
        }),
    ],
    ['createsecret', [], () => answering('get', 401, { reason: 'Unauthorized' })],
    [
      'createsecret',
      [],
      () =>
        kubeconfigOf(`
clusters: [{name: a, cluster: {server: 'https://127.0.0.1:1'}}]
users: [{name: a, user: {exec: {apiVersion: client.authentication.k8s.io/v1, command: no-such-program, interactiveMode: Never}}}]
contexts: [{name: a, context: {cluster: a, user: a}}]
current-context: a`),
    ],
    ['createsecret', [], () => storeOver(podAccess({}, withoutToken), 'createsecret')],
    ['createtree', [], memoryStore, forbiddingTrillian],
  ],
  78: [
    [
      'createsecret',
      [],
      async () =>
        withData(await after('createsecret'), rekorPublicKey, await after('createsecret')),
    ],
    [
      'createsecret',
      [],
      async () => withData(memoryStore(), rekorPublicKey, await after('createsecret')),
    ],
    ['createcertchain', [], () => holding([copies.tsa, { 'cert-chain': 'x' }])],
    ['createcertchain', [], () => holding([tsaCertChain, { 'cert-chain': 'x' }])],
    [
      'createcerts',
      [],
      () => holding([fulcioSecrets, { 'tls.crt': 'theirs', 'tls.key': 'theirs' }]),
    ],
    ['createsecret', ['--hostname=rekor.example.com'], () => after('createsecret')],
    [
      'copysecrets',
      [],
      async () => {
        const [store, other] = [await after('createsecret'), await after('createsecret')];
        await store.write(copies.rekor, (await other.read(rekorPublicKey))!);
        return store;
      },
    ],
    ['createtree', [], () => holding([rekorConfig, { treeID: '6650004838055700742' }])],
    ['createtree', ['--display-name=rekortree'], memoryStore, logWithEntries],
    [
      'createtuf',
      [],
      async () => {
        const [store, published] = [await supplied(), await signedBefore()];
        await store.write(tufKeys, (await published.read(tufKeys))!);
        return store;
      },
    ],
    ['createtuf', [], () => publishedWithout(tufRepository)],
    ['createtuf', [], () => publishedWithout(tufKeys)],
    [
      'createcerts',
      [],
      async () => {
        const store = memoryStore();
        const { data } = (await (await after('createcerts')).read(fulcioSecrets))!;
        const { public: _, ...rest } = data;
        await store.write(fulcioSecrets, { data: rest, immutable: true });
        return store;
      },
    ],
    [
      'createcerts',
      [],
      async () => {
        const store = memoryStore();
        await store.write(fulcioSecrets, {});
        const owner = 'ExternalSecret company-ca';
        return {
          ...store,
          read: async (ref) => {
            const found = await store.read(ref);
            return found && { ...found, owner };
          },
        };
      },
    ],
  ],
};
