import { records } from '@sigstand/contracts/records';
import type { Bench } from '../benchmark.ts';
import type { Program } from '../peer/releases.ts';
import { goJobs } from './go-jobs.ts';
import { type Loopback, openLoopback, type Place, remove, type Through } from './loopback.ts';
import type { Measured } from './process.ts';

/** The same work of both sides. */
export interface Task {
  /** Our Job's name. */
  readonly name: string;
  readonly ours: Contestant;
  readonly peer?: Contestant;
  /** Whether a private key is sealed or opened with PBKDF2, which takes longer than all the rest. */
  readonly seals: boolean;
  /** What the two do not have in common. */
  readonly note?: string;
}

export interface Contestant {
  /** Takes away what an earlier run made. */
  clear(): Promise<void>;
  run(through?: Through): Promise<Measured>;
}

/** The path of a program of the peer. */
export type Binaries = (program: Program) => string;

export interface Tasks extends AsyncDisposable {
  /** Where they are done. */
  readonly at: Loopback;
  readonly all: readonly Task[];
}

const rewrites = 'the Go Job has no no-op: each run makes another key and replaces what is there';

/** The seven Jobs as the manifests run them; of two with one image, the one that has a peer. */
const jobs: readonly Omit<Task, 'ours' | 'peer'>[] = [
  { name: 'rekor-system/createsecret', seals: true, note: rewrites },
  { name: 'fulcio-system/createcerts', seals: true, note: rewrites },
  { name: 'tsa-system/createcertchain', seals: true },
  { name: 'rekor-system/createtree', seals: false },
  {
    name: 'ctlog-system/createctconfig',
    seals: false,
    note: 'ours has Fulcio’s root from its Secret, the Go Job by HTTP from a real Fulcio',
  },
  { name: 'tuf-system/copysecrets', seals: false, note: 'the Go system does it in a shell script' },
  {
    name: 'tuf-system/createtuf',
    seals: false,
    note: 'the Go side is tuf/createsecret and the TUF server’s init, one after the other; a second run makes a new root',
  },
];

/** The work of the seven Jobs, and of the Go Jobs beside them where there is a peer, on a loopback of the benchmark's own. */
export async function openTasks({ work, peer, missing }: Bench, id: string): Promise<Tasks> {
  await using opening = new AsyncDisposableStack();
  const at = await openLoopback(work, id);
  opening.defer(at.close);
  if (!peer) missing(`${id} of the Go Jobs`, 'no checkout of them was given');
  const theirs = peer ? await goJobs(at, { binary: peer.binary, stack: opening }) : new Map();
  const all = jobs.map((job): Task => {
    const title = job.name;
    const other: Contestant | undefined = theirs.get(title);
    const name = title.replace(/.*\//, '');
    return { ...job, name, ours: ourJob(at, title), ...(other && { peer: other }) };
  });
  const opened = opening.move();
  return { at, all, [Symbol.asyncDispose]: () => opened.disposeAsync() };
}

function ourJob(at: Loopback, title: string): Contestant {
  const job = at.lane.job(title);
  const outputs = records
    .map(({ kind, name, namespace, madeBy }) => ({
      ...{ kind, name, madeBy },
      namespace: at.lane.namespace(namespace),
    }))
    .filter(({ madeBy, namespace }) => madeBy === job.job && namespace === job.namespace)
    // Another Job of the same image makes it.
    .filter(({ name }) => name !== 'trillian-mysql')
    .map(({ kind, name, namespace }): Place => ({ kind, name, namespace }));
  return {
    clear: () => remove(at, outputs),
    run: (through) => at.ours(job, through),
  };
}
