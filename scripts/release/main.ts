// release/main.ts images VERSION METADATA | pin VERSION METADATA | render VERSION FOLDER: what bake pushed, and a release of it
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { assertPinned, type Digests, digestsOf, imagesIn, pinned, repository } from './images.ts';
import { type Files, releaseFiles } from './parts.ts';
import { wholeScript } from './script.ts';

const root = join(import.meta.dirname, '../..');
const folder = 'manifests';
const setUps = ['setup-kind.sh', 'setup-scaffolding-from-release.sh'];
const checksums = 'checksums.txt';
const testRelease = 'action/testrelease.yaml';
const chart = 'chart/values.yaml';

function manifests(): Files {
  const names = readdirSync(join(root, folder)).filter((name) => name.endsWith('.yaml'));
  return read(...names.sort().map((name) => join(folder, name)));
}

/** The manifests, and what else of the tree names images of ours. */
const tree = (): Files => ({ ...manifests(), ...read(testRelease, chart) });

const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');

function read(...paths: string[]): Files {
  return Object.fromEntries(paths.map((path) => [path, readFileSync(join(root, path), 'utf8')]));
}

/** The images that the tree names, as bake's file says that they were pushed. */
function pushed(files: Files, version: string, metadata: string): Digests {
  const named = Object.values(files).flatMap(imagesIn);
  const jobs = [...new Set(named.map(({ job }) => job))].sort();
  return digestsOf(JSON.parse(readFileSync(metadata, 'utf8')), jobs, version);
}

/** Prints them, for those who sign and attest. */
function images(version: string, metadata: string): void {
  const digests = pushed(tree(), version, metadata);
  const list = [...digests].map(([job, digest]) => ({ job, name: `${repository}${job}`, digest }));
  console.log(JSON.stringify(list));
}

/** Writes into the tree which bytes each image is: what is tagged then is the stack, whole. */
function pin(version: string, metadata: string): void {
  const files = tree();
  const digests = pushed(files, version, metadata);
  const after = Object.entries(files).map(([name, text]) => [name, pinned(text, digests, version)]);
  for (const [name = '', text = ''] of after) writeFileSync(join(root, name), text);
}

/** Writes the files that a release has beside the archive, which is there, and the checksum of each. */
function render(version: string, to: string): void {
  const title = `Sigstand ${version}: a private Sigstore on Kubernetes`;
  const yaml = {
    ...releaseFiles(manifests(), title),
    'testrelease.yaml': read(testRelease)[testRelease] ?? '',
  };
  for (const text of Object.values(yaml)) assertPinned(text, version);
  const archive = sha256(readFileSync(join(to, `sigstand-${version}.tar.gz`)));
  for (const [name, text] of Object.entries(yaml)) writeFileSync(join(to, name), text);
  for (const name of setUps) {
    const text = readFileSync(join(import.meta.dirname, name), 'utf8');
    const part = readFileSync(join(import.meta.dirname, 'unpack.sh'), 'utf8');
    writeFileSync(join(to, name), wholeScript(text, part, version, archive), { mode: 0o755 });
  }
  const names = readdirSync(to).filter((name) => name !== checksums);
  const sums = names.sort().map((name) => `${sha256(readFileSync(join(to, name)))}  ${name}\n`);
  writeFileSync(join(to, checksums), sums.join(''));
}

/** The one version of this tree. @throws {Error} Where another is asked for. */
function asked(version: string | undefined): string {
  const { version: own } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  if (version !== own) throw new Error(`package.json is of version ${own}, not ${version}`);
  return own;
}

const verbs: Readonly<Record<string, (version: string, path: string) => void>> = {
  images,
  pin,
  render,
};
try {
  const [verb = '', version, path] = process.argv.slice(2);
  const act = verbs[verb];
  if (act === undefined || path === undefined) {
    console.error('usage: release/main.ts images|pin VERSION METADATA | render VERSION FOLDER');
    process.exitCode = 64;
  } else {
    act(asked(version), path);
  }
} catch (error) {
  console.error(`sigstand: ${(error as Error).message}`);
  process.exitCode = 65;
}
