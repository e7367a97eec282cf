// made/main.ts note | remove: what npm start makes in a cluster that others made, and how npm stop takes away just that
import { execFile } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseAllDocuments } from 'yaml';
import { type Found, type Identity, type Made, noted, removal, title } from './made.ts';

const scripts = join(import.meta.dirname, '..');
const out = process.env.SIGSTAND_OUT ?? join(scripts, '../.sigstand');
const file = join(out, 'made.json');

/**
 * What sign-and-verify.sh puts there, beside the manifests: made anew by each start, so that no uid tells it, but a
 * label. Where that is missing, it is somebody else's of the same name.
 */
const besides: readonly Identity[] = [
  { apiVersion: 'batch/v1', kind: 'Job', name: 'sigstand-sign-and-verify' },
  { apiVersion: 'v1', kind: 'ConfigMap', name: 'sigstand-sign-and-verify-root' },
].map((one) => ({ ...one, namespace: 'default' }));
const isBeside = (one: Identity) => besides.some((beside) => title(beside) === title(one));

const label = 'sigstand.dev/made-by';

/** What the Jobs write, and what somebody else may have put into a namespace of ours. */
const kinds =
  'secrets,configmaps,persistentvolumeclaims,services,pods,deployments,statefulsets,daemonsets,jobs,cronjobs';

function wanted(): Identity[] {
  const folder = join(out, 'manifests');
  const texts = readdirSync(folder)
    .filter((name) => name.endsWith('.yaml'))
    .map((name) => readFileSync(join(folder, name), 'utf8'));
  const documents = texts.flatMap((text) => [...parseAllDocuments(text)]);
  const objects = documents.map((one) => ('toJS' in one ? one.toJS() : null)).filter(Boolean);
  return [...objects.map(identity), ...besides];
}

interface Stored {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly uid?: string;
    readonly labels?: Readonly<Record<string, string>>;
  };
}

function identity({ apiVersion, kind, metadata: { name, namespace } }: Stored): Identity {
  return { apiVersion, kind, namespace, name };
}

/** Those of the objects that are there. */
async function found(objects: readonly Identity[]): Promise<Found[]> {
  const text = await k(['get', '-f', '-', '--ignore-not-found', '-o', 'json'], asList(objects));
  if (text.trim() === '') return [];
  const read = JSON.parse(text) as Stored & { readonly items?: readonly Stored[] };
  return (read.items ?? [read])
    .filter((one) => !isBeside(identity(one)) || one.metadata.labels?.[label] === 'npm-start')
    .map((one) => ({ ...identity(one), uid: one.metadata.uid ?? '' }));
}

function asList(objects: readonly Identity[]): string {
  const items = objects.map(({ apiVersion, kind, namespace, name }) => ({
    apiVersion,
    kind,
    metadata: { name, namespace },
  }));
  return JSON.stringify({ apiVersion: 'v1', kind: 'List', items });
}

/** What is in the namespaces; of Secrets their names alone. */
async function inside(namespaces: ReadonlySet<string | undefined>): Promise<Found[]> {
  const metadata = [
    'namespace',
    'name',
    'uid',
    'ownerReferences[0].uid',
    'labels.app\\.kubernetes\\.io/part-of',
  ];
  const columns = ['.apiVersion', '.kind', ...metadata.map((path) => `.metadata.${path}`)];
  const row = columns.map((path) => `{${path}}`).join('{"\\t"}');
  const lines = await k(['get', kinds, '-A', '-o', `jsonpath={range .items[*]}${row}{"\\n"}{end}`]);
  return lines
    .split('\n')
    .filter(Boolean)
    .map((line) => {
      const [apiVersion = '', kind = '', namespace, name = '', uid = '', owner, part] =
        line.split('\t');
      return {
        apiVersion,
        kind,
        namespace,
        name,
        uid,
        owned: owner !== '',
        ours: part === 'sigstand',
      };
    })
    .filter(({ namespace }) => namespaces.has(namespace));
}

function earlier(): Made | undefined {
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Made) : undefined;
}

function namespacesOf(objects: readonly Identity[]): Set<string | undefined> {
  return new Set(objects.filter((one) => !isBeside(one)).map((one) => one.namespace ?? one.name));
}

async function note(): Promise<void> {
  const objects = wanted();
  const labelled = earlier() ? [] : await inside(namespacesOf(objects));
  const ours = labelled.filter((one) => one.ours);
  const made = noted(earlier(), objects, await found(objects), ours);
  const known = made.objects.filter((one) => !isBeside(one));
  writeFileSync(`${file}.new`, JSON.stringify({ ...made, objects: [...known, ...besides] }));
  renameSync(`${file}.new`, file);
}

async function remove(): Promise<void> {
  const made = earlier();
  if (made === undefined) return;
  const objects = [
    ...new Map([...wanted(), ...made.objects].map((one) => [title(one), one])).values(),
  ];
  const { deleted, left } = removal(
    made,
    await found(objects),
    await inside(namespacesOf(objects)),
  );
  if (deleted.length > 0) {
    await k(['delete', '-f', '-', '--ignore-not-found', '--timeout=5m'], asList(deleted));
  }
  console.log(`sigstand: removed ${deleted.length} objects that npm start made`);
  for (const one of left) console.log(`sigstand: left ${one}`);
}

/** kubectl, as the other scripts speak to the cluster. */
function k(args: readonly string[], input = ''): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = execFile(
      'bash',
      ['-c', 'source "$0"; k "$@"', join(scripts, 'lib.sh'), ...args],
      { maxBuffer: 256 << 20 },
      (error, stdout, stderr) =>
        error ? reject(new Error(stderr.trim() || error.message)) : resolve(stdout),
    );
    child.stdin?.on('error', () => {}).end(input);
  });
}

const verbs: Record<string, () => Promise<void>> = { note, remove };
try {
  await verbs[process.argv[2] ?? '']?.();
} catch (error) {
  console.error(`sigstand: ${(error as Error).message}`);
  process.exitCode = 75;
}
