import {
  generateHybridIdentity,
  generateX25519Identity,
  identityToRecipient,
} from 'age-encryption';
import { beforeAll, describe, expect, it } from 'vitest';
import { decrypted, encrypted, identitiesIn, isEncrypted, recipient, recipientsIn } from './age.ts';

const mine = { identity: '', recipient: '' };
const other = { identity: '', recipient: '' };

beforeAll(async () => {
  mine.identity = await generateX25519Identity();
  other.identity = await generateHybridIdentity();
  for (const one of [mine, other]) one.recipient = await identityToRecipient(one.identity);
});

async function* each(...all: Uint8Array[]) {
  yield* all;
}

async function all(bytes: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of bytes) chunks.push(chunk);
  return Buffer.concat(chunks);
}

const text = Buffer.alloc(200_000, 'sigstand ');
const sealed = (...to: string[]) => all(encrypted(each(text.subarray(0, 9), text.subarray(9)), to));

describe('what is encrypted', () => {
  it('is opened by each of those to whom it is', async () => {
    const file = await sealed(mine.recipient, other.recipient);
    expect(isEncrypted(file)).toBe(true);
    expect(file.includes('sigstand')).toBe(false);
    for (const { identity } of [mine, other]) {
      expect((await all(decrypted(each(file), [identity]))).equals(text)).toBe(true);
    }
  });

  it('is opened by no one else', async () => {
    const file = await sealed(mine.recipient);
    await expect(all(decrypted(each(file), [other.identity]))).rejects.toMatchObject({
      failure: 'data',
      message: expect.stringContaining('none of the identities opens it'),
    });
  });

  it.each([0.001, 0.1, 0.5, 0.9, 0.999])(
    'is refused where it is cut at %d, or altered',
    async (at) => {
      const file = await sealed(mine.recipient);
      const place = Math.floor(file.length * at);
      await expect(all(decrypted(each(file.subarray(0, place)), [mine.identity]))).rejects.toThrow(
        'cut short or was altered',
      );
      file[place] = (file[place] ?? 0) ^ 1;
      await expect(all(decrypted(each(file), [mine.identity]))).rejects.toMatchObject({
        failure: 'data',
      });
    },
  );

  it('tells what its source tells', async () => {
    const failing = (async function* () {
      yield text;
      throw new Error('of the source');
    })();
    await expect(all(encrypted(failing, [mine.recipient]))).rejects.toThrow('of the source');
  });
});

describe('recipients and identities', () => {
  it('are read as age-keygen writes them', () => {
    const lines = `# mine\n\n${mine.recipient}\r\n  ${other.recipient}  \n`;
    expect(recipientsIn(lines, 'it')).toEqual([mine.recipient, other.recipient]);
    const file = `# created: now\n# public key: ${mine.recipient}\n${mine.identity}\n`;
    expect(identitiesIn(file, 'it')).toEqual([mine.identity]);
  });

  it.each([
    [
      'a private key',
      () => recipient(mine.identity, '--recipient'),
      'has a private key in the place',
    ],
    [
      'an SSH key',
      () => recipient('ssh-ed25519 AAAA', '--recipient'),
      'a line that is no recipient',
    ],
    [
      'one with a typing error',
      () => recipient(`${mine.recipient}q`, '--recipient'),
      'no recipient',
    ],
    ['an empty file', () => recipientsIn('# none\n', 'it'), 'names no recipient'],
    ['no identity', () => identitiesIn('\n', 'it'), 'has no identity'],
    ['a recipient for an identity', () => identitiesIn(mine.recipient, 'it'), 'no identity'],
    [
      'an encrypted identity',
      () => identitiesIn('age-encryption.org/v1\n', 'it'),
      'itself encrypted',
    ],
    [
      'an armored file',
      () => isEncrypted(Buffer.from('-----BEGIN AGE ENCRYPTED FILE-----')),
      'ASCII',
    ],
  ])('are refused without being repeated: %s', (_, read, said) => {
    expect(read).toThrow(said);
    let message = '';
    try {
      read();
    } catch (error) {
      message = String(error);
    }
    expect(message).not.toMatch(/AGE-SECRET-KEY-|ssh-ed25519/);
  });
});
