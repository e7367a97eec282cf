import { rekorConfig } from '@sigstand/contracts/records';
import { nextTree } from '@sigstand/contracts/shards';
import { JobError } from '@sigstand/job/errors';
import { listed } from '@sigstand/job/listed';
import { utf8 } from '@sigstand/pki/pem';
import type { Change, Data, Snapshot } from '@sigstand/store/store';
import { told, type Used } from './starts-over.ts';

/** A tree as Trillian has it. */
export interface Tree {
  /** A positive int64 in decimal, which no number holds. */
  readonly id: string;
  readonly state: string;
  readonly type: string;
  readonly displayName: string;
  readonly description: string;
  readonly deleted: boolean;
}

/** A tree as Trillian is asked for it. */
export interface NewTree {
  readonly treeState: string;
  readonly treeType: string;
  readonly displayName: string;
  readonly description: string;
  readonly maxRootDuration: { readonly seconds: string; readonly nanos: number };
}

/** Why a tree is made: a name that its description carries, and the tree whose place it takes. */
export interface Intent {
  readonly token: string;
  readonly replaces: string | undefined;
}

/** Under which names a record has a tree, and the intent to make it from before it is made. */
export interface Slot {
  readonly key: string;
  readonly intent: string;
}

/** The tree that the log is kept in. */
export const present: Slot = { key: rekorConfig.keys[0], intent: 'sigstand.dev/tree-intent' };
/** The tree that the log goes on in, once the present one is frozen. */
export const coming: Slot = { key: nextTree, intent: 'sigstand.dev/next-tree-intent' };

const largestId = 2n ** 63n - 1n;
const mark = (token: string) => `[sigstand:${token}]`;
const marked = /\[sigstand:([0-9a-f]{16})\]$/;

// The columns DisplayName and Description of Trillian's table Trees; the description ends with the
// intent's mark, which is 27 characters with its token of 16, and a space.
const longestName = 20;
const longestDescription = 200 - 28;
const longestRootDuration = 290 * 31_536_000_000; // Go's time.Duration ends after 292 years

/**
 * The tree that the flags ask for.
 *
 * @throws {JobError} usage, for what Trillian would refuse only after it was asked.
 */
export function newTree(flags: {
  treeState: string;
  treeType: string;
  displayName: string;
  description: string;
  maxRootDuration: number;
}): NewTree {
  const { treeState, treeType, displayName, description, maxRootDuration } = flags;
  fits('--display-name', displayName, longestName);
  fits('--description', description, longestDescription);
  if (maxRootDuration > longestRootDuration) {
    throw new JobError('usage', '--max-root-duration is more than 290y');
  }
  const seconds = Math.floor(maxRootDuration / 1_000);
  // Trillian keeps milliseconds.
  const nanos = Math.floor(maxRootDuration - seconds * 1_000) * 1_000_000;
  const duration = { seconds: String(seconds), nanos };
  return { treeState, treeType, displayName, description, maxRootDuration: duration };
}

function fits(flag: string, text: string, most: number): void {
  if ([...text].length > most) {
    throw new JobError('usage', `${flag} has more than ${most} characters`);
  }
  if (/\p{Cc}/u.test(text)) throw new JobError('usage', `${flag} has unprintable characters`);
}

/** The tree with the intent's mark at the end of its description. */
export function carrying(tree: NewTree, { token }: Intent): NewTree {
  return { ...tree, description: `${tree.description} ${mark(token)}`.trimStart() };
}

/** The token of the intent that a tree was made for; undefined where another program made it. */
export function tokenOf({ description }: Tree): string | undefined {
  return marked.exec(description)?.[1];
}

/**
 * The id in the record, or undefined where there is none.
 *
 * @throws {JobError} data, where it is no id.
 */
export function recordedId(
  place: string,
  data: Data | undefined,
  { key }: Slot = present,
): string | undefined {
  const value = data?.[key];
  if (value === undefined || value.length === 0) return undefined;
  const text = Buffer.from(value).toString('latin1');
  if (/^[1-9]\d{0,18}$/.test(text) && BigInt(text) <= largestId) return text;
  if (/\d[\r\n]+$/.test(text)) {
    throw new JobError(
      'data',
      `${place} key ${key} ends with a line feed, which Rekor does not take`,
      {
        hint: 'nothing was changed; write it without: printf adds none, echo and editors do',
      },
    );
  }
  throw new JobError('data', `${place} key ${key} is not a positive 64-bit number`, {
    hint: `nothing was changed; put the log's ID back, from your backup (docs/backup.md)`,
  });
}

