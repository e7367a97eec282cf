import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { binary } from './binaries.ts';

/** Whose reader is asked; `test/rig/readers` has what each of them calls. */
export type ReaderName =
  | 'fulcio'
  | 'fulcio-config'
  | 'rekor'
  | 'timestamp-server'
  | 'ct_server'
  | 'public-key'
  | 'certificates'
  | 'trusted-root'
  | 'client';

/** Whether the reader took the files, by which key, or why not. */
export interface Answer {
  readonly accepted: boolean;
  /** SHA-256 of the public key's SubjectPublicKeyInfo in hex, where the reader looks for one. */
  readonly key?: string;
  readonly why?: string;
}

/** The servers' and clients' own readers, in one process of Go's. */
export interface Readers {
  ask(reader: ReaderName, files: Readonly<Record<string, Uint8Array>>): Promise<Answer>;
  stop(): Promise<void>;
}

/** Where ct_server's configuration says that its files are. */
export const mount = '/ctfe-keys';

export function startReaders(): Readers {
  const child = spawn(binary('readers'), { stdio: ['pipe', 'pipe', 'inherit'] });
  const waiting: { resolve: (answer: Answer) => void; reject: (error: Error) => void }[] = [];
  createInterface({ input: child.stdout }).on('line', (line) =>
    waiting.shift()?.resolve(JSON.parse(line) as Answer),
  );
  const ended = new Promise<void>((resolve) => {
    child.once('close', (status) => {
      for (const { reject } of waiting) reject(new Error(`the readers ended with ${status}`));
      resolve();
    });
  });
  return {
    ask: (reader, files) =>
      new Promise((resolve, reject) => {
        waiting.push({ resolve, reject });
        const encoded = Object.fromEntries(
          Object.entries(files).map(([name, bytes]) => [
            name,
            Buffer.from(bytes).toString('base64'),
          ]),
        );
        child.stdin.write(`${JSON.stringify({ reader, mount, files: encoded })}\n`);
      }),
    stop: () => {
      child.stdin.end();
      return ended;
    },
  };
}
