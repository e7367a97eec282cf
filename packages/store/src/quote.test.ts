import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { brief, quotes } from './quote.ts';
import type { Data } from './store.ts';

const ref = { kind: 'Secret', namespace: 'trillian-system', name: 'trillian-mysql' } as const;
const bytes = (text: string) => new Uint8Array(Buffer.from(text));
const secret = 'correct horse\nbattery staple';
const base64 = Buffer.from(secret).toString('base64');
const does = (message: string, sent: Data = { key: bytes(secret) }) =>
  quotes(message, { ref, sent });

describe('a message quotes a record', () => {
  it.each([
    ['by twelve bytes in a row', `no: ${secret.slice(3, 15)} is weak`],
    ['by all of it in JSON', JSON.stringify({ secret })],
    ['in base64', `no: {"data":{"key":"${base64}"}}`],
    ['by twelve characters of its base64', `no: ...${base64.slice(5, 17)}...`],
    ['in base64 on several lines', `no: ${base64.replace(/.{7}/g, '$&\n')}`],
  ])('%s', (_how, message) => {
    expect(does(message)).toBe(true);
  });

  it('by a whole short value, as it is or in base64', () => {
    const sent = { password: bytes('hunter2') };
    expect(does('the password hunter2 is weak', sent)).toBe(true);
    expect(does(Buffer.from('hunter2').toString('base64'), sent)).toBe(true);
  });

  it('by text that is not ASCII', () => {
    expect(does('no: Grüße aus Köln', { key: bytes('Grüße aus Köln') })).toBe(true);
  });

  it('by a part of a megabyte, soon', () => {
    const large = randomBytes(786_432);
    const start = performance.now();
    for (const from of [500_000, 500_001, 500_002]) {
      const part = large.subarray(from, from + 39).toString('base64');
      expect(does(part, { key: large })).toBe(true);
    }
    expect(does(randomBytes(400).toString('base64'), { key: large })).toBe(false);
    expect(performance.now() - start).toBeLessThan(5_000);
  });
});

describe('a message does not quote a record', () => {
  it.each([
    ['by eleven bytes', `no: ${secret.slice(3, 14)}`],
    ['by the names of its keys', 'no: key is not allowed'],
    ['by its own name', 'secrets "trillian-mysql" is forbidden: exceeded quota in trillian-system'],
  ])('%s', (_how, message) => {
    expect(does(message, { key: bytes(secret), user: bytes('trillian') })).toBe(false);
  });
});

describe('a foreign message', () => {
  it('becomes one line of at most 604 characters, cut between two characters', () => {
    expect(brief('a\n  b')).toBe('a b');
    const long = brief('👍'.repeat(1_000));
    expect(long.length).toBeLessThanOrEqual(604);
    expect(long.isWellFormed()).toBe(true);
    expect(long.endsWith(' ...')).toBe(true);
  });
});
