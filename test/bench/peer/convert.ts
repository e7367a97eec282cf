import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseAllDocuments, stringify } from 'yaml';
import { ofKind, pods } from '../../stack.ts';
import { changes, type Known, type Kubernetes } from './changes.ts';

// What kubectl reads: a file mode of 0666 is octal there.
const yaml = { version: '1.1' } as const;

/** Writes the manifests of a checkout as the rig takes them: a folder for each system, files and order as they were. */
export async function convert(checkout: string, to: string, known: Known): Promise<void> {
  const { systems, leftOut } = known.release;
  for (const { folder } of systems) {
    const from = join(checkout, 'config', folder);
    await mkdir(join(to, folder), { recursive: true });
    for (const file of await manifestsIn(from)) {
      if (leftOut.some((left) => `${folder}/${file}`.startsWith(`${left}/`))) continue;
      const text = converted(await readFile(join(from, file), 'utf8'), known);
      // One folder, so that `kubectl apply` takes them in the order of the folders that they were in.
      await writeFile(join(to, folder, file.replaceAll('/', '-')), text);
    }
  }
}

/** One file of manifests after all changes. */
export function converted(text: string, known: Known): string {
  const after = changes.reduce(
    (all, { change }) => all.flatMap((object) => change(object, known)),
    objectsOf(text),
  );
  return after.map((object) => stringify(object, { ...yaml, lineWidth: 0 })).join('---\n');
}

/** The objects of a file of manifests. */
export function objectsOf(text: string): Kubernetes[] {
  return parseAllDocuments(indented(text), yaml).flatMap((document) => {
    // What is read in part would run, and as something else.
    for (const error of document.errors) throw error;
    const object = document.toJS() as Kubernetes | null;
    return object === null ? [] : [object];
  });
}

/** A list in brackets may begin further left for kubectl than for this parser: its lines are moved to the right. */
function indented(text: string): string {
  return text.replace(/^( *)([^\s#].*: \[)\n([^\]]*)\]/gm, (_all, margin, key, items) => {
    const lines = (items as string).split('\n').map((line) => `${margin}  ${line.trim()}`);
    return `${margin}${key}\n${lines.join('\n')}]`;
  });
}

async function manifestsIn(folder: string): Promise<string[]> {
  const all = await readdir(folder, { recursive: true });
  return all.filter((file) => file.endsWith('.yaml')).sort();
}

/** The servers' images as our manifests name them, without digests: both sides run the same. */
export function ourImages(): string[] {
  const images = pods.flatMap(({ spec: { initContainers = [], containers } }) =>
    [...initContainers, ...containers].map(({ image }: { image: string }) =>
      image.replace(/@.*/, ''),
    ),
  );
  return [...new Set(images)];
}

/** Trillian's tables, as our manifests have them. */
export function ourSchema(): string {
  const schema = ofKind('ConfigMap').find(({ metadata }) => metadata.name === 'trillian-schema');
  if (schema === undefined) throw new Error('our manifests have no ConfigMap trillian-schema');
  return schema.data['schema.sql'];
}
