import { nextKey } from './next.ts';

/*
 * A log may go on in another tree: the one before is frozen, and stays. What is recorded of that stands beside `treeID`,
 * in the record that createtree writes and nobody applies, so that one write moves all of it.
 */

/** The name under which a record has the tree that the log goes on in. */
export const nextTree = nextKey('treeID');

/** The note on a record that tells which tree is frozen, and how many leaves it has for good. */
export const frozenNote = 'sigstand.dev/frozen-tree';

/** A tree that was frozen, with its length. */
export interface Shard {
  /** A positive int64 in decimal. */
  readonly tree: string;
  readonly length: number;
}

/** The text of the note. */
export function frozenText({ tree, length }: Shard): string {
  return `${tree} ${length}`;
}

/** What the note says; undefined where there is none. */
export function readFrozen(text: string | undefined): Shard | undefined {
  const [, tree, length] = /^(\d{1,19}) (\d{1,15})$/.exec(text ?? '') ?? [];
  return tree === undefined ? undefined : { tree, length: Number(length) };
}

/** The setting by which Rekor finds its inactive shards: a path, by a flag that it reads in its environment. */
export const shardingSetting = {
  variable: 'TRILLIAN_LOG_SERVER.SHARDING_CONFIG',
  key: 'sharding-config',
  mount: '/var/run/rekor-config',
} as const;

/**
 * The name of the file with the shards before a tree. Each tree has its own: who starts with a new tree's ID and an old
 * copy of the files finds none, and does not start with a part of the log.
 */
export function shardsBefore(tree: string): string {
  return `shards-before-${tree}`;
}

/** Inactive shards as Rekor reads them, from oldest to newest: JSON is YAML, too. */
export function shardsText(shards: readonly Shard[]): string {
  const lines = shards.map(({ tree, length }) => `- {treeID: ${tree}, treeLength: ${length}}\n`);
  return lines.join('');
}

/** The shards of such a text; undefined where it is another one. */
export function readShards(text: string): readonly Shard[] | undefined {
  const line = /- \{treeID: (\d{1,19}), treeLength: (\d{1,15})\}\n/y;
  const shards: Shard[] = [];
  while (line.lastIndex < text.length) {
    const [, tree = '', length = ''] = line.exec(text) ?? [];
    if (tree === '') return undefined;
    shards.push({ tree, length: Number(length) });
  }
  return shards;
}

/** The path of a CT log in which nobody writes any more, from the path that it had and its tree. */
export function oldLogPath(prefix: string, tree: string): string {
  return `${prefix}/${oldLogs}/${tree}`;
}

/** The tree of a CT log in which nobody writes any more, by its path or URL; undefined of any other. */
export function oldTreeIn(url: string): string | undefined {
  return new RegExp(`/${oldLogs}/(\\d{1,19})/?$`).exec(url)?.[1];
}

/** The key of the CT log's Secret with the private key of a log that is about to be frozen. */
export function oldPrivateKey(tree: string): string {
  return `private-${tree}`;
}

/**
 * The note on the copy of the CT log's key that tells which keys were those of logs in which nobody writes any more: the
 * last key of each such log, with its tree, from the oldest log to the newest.
 */
export const oldLogsNote = 'sigstand.dev/old-logs';

/** A CT log that was frozen: the SHA-256 of its last key, which is the log's ID, and its tree. */
export interface FrozenLog {
  readonly key: string;
  readonly tree: string;
}

/** The text of that note. */
export function oldLogsText(logs: readonly FrozenLog[]): string {
  return logs.map(({ key, tree }) => `${key} ${tree}`).join(', ');
}

/** What that note says; what is no such text says nothing. */
export function readOldLogs(text: string | undefined): readonly FrozenLog[] {
  return (text ?? '').split(', ').flatMap((part) => {
    const [, key, tree] = /^([0-9a-f]{64}) (\d{1,19})$/.exec(part) ?? [];
    return key && tree ? [{ key, tree }] : [];
  });
}

/** Under this, beside the calls of the log that is written to, CT logs are served that are only read. */
export const oldLogs = 'old';
