import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { identityOf, tokenOf } from '../../cluster/cosign.ts';
import type { Rig } from '../../cluster/rig.ts';
import { mirror, secretValue } from '../../cluster/stack.ts';
import { binary } from '../../programs/binaries.ts';

/** Milliseconds. */
export interface Quantiles {
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
  readonly max: number;
}

/** `all` is the whole operation; fulcio, which answers after the CT log did, tsa and rekor are its parts. */
export type Latency = Readonly<Partial<Record<'all' | 'fulcio' | 'tsa' | 'rekor', Quantiles>>>;

/** A window of time of a run. */
export interface Window {
  readonly second: number;
  readonly operations: number;
  readonly failed: number;
  readonly latency: Latency;
  readonly clientCpuSeconds: number;
}

export interface Summary {
  readonly clients: number;
  readonly seconds: number;
  readonly operations: number;
  readonly failed: number;
  readonly verified: number;
  readonly errors: Readonly<Record<string, { readonly count: number; readonly example: string }>>;
  readonly latency: Latency;
  readonly clientCpuSeconds: number;
}

export interface LoadRun {
  readonly windows: readonly Window[];
  readonly summary: Summary;
}

/** @throws {Error} Of output without a summary: the run did not come to its end. */
export function parseRun(output: string): LoadRun {
  const lines = output
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Window | { readonly summary: Summary });
  const last = lines.at(-1);
  if (!last || !('summary' in last)) throw new Error('the load ended without a summary');
  const windows = lines.filter((line): line is Window => !('summary' in line));
  return { windows, summary: last.summary };
}

export interface Inclusion {
  readonly ctlogMs: number;
  readonly rekorMs: number;
  readonly allMs: number;
}

export interface Order {
  readonly clients: number;
  readonly seconds: number;
  /** Operations a second; without it, as many as are answered. */
  readonly rate?: number;
  /** Seconds that a window tells about. */
  readonly window?: number;
  readonly skip?: 'tsa' | 'rekor' | 'rekor,tsa';
}

/** Who signs against the stack; trust comes from its TUF repository, and the token is a service account's. */
export interface Signer {
  load(order: Order): Promise<LoadRun>;
  inclusion(entries: number): Promise<readonly Inclusion[]>;
}

export async function openSigner(cluster: Rig, work: string): Promise<Signer> {
  const root = join(work, 'load-root.json');
  await writeFile(root, await secretValue(cluster, 'tuf-system/tuf-root', 'root'));
  const trust = ['--root', root, '--mirror', mirror, '--identity', identityOf('default')];
  const run = async (mode: readonly string[], args: readonly string[], seconds: number) => {
    // Good for an hour, and for any number of requests.
    const env = await tokenOf(cluster, 'default');
    const timeout = (seconds + 120) * 1000;
    const command = [binary('load'), ...mode, ...trust, ...args];
    return cluster.mustExec(command, { env, timeout });
  };
  return {
    async load({ clients, seconds, rate = 0, window = 1, skip = '' }) {
      const how = ['--clients', `${clients}`, '--for', `${seconds}s`, '--rate', `${rate}`];
      return parseRun(await run([], [...how, '--window', `${window}s`, '--skip', skip], seconds));
    },
    async inclusion(entries) {
      // A pause that is no multiple of anybody's interval.
      const args = ['--n', `${entries}`, '--pause', '437ms'];
      const lines = (await run(['inclusion'], args, entries * 5)).trim().split('\n');
      return lines.map((line) => JSON.parse(line) as Inclusion);
    },
  };
}
