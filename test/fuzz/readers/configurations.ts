import { utf8 } from '@sigstand/pki/pem';
import type fc from 'fast-check';
import { mostly } from './chains.ts';

type Configuration = (config: Uint8Array) => Uint8Array;

/** A configuration with another line in its log. */
const line =
  (text: string): Configuration =>
  (config) =>
    utf8(Buffer.from(config).toString().replace('    prefix:', `    ${text}\n    prefix:`));
const replaced =
  (from: string | RegExp, to: string): Configuration =>
  (config) =>
    utf8(Buffer.from(config).toString().replace(from, to));

const usual: readonly Configuration[] = [
  (config) => config,
  line('# mine'),
  line('max_merge_delay_sec: 86400 expected_merge_delay_sec: 60'),
  line('reject_expired: true'),
  line('reject_unexpired: t'),
  line('accept_only_ca: false'),
  line('is_readonly: 1'),
  line('not_after_start { seconds: 1700000000 nanos: 5 }'),
  line('not_after_start < seconds: 1 >; not_after_limit: { seconds: 2 },'),
  line('ext_key_usages: ["TimeStamping", "Any"]'),
  line('reject_extensions: "1.2.3"'),
  line('reject_extensions: [] ext_key_usages: ["Any"]'),
  replaced(/roots_pem_file: (".*")/, 'roots_pem_file: [$1]'),
  replaced(/backend (\{[^}]*\})/, 'backend [$1]'),
  replaced(/(?<=public_key) {\n.*\n\s*}/, '{}'),
];

const odd: readonly Configuration[] = [
  line('mine: 1'),
  line('max_merge_delay_sec: [86400]'),
  line('override_handler_prefix: []'),
  line('is_readonly: [true, true]'),
  line('ext_key_usages: [["Any"]]'),
  line('reject_extensions: ["1.2",]'),
  line('not_after_start [] is_readonly []'),
  line('reject_extensions []'),
  line('not_after_start { seconds: [5] }'),
  line('not_after_start {} not_after_start {}'),
  replaced(/log_id: (\d+)/, 'log_id: [$1]'),
  replaced(/password: (".*")/, 'password: [$1]'),
  replaced(/backends (\{[^}]*\{[^}]*\}\s*\})/, 'backends: [$1]'),
  replaced(/keyspb.PEMKeyFile\] (\{[^}]*\})/, 'keyspb.PEMKeyFile]: [$1]'),
  replaced(/password: (".*")/, 'password: $1 password: $1'),
  line('reject_expired: maybe'),
  line('reject_expired: true reject_unexpired: true'),
  line('reject_expired: true reject_expired: true'),
  line('max_merge_delay_sec: -1'),
  line('max_merge_delay_sec: 1.5'),
  line('max_merge_delay_sec: 99999999999'),
  line('expected_merge_delay_sec: 60'),
  line('not_after_start { seconds: 5 } not_after_limit { seconds: 1 }'),
  line('not_after_start { seconds: 5 nanos: -1 }'),
  line('not_after_start { seconds: 999999999999999 }'),
  line('not_after_start { minutes: 5 }'),
  line('ext_key_usages: "Nonsense"'),
  line('ext_key_usages: CodeSigning'),
  line('is_mirror: true'),
  line('frozen_sth { tree_size: 5 }'),
  line('reject_extensions: "1.x"'),
  line('ctfe_storage_connection_string: 5'),
  line('extra_data_issuance_chain_storage_backend: ISSUANCE_CHAIN_STORAGE_BACKEND_CTFE'),
  line('extra_data_issuance_chain_storage_backend: NONE'),
  line('override_handler_prefix: "x"'),
  line('[type.googleapis.com/x] {}'),
  replaced('prefix: "log"', "prefix: 'lo' 'g'"),
  replaced('prefix: "log"', 'prefix: "l\\x6fg"'),
  replaced('password: "', 'password: "\\377'),
  replaced('password: "', 'passphrase: "'),
  replaced(/log_id: (\d+)/, 'log_id: 0x$1'),
  replaced(/log_id: (\d+)/, 'log_id: $1u'),
  replaced('backends {', 'backends { mine: 1 '),
  replaced('name: "trillian"', 'name: "trillian" name: "trillian"'),
  replaced('backend_spec:', 'spec:'),
  replaced(/der: "/, 'der: "\\000'),
  replaced('log_configs {', 'log_configs: {'),
  replaced('log_configs {', 'logConfigs {'),
  () => utf8(''),
];

/** Each of them. */
export const allConfigurations: readonly Configuration[] = [...usual, ...odd];

/** What else may stand in a log's configuration. */
export const configurations: fc.Arbitrary<Configuration> = mostly(usual, odd, 6);
