import type { KeyObject } from 'node:crypto';
import { JobError } from '@sigstand/job/errors';
import { spki } from '@sigstand/pki/keys';
import { fromUtf8, utf8 } from '@sigstand/pki/pem';
import { readSpki } from '@sigstand/pki/spki';
import { checkLog, checkSchema } from './ct-schema.ts';
import {
  all,
  asText,
  bytesIn,
  isMessage,
  isSet,
  messageIn,
  messagesIn,
  optional,
  text,
  word,
} from './fields.ts';
import { type Message, ProtoTextError, parseText, type Value, writeText } from './prototext.ts';
import { isSignedBy, type SignedTreeHead } from './tree-head.ts';

/** What one CT log is: its tree in Trillian, where it is served, and where its files are mounted. */
export interface CtLog {
  /** Trillian's tree, an int64 in decimal. */
  readonly treeId: string;
  /** The record that names it, in words, where one does. */
  readonly treePlace?: string;
  /** The tree that it goes on in, where one is recorded: the stored log may have that already. */
  readonly nextTreeId?: string | undefined;
  readonly prefix: string;
  /** Trillian's log server, HOST:PORT. */
  readonly backend: string;
  readonly mountPath: string;
}

/** A stored configuration, as far as this Job must understand it. */
export interface StoredConfig {
  readonly treeId: string;
  readonly prefix: string;
  readonly backend: string;
  readonly privateKeyPath: string;
  readonly password: Uint8Array;
  /** Undefined where it is left out, which ct_server allows. */
  readonly publicKey: KeyObject | undefined;
  readonly rootsPaths: readonly string[];
  /** The logs in which nobody writes any more, in the order of the text. */
  readonly old: readonly OldLog[];
}

/** A log that is read, and no longer written to. */
export interface OldLog {
  readonly treeId: string;
  readonly prefix: string;
  readonly publicKey: KeyObject | undefined;
  /** The head that it has for good, as its key signed it; that key is no longer needed then. */
  readonly frozen: SignedTreeHead | undefined;
}

const backendName = 'trillian';
export const pemKeyFile = '[type.googleapis.com/keyspb.PEMKeyFile]';

/** ct_server's configuration (configpb.LogMultiConfig) for a log whose files are in the same Secret. */
export function newConfig(
  { treeId, prefix, backend, mountPath }: CtLog,
  { publicKey, password }: { publicKey: KeyObject; password: string },
): Uint8Array {
  const privateKey: Message = [
    ['path', utf8(privateKeyPath(mountPath))],
    ['password', utf8(password)],
  ];
  const config: Message = [
    ['log_id', treeId],
    ['prefix', utf8(prefix)],
    ['roots_pem_file', utf8(`${mountPath}/rootca`)],
    ['private_key', [[pemKeyFile, privateKey]]],
    ['public_key', [['der', spki(publicKey)]]],
    // The name is ct_server's; without it the log would take certificates for any use.
    ['ext_key_usages', utf8('CodeSigning')],
    ['log_backend_name', utf8(backendName)],
  ];
  const backends: Message = [
    ['name', utf8(backendName)],
    ['backend_spec', utf8(backend)],
  ];
  return utf8(
    writeText([
      ['backends', [['backend', backends]]],
      ['log_configs', [['config', config]]],
    ]),
  );
}

/** Where ct_server finds the key, below the mount of its Secret. */
export function privateKeyPath(mountPath: string): string {
  return `${mountPath}/private`;
}

/**
 * Reads a configuration, ours or upstream's: of one log that is written to, and of any number that are only read. What it
 * says beside that (a merge delay, a window of notAfter) is never changed.
 *
 * @throws {ProtoTextError} Where it is not the text of such a configuration.
 */
export function readConfig(bytes: Uint8Array): StoredConfig {
  const { file, log, old } = logsIn(bytes);
  const key = messageIn(messageIn(log, 'private_key'), pemKeyFile);
  const stored = {
    treeId: word(log, 'log_id'),
    prefix: text(log, 'prefix'),
    backend: backendOf(messageIn(file, 'backends'), backendIn(log)),
    privateKeyPath: text(key, 'path'),
    password: bytesIn(key, 'password'),
    publicKey: publicKeyIn(optional(log, 'public_key')),
    rootsPaths: all(log, 'roots_pem_file').map(asText),
    old: old.map(oldLog),
  };
  refuseAlike(file, [log, ...old]);
  return stored;
}

