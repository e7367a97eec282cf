import { systemEntropy } from '@sigstand/pki/entropy';
import { publicKeyOf } from '@sigstand/pki/keys';
import { utf8 } from '@sigstand/pki/pem';
import { describe, expect, it } from 'vitest';
import { newConfig, readConfig } from './ct-config.ts';

const log = { treeId: '5', prefix: 'log', backend: 'log:80', mountPath: '/keys' };
const publicKey = publicKeyOf(systemEntropy.privateKey('ecdsa-p256'));
const config = Buffer.from(newConfig(log, { publicKey, password: 'x' })).toString();
const withLine = (line: string) => utf8(config.replace('    prefix:', `    ${line}\n    prefix:`));

describe('readConfig', () => {
  it.each([
    'max_merge_delay_sec: 86400 expected_merge_delay_sec: 60',
    'reject_expired: t # not for long',
    'not_after_start { seconds: 5 } not_after_limit < seconds: 6 >',
    'ext_key_usages: ["TimeStamping", "Any"]',
    'ext_key_usages: [] reject_extensions: ["1.2"] reject_extensions: "1.3"',
    'is_mirror: false',
  ])('takes what ct_server takes: %s', (line) => {
    expect(readConfig(withLine(line)).prefix).toBe('log');
  });

  it.each([
    ['mine: 1', 'a field that ct_server does not know: mine'],
    ['[type.googleapis.com/x] {}', 'does not know: in brackets'],
    ['reject_expired: maybe', 'does not take: reject_expired'],
    ['reject_expired: true reject_unexpired: true', 'both expired and unexpired'],
    ['max_merge_delay_sec: -1', 'does not take: max_merge_delay_sec'],
    ['expected_merge_delay_sec: 60', 'above its max_merge_delay_sec'],
    ['not_after_start { seconds: 5 } not_after_limit { seconds: 1 }', 'before its not_after_start'],
    ['ext_key_usages: "Nonsense"', 'does not take: ext_key_usages'],
    ['is_mirror: true', 'does not take: is_mirror'],
    ['is_readonly: true is_readonly: true', 'more than one is_readonly'],
    ['max_merge_delay_sec: [86400]', 'a list, and ct_server takes one value'],
    ['override_handler_prefix: []', 'without brackets: override_handler_prefix'],
    ['not_after_start: [{ seconds: 5 }]', 'without brackets: not_after_start'],
    ['not_after_start { seconds: [5] }', 'without brackets: seconds'],
    ['ext_key_usages: ["Any", "Nonsense"]', 'does not take: ext_key_usages'],
  ])('refuses what ct_server does not start with: %s', (line, why) => {
    expect(() => readConfig(withLine(line))).toThrow(why);
  });

  it.each([
    [/log_id: (\d+)/, 'log_id: [$1]', 'log_id'],
    [/password: (".*")/, 'password: [$1]', 'password'],
    [/password: ".*"/, 'password: []', 'password'],
    [/private_key (\{[^}]*\{[^}]*\}\s*\})/, 'private_key: [$1]', 'private_key'],
    [/keyspb.PEMKeyFile\] (\{[^}]*\})/, 'keyspb.PEMKeyFile]: [$1]', 'in brackets'],
    [/backends (\{[^}]*\{[^}]*\}\s*\})/, 'backends: [$1]', 'backends'],
  ])('refuses a list where ct_server takes one value: %s', (from, to, name) => {
    const changed = config.replace(from, to);
    expect(changed).not.toBe(config);
    expect(() => readConfig(utf8(changed))).toThrow(`one value without brackets: ${name}`);
  });

  it('takes lists where there may be several', () => {
    const changed = config
      .replace(/roots_pem_file: (".*")/, 'roots_pem_file: [$1, "/more"]')
      .replace(/backend (\{[^}]*\})/, 'backend [$1]')
      .replace('config {', 'config [{')
      .replace(/\}\s*\}\s*$/, '}] }');
    expect(readConfig(utf8(changed))).toMatchObject({
      backend: 'log:80',
      rootsPaths: ['/keys/rootca', '/more'],
    });
  });
});
