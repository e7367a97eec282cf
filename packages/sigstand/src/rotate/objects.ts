/* Objects of Kubernetes, as far as a rotation reads and makes them. */

import { wholeSeconds } from '@sigstand/pki/time';
import type { JobObject } from './settings.ts';

/** A Deployment. */
export interface Deployment {
  readonly metadata?: { readonly generation?: number };
  readonly spec?: {
    readonly replicas?: number;
    readonly selector?: { readonly matchLabels?: Readonly<Record<string, string>> };
  };
  readonly status?: {
    readonly observedGeneration?: number;
    readonly replicas?: number;
    readonly updatedReplicas?: number;
    readonly availableReplicas?: number;
  };
}

/** A CronJob. */
export interface CronJob {
  readonly spec?: { readonly jobTemplate?: JobObject };
}

/** What a Job came to. */
export interface JobStatus {
  readonly status?: {
    readonly conditions?: readonly { readonly type: string; readonly status: string }[];
  };
}

/** A Pod, and what became of its containers. */
export interface JobPod {
  readonly metadata: { readonly name: string; readonly deletionTimestamp?: string };
  readonly status?: {
    readonly initContainerStatuses?: readonly { readonly state?: { readonly running?: object } }[];
    readonly containerStatuses?: readonly {
      readonly state?: {
        readonly running?: object;
        readonly terminated?: { readonly exitCode: number; readonly message?: string };
      };
    }[];
  };
}

/** Whether all Pods of a Deployment are new and ready, as `kubectl rollout status` judges. */
export function isRolledOut({ metadata, spec, status = {} }: Deployment): boolean {
  const wanted = spec?.replicas ?? 1;
  const {
    observedGeneration = 0,
    replicas = 0,
    updatedReplicas = 0,
    availableReplicas = 0,
  } = status;
  if (observedGeneration < (metadata?.generation ?? 0)) return false;
  return updatedReplicas === wanted && replicas === wanted && availableReplicas === wanted;
}

/** Whether a Pod is on its node, and waits in a container before its own, or is past that. */
export function isWaiting({ status = {} }: JobPod): boolean {
  const { initContainerStatuses = [], containerStatuses = [] } = status;
  return [...initContainerStatuses, ...containerStatuses].some(({ state }) => state?.running);
}

/** What `kubectl rollout restart` changes of a Deployment. */
export function restarting(now: Date): object {
  const restartedAt = wholeSeconds(now);
  const annotations = { 'kubectl.kubernetes.io/restartedAt': restartedAt };
  return { spec: { template: { metadata: { annotations } } } };
}

/** Whether a Job is over, and how. */
export function endOf({ status }: JobStatus): 'done' | 'failed' | undefined {
  const has = (type: string) =>
    status?.conditions?.some((one) => one.type === type && one.status === 'True');
  if (has('Complete')) return 'done';
  return has('Failed') ? 'failed' : undefined;
}

/** The Job that a CronJob would make now, or a Job once more; with more arguments, where some are given. */
export function jobFrom(
  { metadata = {}, spec: job = {} }: JobObject,
  { namespace, name, args }: { namespace: string; name: string; args: readonly string[] },
): object {
  const { selector: _, manualSelector: __, ...rest } = job as Manual;
  const [first, ...others] = job.template?.spec?.containers ?? [];
  const all = [...(first?.args ?? []), ...args];
  const containers = [{ ...first, ...(all.length > 0 && { args: all }) }, ...others];
  const labels = ownLabels(job.template?.metadata?.labels);
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: {
      ...{ namespace, name, labels: ownLabels(metadata.labels) ?? {} },
      annotations: {
        ...without(metadata.annotations, ofTools),
        'cronjob.kubernetes.io/instantiate': 'manual',
      },
    },
    spec: {
      ...rest,
      template: {
        ...job.template,
        ...(labels && { metadata: { ...job.template?.metadata, labels } }),
        spec: { ...job.template?.spec, containers },
      },
    },
  };
}

/** What Kubernetes has put into a Job to tell its own Pods from others; another Job gets another one. */
interface Manual {
  readonly selector?: unknown;
  readonly manualSelector?: unknown;
}

/** Notes by which tools know an object as theirs: a Job once more is not. */
const ofTools = /last-applied-configuration$|tracking-id$|^(meta\.)?helm\.sh\//;

function ownLabels(labels: Texts | undefined) {
  return labels && without(labels, /(^|\/)(controller-uid|job-name)$/);
}

type Texts = Readonly<Record<string, string>>;

function without(texts: Texts | undefined, names: RegExp): Texts {
  return Object.fromEntries(Object.entries(texts ?? {}).filter(([key]) => !names.test(key)));
}
