import { mkdtemp, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { applyAll } from '../cluster/bring-up.ts';
import type { TufService } from '../cluster/clients/tuf-service.ts';
import { cosign, identityOf, tokenOf } from '../cluster/cosign.ts';
import type { Gateway } from '../cluster/gateway.ts';
import type { Rig } from '../cluster/rig.ts';
import { mirror, secretValue } from '../cluster/stack.ts';
import { pushImage, type Signers, sign, type Way } from './images.ts';
import { long } from './long.ts';

export const signer = identityOf('builder');

/** A stack, and images in the registry that it signed, or did not. */
export interface Ground {
  readonly cluster: Rig;
  readonly work: string;
  /** A folder with `manifests`, as this cluster takes them. */
  readonly folder: string;
  readonly gateway: Gateway;
  readonly tuf: TufService;
  /** Pushes an image, and signs it in a way, if one is given. */
  image(name: string, way?: Way): Promise<string>;
  close(): Promise<void>;
}

/** Each controller has images of its own, so that each judges alone. */
const repositories = long ? ['pc', 'ky'] : ['pc'];

/** What another stack signed, whose URLs, issuer and identities are the same. */
export const foreign = { sig: 'foreign:sig', bundle: 'foreign:bundle' } as const;

/** A cluster, and how to get at what runs there. */
export type Bare = Pick<Ground, 'cluster' | 'work' | 'gateway' | 'tuf'> & {
  /** The folder of what is applied. */
  readonly manifests: string;
};

/** Signs by the stack that runs there now; it is to be gone before the one whose images are judged comes up. */
export async function signAsStrangers({ cluster, tuf, work }: Bare): Promise<void> {
  for (const name of ['builder', 'stranger'])
    await cluster.kubectl('create', 'serviceaccount', name, '-n', 'default');
  const { signers, remove } = await signersOf(cluster, tuf, work);
  for (const repository of repositories) {
    for (const format of ['sig', 'bundle'] as const) {
      const image = await pushImage(cluster, work, `${repository}/${foreign[format]}`);
      await sign(cluster, signers, image, { format });
    }
  }
  await remove();
}

/** Brings a stack up in a cluster that has none. */
export async function openGround(bare: Bare): Promise<Ground> {
  const { cluster, work, gateway, tuf, manifests } = bare;
  await applyAll(cluster, manifests);
  const { signers, remove } = await signersOf(cluster, tuf, work);
  return {
    ...{ cluster, work, gateway, tuf, folder: dirname(manifests) },
    async image(name, way) {
      const image = await pushImage(cluster, work, name);
      if (way) await sign(cluster, signers, image, way);
      return image;
    },
    close: remove,
  };
}

async function signersOf(cluster: Rig, tuf: TufService, parent: string) {
  const work = await mkdtemp(join(parent, 'signers-'));
  const root = join(work, 'root.json');
  await writeFile(root, await secretValue(cluster, 'tuf-system/tuf-root', 'root'));
  const [cosign2, cosign3] = [await cosign(cluster, 'cosign2'), await cosign(cluster, 'cosign3')];
  for (const client of [cosign2, cosign3])
    await client.must(['initialize', '--mirror', mirror, '--root', root]);
  const files = await tuf.files();
  const name = Object.keys(files).find((file) => file.endsWith('signing_config.v0.2.json'));
  const signers: Signers = {
    ...{ cosign2, cosign3, work },
    signingConfig: `${files[name ?? '']}`,
    token: (serviceAccount) => tokenOf(cluster, serviceAccount),
  };
  return {
    signers,
    remove: async () => {
      await cosign2.remove();
      await cosign3.remove();
    },
  };
}
