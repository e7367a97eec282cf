import { join } from 'node:path';
import type { Bench } from '../benchmark.ts';
import type { Tag } from '../peer/releases.ts';
import type { Mode } from '../peer/stack.ts';
import { oneApply, stages } from './ours.ts';

/** How a stack comes up. */
export type Way = 'ours, stages' | 'ours, one apply' | Theirs;
export type Theirs = `peer ${Tag}, ${Mode}`;

/** Those of ours, and those of the peers that there are. */
export function possible<W extends Way>({ peers }: Pick<Bench, 'peers'>, ways: readonly W[]): W[] {
  const theirs = peers.map(({ release }) => `peer ${release}, `);
  return ways.filter((way) => ['ours, ', ...theirs].some((side) => way.startsWith(side)));
}

/** Brings a stack up in one of the ways; resolves to the moment at which a blob was signed and verified. */
export function bringUpBy(
  { cluster, peers, manifests, work }: Bench,
  way: Way,
  name: string,
): Promise<number> {
  if (way === 'ours, stages') return stages(cluster, join(work, name));
  if (way === 'ours, one apply') return oneApply(cluster, manifests);
  const peer = peers.find(({ release }) => way.startsWith(`peer ${release}, `));
  if (!peer) throw new Error(`${way}: that peer is not there`);
  return peer.bringUp(cluster, way.endsWith('one apply') ? 'one apply' : 'script order');
}
