import type { Request } from '../../faults/requests.ts';

/** The requests of one run. */
export interface Count {
  readonly reads: number;
  readonly writes: number;
  readonly byVerb: Readonly<Record<string, number>>;
  /** How many objects were read: fewer reads than that cannot be. */
  readonly objects: number;
}

export function counted(requests: readonly Pick<Request, 'what' | 'writes'>[]): Count {
  const byVerb: Record<string, number> = {};
  for (const { what } of requests) {
    const [verb = ''] = what.split(' ');
    byVerb[verb] = (byVerb[verb] ?? 0) + 1;
  }
  const writes = requests.filter((one) => one.writes).length;
  const read = requests.filter((one) => !one.writes).map(({ what }) => what);
  return { reads: read.length, writes, byVerb, objects: new Set(read).size };
}

/** Such as `get 2, apply 2`, in the order in which each verb came first. */
export function verbs({ byVerb }: Count): string {
  const all = Object.entries(byVerb).map(([verb, count]) => `${verb} ${count}`);
  return all.join(', ') || 'none';
}
