import { readFileSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { mysqlCredentials, rekorMysqlCredentials } from '@sigstand/contracts/records';
import { show } from '@sigstand/store/store';
import { type JobPod, oncePods } from '../jobs.ts';
import type { Canaries, Hit, Secret } from './canary.ts';
import type { JobProcess } from './process.ts';

/** A text or bytes that somebody may read, and where they stand. */
export type Seen = readonly [place: string, text: string | Uint8Array];

/** What of the secrets is in any of these. */
export function hitsIn(found: Canaries, seen: Iterable<Seen>): Hit[] {
  return [...seen].flatMap(([place, text]) => found.hits(place, text));
}

/**
 * All that a process shows to others, to its end: what it writes, and its command line and environment as
 * every process of the node may read them while it runs.
 */
export async function shownBy(name: string, { child, ended }: JobProcess): Promise<Seen[]> {
  const read = new Map<string, string>();
  let done = false;
  const watching = (async () => {
    while (!done) {
      for (const file of ['cmdline', 'environ']) {
        const text = ofProcess(child.pid, file);
        if (text) read.set(text, `${name}’s /proc/PID/${file}`);
      }
      await sleep(10);
    }
  })();
  const { stdout, stderr } = await ended.finally(() => {
    done = true;
  });
  await watching;
  return [
    [`${name}’s stdout`, stdout],
    [`${name}’s stderr`, stderr],
    ...[...read].map(([text, place]) => [place, text] as const),
  ];
}

function ofProcess(pid: number | undefined, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'latin1');
  } catch {
    return ''; // it has ended meanwhile
  }
}

/** Every file below a folder, named by its path in it. */
export async function filesIn(folder: string): Promise<Seen[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const paths = entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
  return Promise.all(
    paths.map(async (path) => [path.slice(folder.length + 1), await readFile(path)] as const),
  );
}

/** A record as the place of a secret or a hit names it. */
const recordOf = (place: string) => /^\w+ [a-z-]+\/[a-z-]+/.exec(place)?.[0] ?? place;
const database = [mysqlCredentials, rekorMysqlCredentials].map(show);

/** Hits in any place but the secret's own record; the database's password is in two by design. */
export function astray(hits: readonly Hit[]): Hit[] {
  return hits.filter(({ place, secret }) => {
    const [at, of] = [recordOf(place), recordOf(secret)];
    return at !== of && !(database.includes(at) && database.includes(of));
  });
}

/** The records none of whose secrets was found in them: there, finding none elsewhere says nothing. */
export function unseenAtHome(secrets: readonly Secret[], hits: readonly Hit[]): string[] {
  const seen = new Set(hits.map(({ place }) => recordOf(place)));
  return [...new Set(secrets.map(({ name }) => recordOf(name)))].filter((one) => !seen.has(one));
}

/** The arguments of one of our Jobs, with time for what it waits for. */
export const argsOf = (pod: JobPod) => [...pod.args, '--timeout=60s'];

/** The Pod that runs this Job, or this Job in this namespace. */
export function podOf(name: string): JobPod {
  const pod = oncePods.find(
    ({ job, namespace }) => job === name || `${namespace.replace('-system', '')}-${job}` === name,
  );
  if (!pod) throw new Error(`no Pod runs ${name}`);
  return pod;
}
