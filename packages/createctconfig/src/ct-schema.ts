import { isYes } from './fields.ts';
import { List, type Message, ProtoTextError, type Value, valuesIn } from './prototext.ts';

/*
 * The fields of configpb.LogMultiConfig (certificate-transparency-go, trillian/ctfe/configpb/config.proto), and
 * what ct_server demands of them when it starts: one that it does not know, or a value of another kind, and it
 * does not start.
 */

/** Whether a value is one that the field can have. */
type Kind = (value: Value) => boolean;

/** The fields of a message: one of a kind, or in a list any number. */
interface Schema {
  readonly [name: string]: Kind | readonly [Kind];
}

const isWord = (value: Value): value is string => typeof value === 'string';
const bytes: Kind = (value) => value instanceof Uint8Array;
const text: Kind = (value) =>
  value instanceof Uint8Array && Buffer.from(Buffer.from(value).toString('utf8')).equals(value);
const bool: Kind = (value) => isWord(value) && /^(true|True|t|1|false|False|f|0)$/.test(value);
const matching =
  (pattern: RegExp): Kind =>
  (value) =>
    text(value) && pattern.test(Buffer.from(value as Uint8Array).toString('utf8'));
const whole =
  (least: bigint, most: bigint): Kind =>
  (value) =>
    // Go reads octal and hexadecimal numbers as well; nobody writes them here.
    isWord(value) &&
    /^-?(0|[1-9]\d{0,18})$/.test(value) &&
    BigInt(value) >= least &&
    BigInt(value) <= most;
const message =
  (schema: Schema): Kind =>
  (value) => {
    if (!Array.isArray(value)) return false;
    check(value, schema);
    return true;
  };

const seconds = whole(0n, 2n ** 31n - 1n);
// The years that a Timestamp can have, 1 to 9999.
const timestamp = message({
  seconds: whole(-62_135_596_800n, 253_402_300_799n),
  nanos: whole(0n, 999_999_999n),
});

const usages =
  /^(Any|ServerAuth|ClientAuth|CodeSigning|EmailProtection|IPSEC(EndSystem|Tunnel|User)|TimeStamping|OCSPSigning|(Microsoft|Netscape)ServerGatedCrypto)$/;

const logConfig: Schema = {
  log_id: whole(1n, 2n ** 63n - 1n),
  prefix: text,
  override_handler_prefix: text,
  roots_pem_file: [text],
  private_key: message({
    '[type.googleapis.com/keyspb.PEMKeyFile]': message({ path: text, password: text }),
  }),
  public_key: message({ der: bytes }),
  reject_expired: bool,
  reject_unexpired: bool,
  ext_key_usages: [matching(usages)],
  not_after_start: timestamp,
  not_after_limit: timestamp,
  accept_only_ca: bool,
  log_backend_name: text,
  is_mirror: bool,
  is_readonly: bool,
  frozen_sth: message({
    ...{ tree_size: whole(0n, 2n ** 63n - 1n), timestamp: whole(0n, 2n ** 63n - 1n) },
    ...{ sha256_root_hash: bytes, tree_head_signature: bytes },
  }),
  max_merge_delay_sec: seconds,
  expected_merge_delay_sec: seconds,
  reject_extensions: [matching(/^\d{1,9}(\.\d{1,9})*$/)],
  ctfe_storage_connection_string: matching(/^(mysql|postgres(ql)?):\/\//),
  extra_data_issuance_chain_storage_backend: (value) =>
    isWord(value) && /^(0|1|ISSUANCE_CHAIN_STORAGE_BACKEND_(TRILLIAN_GRPC|CTFE))$/.test(value),
  logv3_url: text,
};

const multiConfig: Schema = {
  backends: message({ backend: [message({ name: text, backend_spec: text })] }),
  log_configs: message({ config: [message(logConfig)] }),
};

/**
 * Refuses a configuration that ct_server would not start with.
 *
 * @throws {ProtoTextError} Naming the field. Its value may be a password, and is not told.
 */
export function checkSchema(config: Message): void {
  check(config, multiConfig);
}

function check(fields: Message, schema: Schema): void {
  const seen = new Set<string>();
  for (const [name, value] of fields) {
    const kind = Object.hasOwn(schema, name) ? schema[name] : undefined;
    if (kind === undefined) throw refused(name, 'a field that ct_server does not know');
    if (typeof kind === 'function') refuseSeveral(name, value, seen);
    const fits = typeof kind === 'function' ? kind : kind[0];
    if (!valuesIn(value).every(fits)) throw refused(name, 'a value that ct_server does not take');
  }
}

/** Of a field with one value there may be no second, and no list, not even of one. */
function refuseSeveral(name: string, value: Value | List, seen: Set<string>): void {
  if (seen.has(name)) throw new ProtoTextError(`has more than one ${name}; one is kept here`);
  seen.add(name);
  if (value instanceof List)
    throw refused(name, 'a list, and ct_server takes one value without brackets');
}

function refused(name: string, what: string): ProtoTextError {
  // Only what could be a field's name is told: it stands in a file with a password.
  const told = /^[a-z_]{1,64}$/.test(name) ? name : 'in brackets';
  return new ProtoTextError(`has ${what}: ${told}`);
}

/** What ct_server holds against each other in one log's configuration (ctfe.ValidateLogConfig). */
export function checkLog(log: Message): void {
  const found = singles(log);
  const number = (name: string) => Number(found.get(name) ?? 0);
  if ([found.get('reject_expired'), found.get('reject_unexpired')].every(isYes)) {
    throw new ProtoTextError('rejects both expired and unexpired certificates');
  }
  if (isYes(found.get('is_mirror')) && found.has('private_key')) {
    throw refused('is_mirror', 'a value that ct_server does not take');
  }
  if (number('expected_merge_delay_sec') > number('max_merge_delay_sec')) {
    throw new ProtoTextError('has an expected_merge_delay_sec above its max_merge_delay_sec');
  }
  const [start, limit] = ['not_after_start', 'not_after_limit'].map((name) =>
    momentOf(found.get(name)),
  );
  if (start !== undefined && limit !== undefined && limit < start) {
    throw new ProtoTextError('has a not_after_limit before its not_after_start');
  }
  const backend = found.get('extra_data_issuance_chain_storage_backend');
  if (/CTFE$|^1$/.test(String(backend)) && !found.has('ctfe_storage_connection_string')) {
    throw new ProtoTextError('has no ctfe_storage_connection_string');
  }
}

function momentOf(value: Value | undefined): bigint | undefined {
  if (!Array.isArray(value)) return undefined;
  const parts = singles(value as Message);
  return (
    BigInt(String(parts.get('seconds') ?? 0)) * 1_000_000_000n +
    BigInt(String(parts.get('nanos') ?? 0))
  );
}

/** The fields that stand without brackets, as all do of which there may be but one. */
function singles(message: Message): Map<string, Value> {
  return new Map(
    message.flatMap(([name, value]) => (value instanceof List ? [] : [[name, value] as const])),
  );
}
