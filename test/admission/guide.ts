import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { blockBelow } from '../cluster/export-shell.ts';
import { root } from '../cluster/rig.ts';
import { type Ground, signer } from './ground.ts';
import { registry } from './images.ts';

export type Controller = 'policy-controller' | 'kyverno';

/** Somebody who follows a README of `integrations/`, in a clone whose stack runs. */
export interface Guide {
  /** Runs the commands below a heading as they stand. @throws {Error} With what they printed, where one fails. */
  follow(heading: string): Promise<string>;
  /** Where their export writes. */
  readonly trust: string;
}

/** @param over The repository whose images are judged, and the namespace that is to be there for it. */
export async function openGuide(
  { cluster, work }: Ground,
  controller: Controller,
  over: { repository: string; namespace: string },
): Promise<Guide> {
  const page = join(root, 'integrations', controller, 'README.md');
  const out = join(work, controller);
  const trust = join(out, 'trust');
  await mkdir(out);
  await writeFile(join(out, 'cluster'), 'rig');
  await cluster.kubectl('create', 'namespace', over.namespace);
  const env = {
    ...{ SIGSTAND_OUT: out, NAMESPACE: over.namespace, SIGNER: signer },
    IMAGES: `${registry}/${over.repository}`,
  };
  return {
    trust,
    async follow(heading) {
      // Where npm run export writes when SIGSTAND_OUT says so.
      const script = (await blockBelow(page, heading)).replaceAll('.sigstand/trust', trust);
      const command = ['bash', '-euo', 'pipefail', '-c', script];
      return cluster.mustExec(command, { env, timeout: 300_000 });
    },
  };
}
