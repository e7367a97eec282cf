import { setTimeout as sleep } from 'node:timers/promises';
import { type Access, begin, hasStatus, mayPass, Unsuccessful } from '@sigstand/store/api';
import type { KubeObject } from './objects.ts';
import { refused } from './refused.ts';

/** What is watched: a kind, in all namespaces. */
export interface Watched {
  readonly path: readonly string[];
  readonly query?: Readonly<Record<string, string>>;
  /** The form of each object; of what may be secret, the metadata alone. */
  readonly accept?: string;
}

/** Told of a connection that begins, and of each object that is there, changed or gone since. */
export interface Watcher {
  readonly begun: () => void;
  readonly is: (object: KubeObject) => void;
  readonly gone: (object: KubeObject) => void;
}

const between = 500; // milliseconds
const restart = 30_000; // an API server that restarts

/**
 * Watches until the signal comes. A watch begins with all that is there, and one that is cut off
 * begins again.
 *
 * @throws {JobError} Where the API server refuses, or is away for too long.
 */
export async function watching(
  access: Access,
  watched: Watched,
  { watcher, signal, patience = restart }: Watching,
): Promise<void> {
  for (let last = Date.now(); !signal.aborted; ) {
    let isOpen = false;
    const begun = () => {
      isOpen = true;
      watcher.begun();
    };
    const asked = once(access, watched, { watcher: { ...watcher, begun }, signal });
    const failure = await asked.then(
      () => undefined,
      (error: unknown) => error,
    );
    if (signal.aborted) return;
    // How long it had gone well does not count.
    if (isOpen) last = Date.now();
    const isOver = Date.now() - last > patience;
    if (failure !== undefined && (isOver || !isCutOff(failure))) throw told(watched, failure);
    await sleep(between, undefined, { signal }).catch(() => {});
  }
}

interface Watching {
  readonly watcher: Watcher;
  readonly signal: AbortSignal;
  /** Milliseconds that an API server may be away. */
  readonly patience?: number;
}

/** Whether a watch can be begun anew; 410 says that what it had seen is too old. */
function isCutOff(error: unknown): boolean {
  return mayPass(error) || hasStatus(error, 410);
}

function told({ path }: Watched, error: unknown) {
  return refused('watch', `all ${path.at(-1)}`, error);
}

async function once(
  access: Access,
  watched: Watched,
  { watcher, signal }: { watcher: Watcher; signal: AbortSignal },
): Promise<void> {
  // From what the API server remembers, at once: without it, it waits to be sure that it knows the newest, up to a timeout.
  const query = { ...watched.query, watch: '1', resourceVersion: '0' };
  const asked = { ...watched, method: 'GET', query } as const;
  const response = await begin(access, asked, signal);
  const { statusCode = 0 } = response;
  if (statusCode === 401) access.forget();
  if (statusCode !== 200) {
    response.resume();
    throw new Unsuccessful(statusCode, '');
  }
  watcher.begun();
  for await (const line of linesOf(response)) {
    const { type, object } = JSON.parse(line) as { type: string; object: KubeObject };
    if (type === 'ADDED' || type === 'MODIFIED') watcher.is(object);
    if (type === 'DELETED') watcher.gone(object);
    if (type === 'ERROR') throw new Unsuccessful((object as { code?: number }).code ?? 500, '');
  }
}

/** Not by node:readline, which in Node 20 ends the process where the stream is cut off. */
async function* linesOf(stream: AsyncIterable<Buffer>): AsyncGenerator<string> {
  let rest: Buffer[] = [];
  for await (const chunk of stream) {
    let from = 0;
    for (let at = chunk.indexOf(10); at >= 0; at = chunk.indexOf(10, from)) {
      yield Buffer.concat([...rest, chunk.subarray(from, at)]).toString();
      rest = [];
      from = at + 1;
    }
    rest.push(chunk.subarray(from));
  }
}
