import { join } from 'node:path';
import type { Bench } from '../benchmark.ts';
import { oneApply, stages } from './ours.ts';

/** How a stack comes up. */
export type Way = 'ours, stages' | 'ours, one apply' | 'peer, one apply' | 'peer, script order';

/** Those of ours, and those of the peer where there is one. */
export function possible<W extends Way>({ peer }: Bench, ways: readonly W[]): W[] {
  return ways.filter((way) => peer || way.startsWith('ours'));
}

/** Brings a stack up in one of the ways; resolves to the moment at which a blob was signed and verified. */
export function bringUpBy(
  { cluster, peer, manifests, work }: Bench,
  way: Way,
  name: string,
): Promise<number> {
  if (way === 'ours, stages') return stages(cluster, join(work, name));
  if (way === 'ours, one apply') return oneApply(cluster, manifests);
  if (!peer) throw new Error('there is no peer to bring up');
  return peer.bringUp(cluster, way === 'peer, one apply' ? 'one apply' : 'script order');
}
