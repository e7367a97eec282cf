import { ctlogSecrets } from '@sigstand/contracts/records';
import { readConfig } from '@sigstand/createctconfig/ct-config';
import { type Head, isSame } from '../backup/heads.ts';
import type { Manifest } from '../backup/manifest.ts';
import { type Kept, valueIn } from '../backup/object.ts';
import type { Seen, SeenHead } from '../status/seen.ts';
import { keyName } from '../status/trust.ts';
import type { Contents } from './contents.ts';

/** The head of a log as it was seen before the loss. */
export interface SeenLog extends Head {
  readonly url: string;
}

/** What `sigstand status` saw, as far as it may be lost. */
export interface SeenBefore {
  readonly roles: Seen['roles'];
  readonly logs: readonly SeenLog[];
}

/** Trillian gives no tree this number. */
const noTree = '0';

/**
 * Those of each log that was seen, and of the trees in which it was before. A CT log that is written to does not name its
 * tree: it is that of the log that had its key; else the newest of the backup, where that was not seen as an older one.
 */
export function seenLogs({ logs = {} }: Seen, { manifest, objects }: Contents): SeenLog[] {
  const { ctlogTree } = manifest.stack;
  const all = Object.entries(logs).flatMap(([url, log]) =>
    [log, ...(log.before ?? [])].map((one) => ({ url, ...one })),
  );
  const old = oldKeys(objects);
  const isOlder = all.some(({ tree }) => tree === ctlogTree);
  const treeOf = ({ tree, key = '' }: SeenHead) =>
    tree ?? old.get(key) ?? (isOlder ? noTree : ctlogTree);
  return all.map((one) => ({ url: one.url, tree: treeOf(one), size: one.size, root: one.root }));
}

/** The trees of CT logs in which nobody writes any more, by the names of their keys. */
function oldKeys(objects: readonly Kept[]): Map<string, string> {
  const secret = objects.find(({ metadata }) => metadata.name === ctlogSecrets.name);
  const config = secret && valueIn(secret, 'config');
  try {
    const { old } = readConfig(config ?? Buffer.alloc(0));
    return new Map(
      old.flatMap(({ treeId, publicKey }) => (publicKey ? [[keyName(publicKey), treeId]] : [])),
    );
  } catch {
    // One that only a person could read: none is known by its key.
    return new Map();
  }
}

/** What was seen and is no more, in words; `had` are the heads that the database has all the same. */
export function lost(
  { timestamp, database }: Manifest,
  seen: SeenBefore,
  had: readonly Head[],
): string[] {
  const found: string[] = [];
  const version = seen.roles?.timestamp;
  if (version !== undefined && version > timestamp) {
    found.push(
      `version ${timestamp} of the timestamp is older than ${version}, which clients saw: createtuf has to sign ${version - timestamp} times before they follow it again`,
    );
  }
  if (database === 'external') return found;
  for (const one of seen.logs) {
    const { size = 0 } = database.heads.find(({ tree }) => tree === one.tree) ?? {};
    if (one.size <= size || had.some((head) => isSame(head, one))) continue;
    found.push(
      `${one.size - size} entries at the end of ${one.url}: it had ${one.size}, and the backup has ${size}`,
    );
  }
  return found;
}
