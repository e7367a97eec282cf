import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Rig } from '../../cluster/rig.ts';
import { commitOf, release } from './checkout.ts';
import { convert, whatOursUse } from './convert.ts';
import { compiled, databaseImage, imageOf, laidOut, names, type Program } from './programs.ts';
import { layersOf } from './sizes.ts';
import { bringUpPeer, type Mode } from './stack.ts';

/** The Go system, as its checkout has it, compiled here and made to run on the rig. */
export interface Peer {
  readonly release: string;
  readonly commit: string;
  readonly programs: readonly Program[];
  /** The path of a program; static, so that it runs on this machine too. */
  binary(program: Program): string;
  /** The name by which the rig serves a program's image, once it was loaded. */
  image(program: Program): string;
  /** The compressed bytes of some programs' images, those of all where none is named; layers that they share count once. */
  compressed(...some: readonly Program[]): Promise<number>;
  /** The folder of its manifests as the rig takes them: a folder for each system. */
  readonly manifests: string;
  /** Puts the images into the rig's registry and onto its node. */
  load(cluster: Rig): Promise<void>;
  /** From nothing to a blob that is signed and verified; resolves to that moment, as `clock` has it. */
  bringUp(cluster: Rig, mode: Mode): Promise<number>;
  close(): Promise<void>;
}

/**
 * Compiles the peer, where the cache does not have it, and converts its manifests.
 *
 * @throws {Error} Where the checkout is none of the release that the figures are about.
 */
export async function openPeer(checkout: string): Promise<Peer> {
  const commit = await commitOf(checkout);
  const bin = await compiled(checkout, commit);
  const known = whatOursUse();
  const images = await laidOut(bin, commit, known.schema);
  const manifests = await mkdtemp(join(tmpdir(), 'sigstand-peer-'));
  await convert(checkout, manifests, known);
  return {
    ...{ release, commit, programs: names, manifests },
    binary: (program) => join(bin, program),
    image: imageOf,
    async compressed(...some) {
      const layouts = (some.length > 0 ? some : names).map((program) => join(images, program));
      return [...(await layersOf(layouts)).values()].reduce((sum, size) => sum + size, 0);
    },
    async load(cluster) {
      for (const program of names)
        await cluster.must(['load', join(images, program), imageOf(program)]);
      await cluster.must(['load', join(images, 'database'), databaseImage]);
    },
    bringUp: (cluster, mode) => bringUpPeer(cluster, manifests, mode),
    close: () => rm(manifests, { recursive: true, force: true }),
  };
}
