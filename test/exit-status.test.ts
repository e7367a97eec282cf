import { generateKeyPairSync } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  copies,
  fulcioSecrets,
  mysqlCredentials,
  rekorConfig,
  rekorPublicKey,
  rekorSigningSecret,
  tsaCertChain,
  tufKeys,
} from '@sigstand/contracts/records';
import { createTree } from '@sigstand/createtree/job';
import { memoryTrillian, newToken } from '@sigstand/createtree/testing';
import { supplied } from '@sigstand/createtuf/testing';
import { exitStatus } from '@sigstand/job/errors';
import type { Job } from '@sigstand/job/main';
import { runJob } from '@sigstand/job/testing';
import { Unsuccessful } from '@sigstand/store/api';
import { memoryStore } from '@sigstand/store/memory';
import { refusal } from '@sigstand/store/refusal';
import { type Ref, type Store, StoreError } from '@sigstand/store/store';
import { describe, expect, it } from 'vitest';
import { jobs } from './jobs.ts';

const root = join(import.meta.dirname, '..');
const page = readFileSync(join(root, 'docs/exit-status.md'), 'utf8');
const bytes = (text: string) => new Uint8Array(Buffer.from(text));
const key = String(
  generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({
    type: 'pkcs8',
    format: 'pem',
  }),
);

/** What the page says of a status: from its heading to the next. */
function section(status: number): string {
  return new RegExp(`^## ${status}\\b[^]*?(?=^## |$(?![^]))`, 'm').exec(page)?.[0] ?? '';
}

/** The last lines of Jobs that the page shows, which are indented as code. */
const shown = (status: number) =>
  [...section(status).matchAll(/^ {4}([a-z]+: error: .*)$/gm)].map(([, line]) => line);

async function holding(...entries: [Ref, Record<string, string>][]): Promise<Store> {
  const store = memoryStore();
  for (const [ref, values] of entries) {
    const data = Object.entries(values).map(([name, value]) => [name, bytes(value)]);
    await store.write(ref, { data: Object.fromEntries(data) });
  }
  return store;
}

/** A store that a Job has been run on. */
async function after(...names: string[]): Promise<Store> {
  const store = memoryStore();
  for (const name of names) await runJob(jobs[name]!(), store, {});
  return store;
}

async function withData(store: Store, ref: Ref, from?: Store): Promise<Store> {
  const data = (await (from ?? store).read(ref))?.data ?? {};
  await store.write(ref, { data }, await store.read(ref));
  return store;
}

/** A store whose API server answers each write, or each read, with this. */
function answering(verb: 'get' | 'patch', code: number, status: object): Store {
  const refuse = async (ref: Ref): Promise<never> => {
    const body = JSON.stringify({ kind: 'Status', ...status });
    throw refusal(verb, ref, new Unsuccessful(code, body));
  };
  return verb === 'get'
    ? { ...memoryStore(), read: refuse, write: refuse }
    : { ...memoryStore(), write: refuse };
}

const account = 'system:serviceaccount:rekor-system:createsecret';
const failing = (error: Error): Store => ({
  ...memoryStore(),
  read: () => Promise.reject(error),
  write: () => Promise.reject(error),
});

type Cause = readonly [
  job: string,
  args: readonly string[],
  store: () => Store | Promise<Store>,
  job?: () => Promise<Job>,
];

/** createtree before a Trillian that has a log of its name with entries. */
async function logWithEntries(): Promise<Job> {
  const { trillian, live, change } = memoryTrillian();
  const job = createTree({ connect: () => trillian, newToken });
  await runJob(job, memoryStore(), { args: ['--display-name=rekortree'] });
  change(live()[0]!.id, { size: 2n });
  return job;
}

/** A repository that was signed for longer than it would be now. */
async function signedBefore(): Promise<Store> {
  const store = await supplied();
  await runJob(jobs.createtuf!(), store, {});
  return store;
}

/** Typical causes of each status; what their Jobs say last is on the page. */
const causes: Readonly<Record<number, readonly Cause[]>> = {
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

/** The line without what differs from run to run. */
function plain(line: string): string {
  let number = 0;
  const times = ['2026-12-08T03:17:00Z', '2026-12-02T03:17:00Z'];
  return line
    .replaceAll(/\b[0-9a-f]{64}\b/g, () => ['3b1e...', '9ac4...'][number++] ?? '...')
    .replaceAll(/\b\d{4}-\d\d-\d\dT[\d:]+Z/g, () => times.shift() ?? '...')
    .replace(/(with where it was: ).*/, '$1...');
}

describe('docs/exit-status.md', () => {
  it.each(Object.entries(exitStatus))('has a section on the status of %s, %i', (_name, status) => {
    expect(section(status)).toMatch(new RegExp(`^## ${status} [a-z]`));
  });

  it('has none on any other', () => {
    const numbers = [...page.matchAll(/^## (\d+)/gm)].map(([, number]) => Number(number));
    expect(numbers.toSorted()).toEqual(Object.values(exitStatus).toSorted());
  });

  const failures = Object.values(exitStatus).filter((status) => status !== 0);
  it.each(failures)(
    'shows what Jobs really say last before they end with %i',
    async (wanted) => {
      const lines: string[] = [];
      for (const [name, args, store, made] of causes[wanted] ?? []) {
        const job = (await made?.()) ?? jobs[name]!();
        const { status, stderr } = await runJob(job, await store(), { args });
        const last = stderr.trimEnd().split('\n').at(-1) ?? '';
        expect({ last, status }).toEqual({ last, status: wanted });
        lines.push(plain(last));
      }
      expect(lines).toEqual(shown(wanted));
    },
    60_000,
  );
});
