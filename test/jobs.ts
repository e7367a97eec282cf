import { copySecrets } from '@sigstand/copysecrets/job';
import { createCertChain } from '@sigstand/createcertchain/job';
import { createCerts } from '@sigstand/createcerts/job';
import { createCtConfig } from '@sigstand/createctconfig/job';
import { createSecret } from '@sigstand/createsecret/job';
import { createTree } from '@sigstand/createtree/job';
import { memoryTrillian, newToken } from '@sigstand/createtree/testing';
import { createTuf } from '@sigstand/createtuf/job';
import type { Job } from '@sigstand/job/main';
import { environmentOf, jobOf, type Manifest, manifests, name, podsOf } from './stack.ts';

/** The Trillian in memory of all stacks of a process, with what is in it. */
export const sharedTrillian = memoryTrillian();

/** The seven Jobs, on a Trillian in memory. */
export const jobs: Readonly<Record<string, () => Job>> = {
  copysecrets: copySecrets,
  createcertchain: createCertChain,
  createcerts: createCerts,
  createctconfig: createCtConfig,
  createsecret: createSecret,
  createtree: () => createTree({ connect: () => sharedTrillian.trillian, newToken, stillFor: 20 }),
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
  /** Its environment, as the kubelet makes it. */
  readonly env: Readonly<Record<string, string>>;
  readonly namespace: string;
  readonly serviceAccount: string;
}

/** The arguments of a Job that runs as its Pod does: with nothing but what its manifest tells it. */
export const argsInPod = ({ args }: Pick<JobPod, 'args'>) => ['--store=kubernetes', ...args];

/** All Pods that run one of our Jobs by some manifests, the CronJob's too. */
export function jobPodsOf(objects: readonly Manifest[]): JobPod[] {
  return podsOf(objects).flatMap(({ owner, spec }) => {
    const found = jobOf(spec);
    if (found === undefined) return [];
    return [
      {
        title: name(owner),
        owner,
        spec,
        ...found,
        env: environmentOf({ owner, spec }, objects),
        namespace: owner.metadata.namespace ?? '',
        serviceAccount: spec.serviceAccountName ?? 'default',
      },
    ];
  });
}

/** Those of the manifests. */
export const jobPods: readonly JobPod[] = jobPodsOf(manifests);

/** Those that run once: the CronJob runs what its Job runs. */
export const oncePods: readonly JobPod[] = jobPods.filter(({ owner }) => owner.kind === 'Job');
