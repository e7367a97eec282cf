import type { KeyObject } from 'node:crypto';
import { oldLogPath } from '@sigstand/contracts/shards';
import { spki } from '@sigstand/pki/keys';
import { utf8 } from '@sigstand/pki/pem';
import { logsIn, pemKeyFile, readConfig } from './ct-config.ts';
import { changed, optional, text, without, word } from './fields.ts';
import { type Message, ProtoTextError, type Value, writeText } from './prototext.ts';
import type { SignedTreeHead } from './tree-head.ts';

/*
 * A stored configuration with another key, or of one log more: all else that it says stays. The log that is written to keeps
 * its path, since Fulcio is told that by its own manifest; the one before it gets a path of its own.
 */

/** A new key, and what opens it. */
interface NewKey {
  readonly publicKey: KeyObject;
  readonly password: Uint8Array;
}

/**
 * Another key of the same log.
 *
 * @throws {ProtoTextError} Where it is not the text of such a configuration.
 */
export function withKey(bytes: Uint8Array, key: NewKey): Uint8Array {
  return rewritten(bytes, (log, old) => [keyed(log, key), ...old]);
}

/**
 * A new log in the place of the present one, which is read under its own path from now on, with its key in another file.
 *
 * @throws {ProtoTextError} Where it is not the text of such a configuration.
 */
export function withNewLog(
  bytes: Uint8Array,
  key: NewKey & {
    readonly treeId: string;
    /** The present key, which a configuration need not have. */
    readonly present: KeyObject;
    readonly oldKeyPath: string;
  },
): Uint8Array {
  return rewritten(bytes, (log, old) => {
    const fresh = changed(keyed(log, key), 'log_id', () => key.treeId);
    const path = oldLogPath(text(log, 'prefix'), word(log, 'log_id'));
    const before = changed(log, 'prefix', () => utf8(path));
    const read: Message = [
      ...without(before, 'is_readonly', 'public_key'),
      ['public_key', der(key.present)],
      ['is_readonly', 'true'],
    ];
    const file = (one: Message) => changed(one, 'path', () => utf8(key.oldKeyPath));
    return [fresh, ...old, inKeyFile(read, file)];
  });
}

/**
 * The log of a tree with the head that it has for good. ct_server hands that out, and needs no private key of that log.
 *
 * @throws {ProtoTextError} Where it is not the text of such a configuration, or the key of that log did not sign the head.
 */
export function withFrozen(
  bytes: Uint8Array,
  treeId: string,
  { size, timestamp, root, signature }: SignedTreeHead,
): Uint8Array {
  const head: Message = [
    ['tree_size', String(size)],
    ['timestamp', String(timestamp)],
    ['sha256_root_hash', root],
    ['tree_head_signature', signature],
  ];
  const closed = (log: Message): Message => [
    ...without(log, 'private_key', 'is_mirror', 'frozen_sth'),
    ['is_mirror', 'true'],
    ['frozen_sth', head],
  ];
  return rewritten(bytes, (log, old) => {
    const found = old.some((one) => word(one, 'log_id') === treeId);
    if (!found) throw new ProtoTextError('has no log of before with that log_id');
    return [log, ...old.map((one) => (word(one, 'log_id') === treeId ? closed(one) : one))];
  });
}

/** The configuration of other logs, read once more: what cannot be read is not written. */
function rewritten(
  bytes: Uint8Array,
  change: (log: Message, old: readonly Message[]) => readonly Message[],
): Uint8Array {
  readConfig(bytes);
  const { file, log, old } = logsIn(bytes);
  const configs = change(log, old).map((one) => ['config', one] as const);
  const made = utf8(writeText(changed(file, 'log_configs', () => configs)));
  readConfig(made);
  return made;
}

function keyed(log: Message, { publicKey, password }: NewKey): Message {
  const other = inKeyFile(log, (file) => changed(file, 'password', () => password));
  return optional(log, 'public_key') ? changed(other, 'public_key', () => der(publicKey)) : other;
}

function inKeyFile(log: Message, change: (file: Message) => Message): Message {
  return changed(log, 'private_key', (its) =>
    changed(its as Message, pemKeyFile, (file) => change(file as Message)),
  );
}

function der(key: KeyObject): Value {
  return [['der', spki(key)]];
}
