import { Option } from '@commander-js/extra-typings';
import { type Ref, type Snapshot, type Store, show } from '@sigstand/store/store';
import { JobError } from './errors.ts';
import { leadsOut } from './outside.ts';
import { namePrefix, namespaceName } from './values.ts';

/** Where clients' trust in a key can be seen, besides its own namespace. */
export interface Trusted {
  /** The public half in the namespace of the TUF repository. */
  readonly copy: Ref;
  /** The TUF repository, whose files are named after their content and then the target. */
  readonly repository: Ref;
  /** The target that every repository with such a key has. */
  readonly target: string;
}

/** The note on a copy that lets a new key take the place of the one that clients trust: a rotation. */
export const newKeyNote = 'sigstand.dev/new-key';

interface Where {
  readonly namespace: string;
  readonly passwordSecret?: string;
}

/**
 * The flag of Jobs that make keys. Its default is the namespace of the one stack in a directory, and on a
 * cluster of the stack whose Job writes `beside` it. `unless` says which options make it idle.
 */
export const tufNamespaceFlag = (
  standard: string,
  { beside, unless = () => false }: { beside: string; unless?: (options: Where) => boolean },
) =>
  leadsOut(
    new Option(
      '--tuf-namespace <name>',
      'namespace of the TUF repository: no key is made beside one that it has; or none. ' +
        'NAMESPACE/PREFIX, where copysecrets has a --copy-prefix',
    )
      .argParser(tufPlace)
      .default(standard, `${standard} beside ${beside}`),
    (options: Where) => options.namespace === beside || unless(options),
  );

function tufPlace(text: string): string {
  if (text === 'none') return text;
  const [namespace = '', prefix = ''] = text.split(/\/(.*)/s);
  namespaceName(namespace);
  namePrefix(prefix);
  return text;
}

/**
 * The objects of a namespace that tell of trust in a key, the copy behind a prefix that `place` may have;
 * undefined for `none`.
 */
export function trustedIn(
  place: string,
  { copy, repository, target }: { copy: Ref; repository: Ref; target: string },
): Trusted | undefined {
  if (place === 'none') return undefined;
  const [namespace = '', prefix = ''] = place.split('/');
  return {
    copy: { ...copy, namespace, name: `${prefix}${copy.name}` },
    repository: { ...repository, namespace },
    target,
  };
}

/**
 * Asked before a key is made, with the private record as it was read then.
 *
 * @throws {JobError} contradiction, where clients trust a key already: services would sign with one that
 *   no client knows.
 */
export async function refuseSecondKey(
  store: Store,
  { secret, home = secret, seen }: { secret: Ref; home?: Ref; seen: Snapshot | undefined },
  trusted: Trusted | undefined,
): Promise<void> {
  // A record of another program's is not written in any case, which is said of it.
  if (seen?.owner !== undefined) return;
  const by = trusted && (await trustedBy(store, trusted));
  if (by === undefined) return;
  // A parallel run may have made that key since; then this one's write conflicts, and all is read again.
  if ((await store.read(secret))?.version !== seen?.version) return;
  throw new JobError(
    'contradiction',
    `${show(home)} has no key, but clients trust one already: ${show(by)} has its public half`,
    { hint: `nothing was changed; ${restoring(home)}` },
  );
}

/** The record by which clients trust a key, if one does. */
async function trustedBy(
  store: Store,
  { copy, repository, target }: Trusted,
): Promise<Ref | undefined> {
  const found = await store.read(copy);
  if (found?.annotations[newKeyNote]) return undefined;
  if (Object.values(found?.data ?? {}).some(({ length }) => length > 0)) return copy;
  const files = Object.keys((await store.read(repository))?.data ?? {});
  const hasTarget = files.some((name) => /^[0-9a-f]{64}\./.test(name) && name.slice(65) === target);
  return hasTarget ? repository : undefined;
}

/** What to do about a private key that is gone. */
export function restoring(secret: Ref): string {
  return (
    `restore ${show(secret)} from your backup, with its annotations (docs/backup.md); ` +
    'without one, docs/rotation.md brings clients a new key'
  );
}
