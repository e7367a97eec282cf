import { parseDocument } from 'yaml';

/** The systems in the order in which each has what it waits for: a file of the release for each. */
export const systems = ['trillian', 'rekor', 'fulcio', 'ctlog', 'tsa', 'tuf'] as const;

/** The manifests by their paths, `manifests/10-trillian.yaml` and so on. */
export type Files = Readonly<Record<string, string>>;

/** An object of a manifest as it is written, with the comments before it. */
interface Part {
  readonly text: string;
  readonly kind: string;
  readonly name: string;
  readonly namespace: string | undefined;
}

/**
 * All manifests in one file that `kubectl apply -f` takes, and a file for each system. Each has all namespaces that
 * its own objects are in, so that the files can be applied one after another.
 *
 * @throws {Error} Where a manifest is of no system.
 */
export function releaseFiles(files: Files, title: string): Record<string, string> {
  const parts = new Map(Object.entries(files).map(([name, text]) => [name, partsOf(text, name)]));
  const everywhere = [...parts].filter(([name]) => systemOf(name) === undefined);
  const shared = everywhere.flatMap(([, list]) => list);
  const homeless = shared.filter((part) => !systems.some((system) => livesIn(part, system)));
  if (homeless.length > 0) {
    throw new Error(
      homeless.map(({ kind, name }) => `${kind} ${name}: is of no system`).join('\n'),
    );
  }

  const whole = [...parts.values()].flat();
  const written: Record<string, string> = { 'sigstand.yaml': join(whole, title) };
  for (const system of systems) {
    const own = [...parts]
      .filter(([name]) => systemOf(name) === system)
      .flatMap(([, list]) => list);
    if (own.length === 0) throw new Error(`${system}: no manifest is named for it`);
    const rules = shared.filter((part) => part.kind !== 'Namespace' && livesIn(part, system));
    const needed = new Set([...rules, ...own].map(({ namespace }) => namespace));
    const namespaces = shared.filter(({ kind, name }) => kind === 'Namespace' && needed.has(name));
    written[`release-${system}.yaml`] = join([...namespaces, ...rules, ...own], title);
  }
  return written;
}

function systemOf(file: string): string | undefined {
  return systems.find((system) => new RegExp(`(^|/)\\d+-${system}\\.yaml$`).test(file));
}

function livesIn({ kind, name, namespace }: Part, system: string): boolean {
  return (kind === 'Namespace' ? name : namespace) === `${system}-system`;
}

function partsOf(text: string, file: string): Part[] {
  return text
    .split(/^---$/m)
    .map((part) => part.trim())
    .flatMap((part) => {
      const document = parseDocument(part);
      if (document.errors.length > 0) throw new Error(`${file}: ${document.errors[0]?.message}`);
      const object = document.toJS() as {
        kind: string;
        metadata: { name: string; namespace?: string };
      } | null;
      // What stands before the first object is about the file.
      if (object === null) return [];
      const { kind, metadata } = object;
      return [{ text: part, kind, name: metadata.name, namespace: metadata.namespace }];
    });
}

function join(parts: readonly Part[], title: string): string {
  return `# ${title}\n${parts.map(({ text }) => `---\n${text}\n`).join('')}`;
}
