// release/main.ts images VERSION METADATA | pin VERSION METADATA | render VERSION FOLDER: what bake pushed, and a release of it
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { assertPinned, type Digests, digestsOf, imagesIn, pinned, repository } from './images.ts';
import { type Files, releaseFiles } from './parts.ts';

const root = join(import.meta.dirname, '../..');
const folder = join(root, 'manifests');

function manifests(): Files {
  const names = readdirSync(folder).filter((name) => name.endsWith('.yaml'));
  return Object.fromEntries(
    names.sort().map((name) => [name, readFileSync(join(folder, name), 'utf8')]),
  );
}

/** The images that the tree names, as bake's file says that they were pushed. */
function pushed(files: Files, version: string, metadata: string): Digests {
  const named = Object.values(files).flatMap(imagesIn);
  const jobs = [...new Set(named.map(({ job }) => job))].sort();
  return digestsOf(JSON.parse(readFileSync(metadata, 'utf8')), jobs, version);
}

/** Prints them, for those who sign and attest. */
function images(version: string, metadata: string): void {
  const digests = pushed(manifests(), version, metadata);
  const list = [...digests].map(([job, digest]) => ({ job, name: `${repository}${job}`, digest }));
  console.log(JSON.stringify(list));
}

/** Writes into the manifests which bytes each image is: what is tagged then is the stack, whole. */
function pin(version: string, metadata: string): void {
  const files = manifests();
  const digests = pushed(files, version, metadata);
  const after = Object.entries(files).map(([name, text]) => [name, pinned(text, digests, version)]);
  for (const [name = '', text = ''] of after) writeFileSync(join(folder, name), text);
}

/** Writes the files that a release has, and the checksum of each. */
function render(version: string, to: string): void {
  const files = releaseFiles(manifests(), `Sigstand ${version}: a private Sigstore on Kubernetes`);
  for (const text of Object.values(files)) assertPinned(text, version);
  mkdirSync(to, { recursive: true });
  const sums = Object.entries(files)
    .sort(([one], [other]) => (one < other ? -1 : 1))
    .map(([name, text]) => `${createHash('sha256').update(text).digest('hex')}  ${name}\n`);
  for (const [name, text] of Object.entries(files)) writeFileSync(join(to, name), text);
  writeFileSync(join(to, 'checksums.txt'), sums.join(''));
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
