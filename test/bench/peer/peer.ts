import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Rig } from '../../cluster/rig.ts';
import { readCheckout } from './checkout.ts';
import { convert, ourImages, ourSchema } from './convert.ts';
import { scriptKeys } from './keys.ts';
import { compiled, imageOf, laidOut, namesOf } from './programs.ts';
import { type Program, releases, type Tag } from './releases.ts';
import { layersOf } from './sizes.ts';
import { bringUpPeer, type Mode } from './stack.ts';

/** The Go system, as its checkout has it, compiled here and made to run on the rig. */
export interface Peer {
  readonly release: Tag;
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
 * @throws {Error} Where the checkout is none of the releases that the figures are about.
 */
export async function openPeer(checkout: string): Promise<Peer> {
  const { tag, commit } = await readCheckout(checkout);
  const release = releases[tag];
  const { database } = release;
  const names = namesOf(release);
  const bin = await compiled(checkout, commit, release);
  const images = await laidOut(bin, commit, { database, schema: ourSchema() });
  const manifests = await mkdtemp(join(tmpdir(), 'sigstand-peer-'));
  await convert(checkout, manifests, { release, images: ourImages(), keys: await scriptKeys() });
  return {
    ...{ release: tag, commit, programs: names, manifests },
    binary: (program) => join(bin, program),
    image: (program) => imageOf(program, tag),
    async compressed(...some) {
      const layouts = (some.length > 0 ? some : names).map((program) => join(images, program));
      return [...(await layersOf(layouts)).values()].reduce((sum, size) => sum + size, 0);
    },
    async load(cluster) {
      for (const name of database ? ([...names, 'database'] as const) : names)
        await cluster.must(['load', join(images, name), imageOf(name, tag)]);
    },
    bringUp: (cluster, mode) => bringUpPeer(cluster, { release, manifests }, mode),
    close: () => rm(manifests, { recursive: true, force: true }),
  };
}
