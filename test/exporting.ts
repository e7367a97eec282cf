import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { tufRoot } from '@sigstand/contracts/records';
import { createTuf } from '@sigstand/createtuf/job';
import { supplied } from '@sigstand/createtuf/testing';
import { conclude } from '@sigstand/job/main';
import { runJob } from '@sigstand/job/testing';
import { memoryStore } from '@sigstand/store/memory';
import type { Data, Store } from '@sigstand/store/store';
import { exporting } from '../packages/sigstand/src/export/verb.ts';
import type { Ended } from '../packages/sigstand/src/testing.ts';

/** A store with a stack that createtuf has published with these flags. */
export async function stack(...args: string[]): Promise<Store> {
  const store = await supplied();
  await must(runJob(createTuf(), store, { args }));
  return store;
}

/** What clients take their trust from, and nothing else. */
export async function trustIn(store: Store): Promise<Data> {
  return (await store.read(tufRoot))?.data ?? {};
}

/** A store that holds this for clients, and nothing else. */
export async function holding(data: Data): Promise<Store> {
  const store = memoryStore();
  await store.write(tufRoot, { data });
  return store;
}

/** A folder to export into, in one that is empty but for it, on a machine whose clock is off by so many milliseconds. */
export async function workplace({ off = 0 } = {}) {
  const work = await mkdtemp(join(tmpdir(), 'sigstand-export-'));
  const folder = join(work, 'trust');
  const tried = async (store: Store, ...args: string[]): Promise<Ended> => {
    const { command, run } = exporting({ open: async () => store, from: work });
    const [out, err]: [string[], string[]] = [[], []];
    const terminal = {
      ...{ args: ['--timeout=0s', `--to=${folder}`, ...args], env: {} },
      stdin: () => Readable.from([]),
      stdout: (text: string) => void out.push(text),
      stderr: (text: string) => void err.push(text),
      signal: new AbortController().signal,
      now: () => new Date(Date.now() + off),
    };
    const status = await conclude(command, terminal, (options, log) =>
      run({ ...terminal, print: terminal.stdout, log }, options),
    );
    return { status, stdout: out.join(''), stderr: err.join('') };
  };
  return {
    ...{ work, folder, tried },
    /** The export, which has to succeed; resolves to what it says. */
    exported: (store: Store, ...args: string[]) => must(tried(store, ...args)),
    text: (name: string) => readFile(join(folder, name), 'utf8'),
    remove: () => rm(work, { recursive: true, force: true }),
  };
}

export type Workplace = Awaited<ReturnType<typeof workplace>>;

async function must(ending: Promise<Ended>): Promise<string> {
  const { status, stdout, stderr } = await ending;
  if (status !== 0) throw new Error(`it ended with ${status}: ${stderr}`);
  return stdout;
}
