import { Readable } from 'node:stream';
import type { ReadableStream } from 'node:stream/web';
import { JobError } from '@sigstand/job/errors';
import { Decrypter, Encrypter } from 'age-encryption';
import { damaged } from './manifest.ts';

/* Files by age (https://age-encryption.org/v1), so that age itself opens them. */

const magic = 'age-encryption.org/v1\n';
const armored = '-----BEGIN AGE ENCRYPTED FILE-----';

/** What a file is, by its first bytes. */
export function isEncrypted(head: Uint8Array): boolean {
  const text = Buffer.from(head).toString('latin1');
  if (text.startsWith(armored)) {
    throw new JobError('data', 'the file is in age’s ASCII form', {
      hint: 'decrypt it with age --decrypt, and restore what that gives; sigstand backup writes none',
    });
  }
  return text.startsWith(magic);
}

/** The recipients in a text: one a line, `#` begins a comment. @throws {JobError} usage */
export function recipientsIn(text: string, place: string): string[] {
  const found = linesOf(text);
  if (found.length === 0) throw new JobError('usage', `${place} names no recipient`, { hint });
  return found.map((line) => recipient(line, place));
}

const hint = 'write recipients of age, age1..., as age-keygen -y prints them';

/** A recipient; what is none is not repeated, since it may be the key itself. @throws {JobError} usage */
export function recipient(text: string, place: string): string {
  if (/^AGE-SECRET-KEY-/i.test(text)) {
    throw new JobError('usage', `${place} has a private key in the place of a recipient`, { hint });
  }
  try {
    new Encrypter().addRecipient(text);
    return text;
  } catch (error) {
    throw new JobError('usage', `${place} has a line that is no recipient`, { cause: error, hint });
  }
}

/** The identities in a file as age-keygen writes it. @throws {JobError} usage */
export function identitiesIn(text: string, place: string): string[] {
  const hint = 'name a file as age-keygen writes it; one with a passphrase: age --decrypt it first';
  if (isEncryptedText(text)) throw new JobError('usage', `${place} is itself encrypted`, { hint });
  const found = linesOf(text);
  try {
    for (const one of found) new Decrypter().addIdentity(one);
  } catch (error) {
    throw new JobError('usage', `${place} has a line that is no identity`, { cause: error, hint });
  }
  if (found.length === 0) throw new JobError('usage', `${place} has no identity`, { hint });
  return found;
}

function isEncryptedText(text: string): boolean {
  return text.startsWith(magic) || text.startsWith(armored);
}

function linesOf(text: string): string[] {
  const lines = text.split(/\r?\n/).map((line) => line.trim());
  return lines.filter((line) => line !== '' && !line.startsWith('#'));
}

type Bytes = AsyncIterable<Uint8Array>;

/** The bytes, for those recipients alone. */
export async function* encrypted(
  bytes: Bytes,
  recipients: readonly string[],
): AsyncGenerator<Uint8Array> {
  const encrypter = new Encrypter();
  for (const one of recipients) encrypter.addRecipient(one);
  yield* from(await encrypter.encrypt(web(bytes)));
}

/**
 * The bytes that were encrypted. What it yields is what was written, but only after the last of it is it known to be all.
 *
 * @throws {JobError} data, where no identity fits, or the file is not as it was made.
 */
export async function* decrypted(
  bytes: Bytes,
  identities: readonly string[],
): AsyncGenerator<Uint8Array> {
  const decrypter = new Decrypter();
  for (const one of identities) decrypter.addIdentity(one);
  try {
    yield* from(await decrypter.decrypt(web(bytes)));
  } catch (error) {
    if (/^no identity matched/.test((error as Error).message)) {
      throw new JobError(
        'data',
        'the backup is encrypted to others: none of the identities opens it',
        {
          cause: error,
          hint: 'name the file of another identity with --identity-file',
        },
      );
    }
    throw damaged('age does not open it', error);
  }
}

function web(bytes: Bytes): never {
  return Readable.toWeb(Readable.from(bytes, { objectMode: false })) as never;
}

function from(stream: unknown): AsyncIterable<Uint8Array> {
  return Readable.fromWeb(stream as ReadableStream<Uint8Array>);
}
