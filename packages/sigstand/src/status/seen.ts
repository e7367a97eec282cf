import { JobError } from '@sigstand/job/errors';
import type { TreeHead } from '../merkle.ts';
import type { RoleName } from './tuf-roles.ts';

/** A log as it was when it was last in order. */
export interface SeenHead {
  /** Rekor's tree; a CT log has no name for its own, but where it is only read. */
  readonly tree?: string;
  /** SHA-256 of the key of a CT log, by which one is told from another. */
  readonly key?: string;
  readonly size: number;
  /** Of the root hash, in hexadecimal digits. */
  readonly root: string;
  /** The trees in which the log was before this one, from oldest to newest. */
  readonly before?: readonly SeenHead[];
}

/** What a run leaves for the next one to compare with; nothing of it is secret. */
export interface Seen {
  /** SHA-256 of the root from which trust began. */
  readonly firstRoot?: string | undefined;
  readonly roles?: Readonly<Partial<Record<RoleName, number>>> | undefined;
  /** By the URL of each log. */
  readonly logs?: Readonly<Record<string, SeenHead>> | undefined;
}

const form = 'sigstand-status-1';

/** @throws {JobError} data, where the text is no such state; `flag` has named it. */
export function readSeen(text: string, flag: string): Seen {
  try {
    const state = JSON.parse(text) as Seen & { form?: string };
    const { firstRoot, roles = {}, logs = {} } = state;
    const heads = Object.values(logs).flatMap((one) => [one, ...(one.before ?? [])]);
    const sound = [
      state.form === form,
      heads.every(isSound),
      Object.values(roles).every((one) => Number.isSafeInteger(one)),
      // They are told as they stand.
      Object.keys(logs).every((url) => /^[^\s\p{C}]+$/u.test(url)),
    ];
    if (sound.every(Boolean)) return { firstRoot, roles, logs };
  } catch {
    // The same: it is told without what is in it.
  }
  throw new JobError('data', `${flag} is not a file that sigstand status has written`, {
    hint: 'name another file; a new one begins anew, and what was seen before is not compared',
  });
}

function isSound({ tree = '0', key = '', size, root }: SeenHead): boolean {
  const texts: readonly (readonly [unknown, RegExp])[] = [
    [tree, /^\d{1,19}$/],
    [key, /^[0-9a-f]*$/],
    [root, /^[0-9a-f]{64}$/],
  ];
  const areTexts = texts.every(([one, form]) => typeof one === 'string' && form.test(one));
  return areTexts && Number.isSafeInteger(size) && size >= 0;
}

/** The text of the state, for a file. */
export function seenText(seen: Seen): string {
  return `${JSON.stringify({ form, ...seen }, null, 1)}\n`;
}

/** The tree head that was seen. */
export function headOf({ size, root }: SeenHead): TreeHead {
  return { size, root: Buffer.from(root, 'hex') };
}

/** What is to be kept of a tree head. */
export function seenHead(
  { size, root }: TreeHead,
  { tree, key }: { tree?: string | undefined; key?: string | undefined },
): SeenHead {
  return { ...(tree && { tree }), ...(key && { key }), size, root: root.toString('hex') };
}
