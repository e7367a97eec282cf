import { addAbortSignal, type Readable } from 'node:stream';
import { JobError } from './errors.ts';

/**
 * All of standard input, as text. It may never end: then the signal ends it.
 *
 * @throws {JobError} usage, where it cannot be read, or has more than `most` bytes.
 */
export async function standardInput(
  stdin: Readable,
  { most, signal }: { most: number; signal: AbortSignal },
): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of addAbortSignal(signal, stdin) as AsyncIterable<Buffer>) {
      size += chunk.length;
      if (size > most) break;
      chunks.push(chunk);
    }
  } catch (error) {
    if (signal.aborted) throw error;
    const { code = 'unknown error' } = error as NodeJS.ErrnoException;
    throw new JobError('usage', `standard input cannot be read: ${code}`, { cause: error });
  }
  if (size <= most) return Buffer.concat(chunks).toString();
  throw new JobError('usage', `standard input has more than ${most} bytes`);
}