/** What the record lacks before a tree may be made to take the place of `replaces`. */
export function reservation(
  place: string,
  current: Snapshot | undefined,
  { slot, replaces, newToken }: Wanted & { newToken: () => string },
): Change | undefined {
  if (!isOpen(place, current, { slot, replaces })) return undefined;
  const intent = intentOf(current, slot);
  if (intent !== undefined && intent.replaces === replaces) return undefined;
  return { annotations: { [slot.intent]: intentText({ token: newToken(), replaces }) } };
}

interface Wanted {
  readonly slot: Slot;
  readonly replaces: string | undefined;
}

/** Whether the record has not got yet what is to take the place of `replaces`. */
function isOpen(place: string, current: Snapshot | undefined, { slot, replaces }: Wanted): boolean {
  if (recordedId(place, current?.data) !== replaces) return false;
  return slot === present || recordedId(place, current?.data, slot) === undefined;
}

/** What the record lacks of the tree that was made for the intent; nothing where it names another. */
export function publication(
  place: string,
  current: Snapshot | undefined,
  { slot, intent, id }: { slot: Slot; intent: Intent; id: string },
): Change | undefined {
  if (!isOpen(place, current, { slot, replaces: intent.replaces })) return undefined;
  return { data: { [slot.key]: utf8(id) }, annotations: { [slot.intent]: intentText(intent) } };
}

/** The intent that was last reserved; it is open as long as the record names the tree it replaces. */
export function intentOf(current: Snapshot | undefined, slot = present): Intent | undefined {
  const text = current?.annotations[slot.intent] ?? '';
  const [, token, replaces] = /^([0-9a-f]{16})(?: replaces (\d{1,19}))?$/.exec(text) ?? [];
  return token === undefined ? undefined : { token, replaces };
}

function intentText({ token, replaces }: Intent): string {
  return replaces === undefined ? token : `${token} replaces ${replaces}`;
}

/** The tree that an earlier or a parallel run made for the intent: every process picks the same. */
export function madeFor(
  { token }: Intent,
  { type, trees }: { type: string; trees: readonly Tree[] },
): Tree | undefined {
  return trees.filter((tree) => tokenOf(tree) === token && !flaw(tree, type)).sort(byId)[0];
}

function byId(a: Tree, b: Tree): number {
  return BigInt(a.id) < BigInt(b.id) ? -1 : 1;
}

/** Trees that were made for the same intent as the one that is kept; a frozen one is somebody's. */
export function siblings(
  kept: string,
  { token, trees }: { token: string; trees: readonly Tree[] },
): readonly Tree[] {
  return trees.filter(
    (tree) => tokenOf(tree) === token && tree.id !== kept && tree.state === 'ACTIVE',
  );
}

/**
 * The tree, where a log can be kept in it.
 *
 * @throws {JobError} contradiction, which names the record and the tree, and the trees that may be meant.
 */
export function usable(tree: Tree | undefined, { id, type, place, others, moves }: Usable): Tree {
  const found = flaw(tree, type);
  if (found === undefined && tree !== undefined) return tree;
  const instead =
    others.length > 0 ? ` (Trillian has ${listed(others.map(told))} of its name)` : '';
  throw new JobError('contradiction', `${place} names tree ${id}, which ${found}${instead}`, {
    hint:
      moves && tree?.state !== 'ACTIVE'
        ? movingHint
        : "nothing was changed; restore Trillian's database, or this record, from your backup (docs/backup.md); " +
          'or start a new and empty log with --force',
  });
}

interface Usable {
  readonly id: string;
  readonly type: string;
  readonly place: string;
  readonly others: readonly Used[];
  /** Whether another tree is recorded to come after it. */
  readonly moves: boolean;
}

const movingHint =
  'nothing was changed; the log is about to go on in another tree: run sigstand rotate --new-log again, to its end';

/** Why no log can be kept in a tree; undefined where one can. */
export function flaw(tree: Tree | undefined, type: string): string | undefined {
  if (tree === undefined) return 'Trillian does not have: its database was replaced or lost';
  if (tree.deleted) return 'is deleted in Trillian';
  if (tree.state !== 'ACTIVE') return `is ${tree.state} in Trillian, not ACTIVE`;
  return tree.type === type ? undefined : `is a ${tree.type} in Trillian, not a ${type}`;
}
