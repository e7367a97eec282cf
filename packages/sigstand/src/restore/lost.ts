import { type Head, isSame } from '../backup/heads.ts';
import type { Manifest } from '../backup/manifest.ts';
import type { Seen } from '../status/seen.ts';

/** The head of a log as it was seen before the loss. */
export interface SeenLog extends Head {
  readonly url: string;
}

/** Those of each log that was seen, and of the trees in which it was before. A CT log does not name its tree. */
export function seenLogs({ logs = {} }: Seen, { stack }: Pick<Manifest, 'stack'>): SeenLog[] {
  return Object.entries(logs)
    .flatMap(([url, log]) => [log, ...(log.before ?? [])].map((one) => ({ url, ...one })))
    .map(({ url, tree = stack.ctlogTree, size, root }) => ({ url, tree, size, root }));
}

/** What was seen and is no more, in words; `had` are the heads that the database has all the same. */
export function lost(manifest: Manifest, seen: Seen, had: readonly Head[]): string[] {
  const { timestamp, database } = manifest;
  const found: string[] = [];
  const version = seen.roles?.timestamp;
  if (version !== undefined && version > timestamp) {
    found.push(
      `version ${timestamp} of the timestamp is older than ${version}, which clients saw: createtuf has to sign ${version - timestamp} times before they follow it again`,
    );
  }
  if (database === 'external') return found;
  for (const one of seenLogs(seen, manifest)) {
    const { size = 0 } = database.heads.find(({ tree }) => tree === one.tree) ?? {};
    if (one.size <= size || had.some((head) => isSame(head, one))) continue;
    found.push(
      `${one.size - size} entries at the end of ${one.url}: it had ${one.size}, and the backup has ${size}`,
    );
  }
  return found;
}
