import { setTimeout as sleep } from 'node:timers/promises';
import { JobError } from '@sigstand/job/errors';
import { type Access, ask, type Question } from '@sigstand/store/api';
import { pathOf } from '@sigstand/store/bodies';
import { storeOver } from '@sigstand/store/cluster';
import { refusal } from '@sigstand/store/refusal';
import { type Named, StoreError, show } from '@sigstand/store/store';
import { failureOf, saidIn } from '../job-end.ts';
import { backendOf, type Pod, type Service } from '../status/backend.ts';
import { connected, forwarding } from '../status/forward.ts';
import { wayBy } from '../status/way.ts';
import type { Ground } from './ground.ts';
import {
  type CronJob,
  type Deployment,
  endOf,
  isRolledOut,
  isWaiting,
  type JobPod,
  type JobStatus,
  jobFrom,
  restarting,
} from './objects.ts';
import type { JobObject } from './settings.ts';

const patience = { rollout: 300_000, job: 300_000, gone: 60_000, answer: 10_000, standBy: 30_000 };
const between = 250; // milliseconds from look to look

/** The real ground: a cluster behind an API server. */
export function groundOver(
  access: Access,
  { now, signal }: { now: () => Date; signal: AbortSignal },
): Ground {
  const store = storeOver(access, 'rotate');
  const refuseStopped = () => {
    if (!signal.aborted) return;
    throw new JobError('tryAgain', 'stopped before it was done', {
      hint: 'run it again, it goes on from what is stored',
    });
  };
  const pause: Ground['pause'] = async (time) => {
    await sleep(time, undefined, { signal }).catch(refuseStopped);
  };

  async function api(ref: Named, verb: string, rest: Omit<Question, 'path'>): Promise<unknown> {
    refuseStopped();
    const path = pathOf(rest.method === 'POST' || ref.name === '' ? { ...ref, name: '' } : ref);
    try {
      return await ask(access, { ...rest, path });
    } catch (error) {
      const refused = refusal(verb, ref, error);
      if (refused === 'absent') return undefined;
      throw refused;
    }
  }
  const get = (ref: Named) => api(ref, 'get', { method: 'GET' });
  const create = async (ref: Named, content: object) => {
    try {
      await api(ref, 'create', { method: 'POST', body: { type: 'application/json', content } });
    } catch (error) {
      // Nobody else makes one while the Lease is ours: it was made, and the answer was lost on the way.
      if (!(error instanceof StoreError) || error.code !== 'CONFLICT') throw error;
    }
  };
  const list = async (ref: Named, labels: Readonly<Record<string, string>> = {}) => {
    const labelSelector = Object.entries(labels)
      .map((pair) => pair.join('='))
      .join();
    const found = await api({ ...ref, name: '' }, 'list', {
      method: 'GET',
      query: { labelSelector },
    });
    return (found as { items?: readonly Pod[] } | undefined)?.items ?? [];
  };
  const patch = (ref: Named, content: object) =>
    api(ref, 'patch', { method: 'PATCH', body: { type: 'application/merge-patch+json', content } });
  const remove = async (ref: Named) => {
    const query = { propagationPolicy: 'Foreground' };
    await api(ref, 'delete', { method: 'DELETE', query });
  };
  const until = async (time: number, what: string, isSo: () => Promise<boolean>) => {
    const end = now().getTime() + time;
    while (!(await isSo())) {
      if (now().getTime() > end) {
        throw new JobError('unavailable', `${what} within ${time / 1_000} s`, {
          hint: 'kubectl get pods and describe say what it waits for; then run it again',
        });
      }
      await pause(between);
    }
  };

  /** The Pods behind the web server's Service. */
  async function webServers(namespace: string) {
    const service = (await get({ kind: 'Service', namespace, name: 'tuf' })) as Service | undefined;
    const pods = await list({ kind: 'Pod', namespace, name: '' }, service?.spec?.selector);
    return service ? pods.flatMap((pod) => backendOf(service, [pod], 80) ?? []) : [];
  }

  async function podsOf({ namespace, name }: Named): Promise<readonly JobPod[]> {
    const found = (await get({ kind: 'Deployment', namespace, name })) as Deployment | undefined;
    const labels = found?.spec?.selector?.matchLabels;
    if (labels === undefined) return [];
    return (await list({ kind: 'Pod', namespace, name: '' }, labels)) as readonly JobPod[];
  }

  async function rolledOut(deployment: Named): Promise<void> {
    await until(patience.rollout, `${show(deployment)} was not rolled out`, async () => {
      const found = (await get(deployment)) as Deployment | undefined;
      return found !== undefined && isRolledOut(found);
    });
    // An old Pod may still answer those who asked it before.
    await until(patience.gone, `old Pods of ${show(deployment)} were not gone`, async () =>
      (await podsOf(deployment)).every(({ metadata }) => metadata.deletionTimestamp === undefined),
    );
  }

  async function touched(namespace: string, pods: readonly Pick<Pod, 'metadata'>[]) {
    const annotations = { 'sigstand.dev/touched': now().toISOString() };
    for (const { metadata } of pods) {
      await patch({ kind: 'Pod', namespace, name: metadata.name }, { metadata: { annotations } });
    }
  }

  async function template(ref: Named): Promise<JobObject> {
    const found = await get(ref);
    if (found === undefined) {
      throw new JobError('unavailable', `there is no ${show(ref)}`, {
        hint: 'apply the manifest that has it, with your changes; it makes nothing anew',
      });
    }
    return ref.kind === 'CronJob'
      ? ((found as CronJob).spec?.jobTemplate ?? {})
      : (found as JobObject);
  }

  return {
    store,
    now,
    pause,
    remove,
    // Another Pod may be ready by the next question.
    way: (asked) => wayBy({ connect: forwarding(access), timeout: patience.answer })(asked),
    job: template,
    async run(of, args = []) {
      const { namespace } = of;
      const job = { kind: 'Job', namespace, name: `${of.name}-rotate` } as const;
      const found = await template(of);
      // One that a killed run left.
      await remove(job);
      await until(patience.gone, `${show(job)} did not go away`, async () => !(await get(job)));
      const content = jobFrom(found, { ...job, args });
      await create(job, content);
      let end: ReturnType<typeof endOf>;
      await until(patience.job, `${show(job)} did not end`, async () => {
        end = endOf(((await get(job)) ?? {}) as JobStatus);
        return end !== undefined;
      });
      if (end === 'failed') throw await whyFailed(job);
      await remove(job);
    },
    async restart(deployment) {
      await patch(deployment, restarting(now()));
      await rolledOut(deployment);
    },
    async standBy(deployment) {
      const old = (await podsOf(deployment)).map(({ metadata }) => metadata.name);
      await patch(deployment, restarting(now()));
      const end = now().getTime() + patience.standBy;
      const waits = async () =>
        (await podsOf(deployment)).some(
          (pod) => !old.includes(pod.metadata.name) && isWaiting(pod),
        );
      while (!(await waits()) && now().getTime() < end) await pause(between);
    },
    async settle(deployment) {
      await touched(deployment.namespace, await podsOf(deployment));
      await rolledOut(deployment);
    },
    async handedOut(namespace, names) {
      const found = await webServers(namespace);
      return Promise.all(
        found.map(async ({ pod, port }) => {
          const connect = () => connected(access, { namespace, pod, port });
          const way = wayBy({ connect, timeout: patience.answer });
          const files = await Promise.all(
            names.map(async (name) => {
              const { status, body } = await way({ url: `http://tuf.${namespace}.svc/${name}` });
              return [name, status === 200 ? new Uint8Array(body) : new Uint8Array()] as const;
            }),
          );
          return Object.fromEntries(files);
        }),
      );
    },
    async touch(namespace) {
      const pods = await webServers(namespace);
      await touched(
        namespace,
        pods.map(({ pod: name }) => ({ metadata: { name } })),
      );
    },
  };

  async function whyFailed(job: Named): Promise<JobError> {
    const pods = await list(
      { kind: 'Pod', namespace: job.namespace, name: '' },
      { 'job-name': job.name },
    );
    const ends = (pods as readonly JobPod[]).flatMap(
      ({ status }) => status?.containerStatuses?.[0]?.state?.terminated ?? [],
    );
    const { exitCode = 75, message = '' } = ends.at(-1) ?? {};
    const { message: why, hint } = saidIn(message);
    const log = `kubectl logs -n ${job.namespace} job/${job.name}`;
    return new JobError(failureOf(exitCode), `${show(job)} failed: ${why}`, {
      hint: `${hint || log}; then run it again, it goes on`,
    });
  }
}
