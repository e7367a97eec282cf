import { copySecrets } from '@sigstand/copysecrets/job';
import { createCertChain } from '@sigstand/createcertchain/job';
import { createCerts } from '@sigstand/createcerts/job';
import { createCtConfig } from '@sigstand/createctconfig/job';
import { createSecret } from '@sigstand/createsecret/job';
import { createTree } from '@sigstand/createtree/job';
import { memoryTrillian, newToken } from '@sigstand/createtree/testing';
import { createTuf } from '@sigstand/createtuf/job';
import type { Job } from '@sigstand/job/main';
import { jobOf, type Manifest, name, pods } from './stack.ts';

const { trillian } = memoryTrillian();

/** The seven Jobs, on a Trillian in memory. */
export const jobs: Readonly<Record<string, () => Job>> = {
  copysecrets: copySecrets,
  createcertchain: createCertChain,
  createcerts: createCerts,
  createctconfig: createCtConfig,
  createsecret: createSecret,
  createtree: () => createTree({ connect: () => trillian, newToken }),
  createtuf: createTuf,
};

/** One of our Jobs as a manifest runs it. */
export interface JobPod {
  readonly title: string;
  readonly owner: Manifest;
  // biome-ignore lint/suspicious/noExplicitAny: Kubernetes' PodSpec, read field by field
  readonly spec: any;
  readonly job: string;
  readonly args: readonly string[];
  readonly namespace: string;
  readonly serviceAccount: string;
}

/** All that run one of our Jobs, the CronJob too. */
export const jobPods: readonly JobPod[] = pods.flatMap(({ owner, spec }) => {
  const found = jobOf(spec);
  if (found === undefined) return [];
  const namespace = owner.metadata.namespace ?? '';
  return [
    {
      title: name(owner),
      owner,
      spec,
      ...found,
      namespace,
      serviceAccount: spec.serviceAccountName ?? 'default',
    },
  ];
});

/** Those that run once: the CronJob runs what its Job runs. */
export const oncePods: readonly JobPod[] = jobPods.filter(({ owner }) => owner.kind === 'Job');