/** The messages of a configuration: the one of the log that is written to, and those of the others. */
export function logsIn(bytes: Uint8Array): {
  readonly file: Message;
  readonly log: Message;
  readonly old: readonly Message[];
} {
  const file = parseText(bytes);
  checkSchema(file);
  const logs = messagesIn(messageIn(file, 'log_configs'), 'config');
  for (const log of logs) checkLog(log);
  const isOld = (log: Message) =>
    logs.length > 1 && (isSet(log, 'is_readonly') || isSet(log, 'is_mirror'));
  const [log, ...others] = logs.filter((one) => !isOld(one));
  if (log === undefined) throw new ProtoTextError('has no config of a log that is written to');
  if (others.length > 0) {
    throw new ProtoTextError('has more than one config of a log that is written to; one is kept');
  }
  if (optional(log, 'frozen_sth')) {
    throw new ProtoTextError('has a frozen_sth of the log that is written to');
  }
  return { file, log, old: logs.filter(isOld) };
}

function oldLog(log: Message): OldLog {
  const publicKey = publicKeyIn(optional(log, 'public_key'));
  const head = optional(log, 'frozen_sth');
  const frozen = isMessage(head) ? headIn(head) : undefined;
  if (frozen && !(publicKey && isSignedBy(frozen, publicKey))) {
    throw new ProtoTextError('has a frozen_sth that its public_key did not sign');
  }
  if (isSet(log, 'is_mirror')) {
    // A mirror of another log takes its heads from there, which is not done here.
    if (!frozen) throw new ProtoTextError('has a mirror without a frozen_sth');
  } else {
    messageIn(messageIn(log, 'private_key'), pemKeyFile);
    if (all(log, 'roots_pem_file').length === 0) throw new ProtoTextError('has no roots_pem_file');
  }
  return { treeId: word(log, 'log_id'), prefix: text(log, 'prefix'), publicKey, frozen };
}

function headIn(head: Message): SignedTreeHead {
  const number = (name: string) => Number(optional(head, name) ?? 0);
  const [size, timestamp] = [number('tree_size'), number('timestamp')];
  const root = bytesIn(head, 'sha256_root_hash');
  if (!Number.isSafeInteger(size) || !Number.isSafeInteger(timestamp) || root.length !== 32) {
    throw new ProtoTextError('has a frozen_sth that is no tree head');
  }
  return { size, timestamp, root, signature: bytesIn(head, 'tree_head_signature') };
}

/** ct_server serves no two logs at one path, of one tree, or with one key. */
function refuseAlike(file: Message, logs: readonly Message[]): void {
  const backends = messageIn(file, 'backends');
  const told = {
    prefix: logs.map((log) => text(log, 'prefix')),
    log_id: logs.map((log) => `${backendOf(backends, backendIn(log))} ${word(log, 'log_id')}`),
    public_key: logs.flatMap((log) => {
      const key = publicKeyIn(optional(log, 'public_key'));
      return key ? [Buffer.from(spki(key)).toString('hex')] : [];
    }),
  };
  if (told.prefix.includes('')) throw new ProtoTextError('has an empty prefix');
  for (const [name, all] of Object.entries(told)) {
    if (new Set(all).size < all.length) throw new ProtoTextError(`has two logs of one ${name}`);
  }
}

function backendIn(log: Message): string {
  return text(log, 'log_backend_name');
}

function backendOf(backends: Message, name: string): string {
  const named = all(backends, 'backend').find(
    (one) => isMessage(one) && text(one, 'name') === name,
  );
  if (!isMessage(named)) throw new ProtoTextError('names a log_backend_name that is no backend');
  return text(named, 'backend_spec');
}

function publicKeyIn(value: Value | undefined): KeyObject | undefined {
  if (value === undefined) return undefined;
  if (!isMessage(value)) throw new ProtoTextError('has a public_key that is not a message');
  const der = bytesIn(value, 'der');
  try {
    return readSpki(der);
  } catch {
    throw new ProtoTextError('has a public_key that cannot be read');
  }
}

const mostInt64 = 2n ** 63n - 1n;

/** @throws {JobError} data, where the bytes are no positive int64 in decimal. */
export function treeIdOf(place: string, bytes: Uint8Array): string {
  const digits = fromUtf8(bytes);
  if (/^\d{1,19}$/.test(digits)) {
    const id = BigInt(digits);
    if (id > 0n && id <= mostInt64) return String(id);
  }
  const lineFeed = /\d[\r\n]+$/.test(digits) ? ': it ends with a line feed' : '';
  throw new JobError('data', `${place} is not a tree's ID, a positive 64-bit integer${lineFeed}`);
}
