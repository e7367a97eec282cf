import { mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { startFulcio } from '../../programs/fulcio.ts';
import { type Loopback, type Place, remove, type Through } from './loopback.ts';
import type { Identity } from './process.ts';
import type { Binaries, Contestant } from './tasks.ts';

interface Setting {
  readonly binary: Binaries;
  /** What stops the servers that they need. */
  readonly stack: AsyncDisposableStack;
}

type Account = Pick<Identity, 'namespace' | 'token'>;

/** What one Go Job runs and makes. */
interface GoJob {
  readonly account: Account;
  readonly command: (through: Through) => Promise<readonly string[]> | readonly string[];
  readonly makes: readonly Omit<Place, 'namespace'>[];
  /** What its own manifests put there before it runs. */
  readonly before?: () => Promise<unknown>;
}

const secret = (name: string) => ({ kind: 'Secret', name }) as const;

/** The Go Jobs by the titles of ours, in namespaces of their own with the inputs that ours have. */
export async function goJobs(
  at: Loopback,
  { binary, stack }: Setting,
): Promise<Map<string, Contestant>> {
  const [main, tuf] = [await at.namespace('peer'), await at.namespace('peer-tuf')];
  const fulcio = await fulcioOf(at);
  stack.defer(fulcio.stop);
  const { data = {} } = await at.admin.readNamespacedConfigMap({
    namespace: at.lane.namespace('ctlog-system'),
    name: 'ctlog-config',
  });
  await configMap(at, main, { name: 'ctlog-config', data });
  const files = await trustOf(at, tuf);

  const jobs: Record<string, GoJob> = {
    'rekor-system/createsecret': {
      account: main,
      command: () => [binary('rekor-createsecret')],
      makes: [secret('rekor-signing-secret'), secret('rekor-pub-key')],
    },
    'fulcio-system/createcerts': {
      account: main,
      command: () => [binary('createcerts')],
      makes: [secret('fulcio-secrets'), secret('fulcio-pub-key')],
    },
    'tsa-system/createcertchain': {
      account: main,
      command: () => [binary('createcertchain')],
      makes: [secret('tsa-cert-chain')],
    },
    'rekor-system/createtree': {
      account: main,
      command: ({ trillian = at.trillian.address }) => [
        binary('createtree'),
        ...[`--namespace=${main.namespace}`, `--admin_server=${trillian}`],
      ],
      makes: [{ kind: 'ConfigMap', name: 'rekor-config' }],
      before: () => configMap(at, main, { name: 'rekor-config', data: { __placeholder: '' } }),
    },
    'ctlog-system/createctconfig': {
      account: main,
      command: () => [binary('createctconfig'), `--fulcio-url=http://127.0.0.1:${fulcio.port}`],
      makes: [secret('ctlog-secrets'), secret('ctlog-public-key')],
    },
    'tuf-system/createtuf': {
      account: tuf,
      command: async () => [
        ...['sh', '-euc', '"$1"; exec "$2" --mode=init --file-dir="$3" --target-dir="$4"', 'sh'],
        ...[binary('tuf-createsecret'), binary('tuf-server'), files, await newFolder(at)],
      ],
      makes: [secret('tuf-secrets'), secret('tuf-root')],
    },
  };
  return new Map(Object.entries(jobs).map(([title, job]) => [title, goJob(at, job)] as const));
}

function goJob(at: Loopback, { account, command, makes, before }: GoJob): Contestant {
  return {
    clear: async () => {
      await remove(
        at,
        makes.map((one) => ({ ...one, namespace: account.namespace })),
      );
      await before?.();
    },
    run: async (through = {}) =>
      at.processes.measure([...(await command(through)), ...(through.args ?? [])], {
        identity: { ...(through.api ?? at.api), ...account },
        // It makes a folder of a fixed name there, and fails where there is one.
        env: { TMPDIR: await newFolder(at), ...through.env },
      }),
  };
}

function newFolder({ folder }: Loopback): Promise<string> {
  return mkdtemp(join(folder, 'go-job-'));
}

async function configMap(
  { admin }: Loopback,
  { namespace }: Account,
  { name, data }: { name: string; data: Record<string, string> },
) {
  await admin.createNamespacedConfigMap({ namespace, body: { metadata: { name }, data } });
}

type Read = (namespace: string, name: string) => Promise<(key: string) => Buffer>;

/** The values of the lane's Secrets. */
function reading({ admin, lane }: Loopback): Read {
  return async (of, name) => {
    const { data = {} } = await admin.readNamespacedSecret({ namespace: lane.namespace(of), name });
    return (key) => Buffer.from(data[key] ?? '', 'base64');
  };
}

/** A real Fulcio, which is where the Go Job gets the root from. */
async function fulcioOf(at: Loopback) {
  const value = await reading(at)('fulcio-system', 'fulcio-secrets');
  const password = value('password').toString();
  return startFulcio({ cert: value('cert'), private: value('private'), password });
}

// As the Go Job names the files that it hands to the TUF server.
const trust = [
  ['fulcio_v1.crt.pem', 'fulcio-pub-key', 'cert'],
  ['ctfe.pub', 'ctlog-public-key', 'public'],
  ['rekor.pub', 'rekor-pub-key', 'public'],
  ['tsa.certchain.pem', 'tsa-cert-chain', 'cert-chain'],
] as const;

/** Puts what is to be trusted into Secrets for the Go Job, and into files, as the kubelet mounts what it makes of them. */
export async function trustOf(at: Loopback, to: Account): Promise<string> {
  const folder = join(at.folder, 'tuf-secrets');
  await mkdir(folder);
  for (const [file, name, key] of trust) {
    const value = (await reading(at)('tuf-system', name))(key);
    await writeFile(join(folder, file), value);
    const body = { metadata: { name }, data: { [key]: value.toString('base64') } };
    await at.admin.createNamespacedSecret({ namespace: to.namespace, body });
  }
  return folder;
}
