import type { Data } from '@sigstand/store/store';
import type { Served } from './client.ts';
import { current } from './state-rules.ts';

/** An update that began with what was served earlier and went on with what came later, by their index. */
export interface Flight {
  readonly early: number;
  readonly late: number;
}

/** How many snapshots of before are promised to stay. */
const kept = 3;

/**
 * The flights that must arrive: to what comes next, and to everything after it for as long as the earlier
 * timestamp is valid and its snapshot is kept, as for clients behind a proxy.
 */
export function flightsOf(served: readonly Pick<Served, 'files' | 'begins'>[]): Flight[] {
  const all = served.map(({ files }) => current(files));
  return all.flatMap(({ timestamp, snapshot }, early) =>
    served.flatMap(({ begins }, late) => {
      if (late <= early) return [];
      const valid = Date.parse(timestamp.expires) > begins.getTime();
      const near = (all[late]?.snapshot.version ?? 0) - snapshot.version <= kept;
      return late === early + 1 || (valid && near) ? [{ early, late }] : [];
    }),
  );
}

/** What of the earlier files a client gets before the later ones come in, as a client asks for them. */
const changes: readonly { readonly early: string; readonly isEarly: RegExp }[] = [
  { early: 'root', isEarly: /^\d+\.root\.json$/ },
  { early: 'root, timestamp', isEarly: /^(\d+\.root|timestamp)\.json$/ },
  { early: 'root, timestamp, snapshot', isEarly: /^(\d+\.root|timestamp|\d+\.snapshot)\.json$/ },
  {
    early: 'root, timestamp, snapshot, targets',
    isEarly: /^(\d+\.root|timestamp|\d+\.snapshot|\d+\.targets)\.json$/,
  },
  // As a proxy has it that keeps the one file which changes under its name.
  { early: 'timestamp', isEarly: /^timestamp\.json$/ },
];

/** Each way in which the later files may come in between, by what was still read of the earlier. */
export function inBetween(early: Data, late: Data) {
  return changes.map(({ early: what, isEarly }) => ({
    what,
    serve: (name: string) => (isEarly.test(name) ? early : late)[name],
  }));
}
