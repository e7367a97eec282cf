import type { KeyObject } from 'node:crypto';
import { JobError } from '@sigstand/job/errors';
import { spki } from '@sigstand/pki/keys';
import { fromUtf8, utf8 } from '@sigstand/pki/pem';
import { readSpki } from '@sigstand/pki/spki';
import { checkLog, checkSchema } from './ct-schema.ts';
import {
  type Message,
  ProtoTextError,
  parseText,
  type Value,
  valuesIn,
  writeText,
} from './prototext.ts';

/** What one CT log is: its tree in Trillian, where it is served, and where its files are mounted. */
export interface CtLog {
  /** Trillian's tree, an int64 in decimal. */
  readonly treeId: string;
  /** The record that names it, in words, where one does. */
  readonly treePlace?: string;
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
}

const backendName = 'trillian';
const pemKeyFile = '[type.googleapis.com/keyspb.PEMKeyFile]';

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

/**
 * A stored configuration for another key of the same log: all else that it says stays.
 *
 * @throws {ProtoTextError} Where it is not the text of such a configuration.
 */
export function withKey(
  bytes: Uint8Array,
  { publicKey, password }: { publicKey: KeyObject; password: Uint8Array },
): Uint8Array {
  readConfig(bytes);
  const key = (message: Message) => changed(message, 'password', () => password);
  const log = (message: Message) => {
    const other = changed(message, 'private_key', (its) =>
      changed(its as Message, pemKeyFile, (file) => key(file as Message)),
    );
    const told: Value = [['der', spki(publicKey)]];
    return optional(message, 'public_key') ? changed(other, 'public_key', () => told) : other;
  };
  return utf8(
    writeText(
      changed(parseText(bytes), 'log_configs', (logs) =>
        changed(logs as Message, 'config', (one) => log(one as Message)),
      ),
    ),
  );
}

/** A message with another value in its one field of a name. */
function changed(message: Message, name: string, change: (value: Value) => Value): Message {
  const before = one(message, name);
  return message.map((field) => (field[0] === name ? [name, change(before)] : field));
}

/** Where ct_server finds the key, below the mount of its Secret. */
export function privateKeyPath(mountPath: string): string {
  return `${mountPath}/private`;
}

/**
 * Reads a configuration of one log, ours or upstream's. It is never written again, so that whatever
 * else it says (a merge delay, a window of notAfter) stays.
 *
 * @throws {ProtoTextError} Where it is not the text of such a configuration.
 */
export function readConfig(bytes: Uint8Array): StoredConfig {
  const file = parseText(bytes);
  checkSchema(file);
  const log = messageIn(messageIn(file, 'log_configs'), 'config');
  checkLog(log);
  const key = messageIn(messageIn(log, 'private_key'), pemKeyFile);
  return {
    treeId: word(log, 'log_id'),
    prefix: text(log, 'prefix'),
    backend: backendOf(messageIn(file, 'backends'), text(log, 'log_backend_name')),
    privateKeyPath: text(key, 'path'),
    password: bytesIn(key, 'password'),
    publicKey: publicKeyIn(optional(log, 'public_key')),
    rootsPaths: all(log, 'roots_pem_file').map(asText),
  };
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

function all(message: Message, name: string): Value[] {
  return message.filter(([field]) => field === name).flatMap(([, value]) => [...valuesIn(value)]);
}

function optional(message: Message, name: string): Value | undefined {
  const [value, ...others] = all(message, name);
  if (others.length > 0) throw new ProtoTextError(`has more than one ${name}; one is kept here`);
  return value;
}

function one(message: Message, name: string): Value {
  const value = optional(message, name);
  if (value === undefined) throw new ProtoTextError(`has no ${name}`);
  return value;
}

function messageIn(message: Message, name: string): Message {
  const value = one(message, name);
  if (!isMessage(value)) throw new ProtoTextError(`has a ${name} that is not a message`);
  return value;
}

function bytesIn(message: Message, name: string): Uint8Array {
  const value = one(message, name);
  if (!(value instanceof Uint8Array)) throw new ProtoTextError(`has a ${name} without quotes`);
  return value;
}

function text(message: Message, name: string): string {
  return fromUtf8(bytesIn(message, name));
}

function asText(value: Value): string {
  if (!(value instanceof Uint8Array)) throw new ProtoTextError('has a path without quotes');
  return fromUtf8(value);
}

function word(message: Message, name: string): string {
  const value = one(message, name);
  if (typeof value !== 'string') throw new ProtoTextError(`has a ${name} that is not a number`);
  return value;
}

function isMessage(value: Value | undefined): value is Message {
  return Array.isArray(value);
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
