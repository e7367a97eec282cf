import type { CoreV1Api, V1Pod } from '@kubernetes/client-node';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type ControlPlane, startControlPlane } from '../programs/control-plane.ts';
import { kubectlOn } from '../programs/kubectl.ts';
import { type Killing, killingAt } from './killing.ts';
import { labels, smallStack } from './small-stack.ts';

/* sigstand up and down, killed after each of their changes, on a real API server with Kubernetes' own controllers. */

let plane: ControlPlane;
let killing: Killing;
const stack = smallStack('killed', () => plane.kubeconfig);
const { meta, pod, sigstand, write } = stack;

beforeAll(async () => {
  plane = await startControlPlane(writesKeys);
  killing = await killingAt(plane);
});
afterAll(async () => {
  await killing?.remove();
  await plane?.stop();
});

/** What a Job of ours does: it keeps what is there. */
async function writesKeys({ metadata }: V1Pod, core: CoreV1Api) {
  const body = { metadata: { name: 'keys', labels }, stringData: { key: 'v' } };
  await core
    .createNamespacedSecret({ namespace: metadata?.namespace ?? '', body })
    .catch((error: { code?: number }) => {
      if (error.code !== 409) throw error;
    });
}

const rights = 'rbac.authorization.k8s.io';
const keys = { volumes: [{ name: 'keys', secret: { secretName: 'keys' } }] };
const server = (image: string) => ({
  selector: { matchLabels: { app: 'tuf' } },
  template: { ...pod(image, keys), metadata: { labels: { app: 'tuf', ...labels } } },
});
const maker = (image: string) => {
  const { spec } = pod(image, { restartPolicy: 'Never' });
  return { template: { metadata: { labels }, spec } };
};
/** One of each kind that the manifests have. */
const objects = (image = 'a:1') => [
  ...stack.base(),
  { apiVersion: 'v1', kind: 'ServiceAccount', metadata: meta('maker') },
  { apiVersion: `${rights}/v1`, kind: 'Role', metadata: meta('maker'), rules: [] },
  {
    ...{ apiVersion: `${rights}/v1`, kind: 'RoleBinding', metadata: meta('maker') },
    roleRef: { apiGroup: rights, kind: 'Role', name: 'maker' },
    subjects: [{ kind: 'ServiceAccount', name: 'maker', namespace: stack.ns }],
  },
  {
    ...{ apiVersion: 'networking.k8s.io/v1', kind: 'NetworkPolicy', metadata: meta('tuf') },
    spec: { podSelector: { matchLabels: { app: 'tuf' } } },
  },
  { apiVersion: 'batch/v1', kind: 'Job', metadata: meta('maker'), spec: maker(image) },
  { apiVersion: 'apps/v1', kind: 'Deployment', metadata: meta('tuf'), spec: server(image) },
  {
    ...{ apiVersion: 'apps/v1', kind: 'StatefulSet', metadata: meta('db') },
    spec: { serviceName: 'db', ...server(image) },
  },
  {
    ...{ apiVersion: 'batch/v1', kind: 'CronJob', metadata: meta('maker') },
    spec: { schedule: '0 0 29 2 *', jobTemplate: { spec: maker(image) } },
  },
];

beforeEach(() => write(objects()));

const flags = () => [`--manifests=${stack.file}`];
const kinds =
  'configmap,service,serviceaccount,role,rolebinding,networkpolicy,job,deployment,statefulset,cronjob,secret';
interface There {
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly uid: string };
}

/** The UIDs of all that is there of the stack, by name. */
async function there(): Promise<Record<string, string>> {
  const kubectl = kubectlOn(plane.kubeconfig);
  const part = Object.entries(labels).map(([key, value]) => `${key}=${value}`);
  const all = ['get', kinds, '-n', stack.ns, '-l', ...part, '-o', 'json'];
  const { status, stdout, stderr } = await kubectl(all);
  if (status !== 0) throw new Error(stderr);
  const items = JSON.parse(stdout).items as There[];
  return Object.fromEntries(
    items.map(({ kind, metadata: { name, uid } }) => [`${kind} ${name}`, uid]),
  );
}

const whole = () => [
  ...objects()
    .filter(({ kind }) => kind !== 'Namespace')
    .map(({ kind, metadata: { name } }) => `${kind} ${name}`),
  'Secret keys',
];

/** Brings the stack up to its end; that nobody serves there, only the look at it finds. */
async function raised() {
  const { status, stdout, stderr } = await sigstand('up', '--take-over', '--json');
  const { steps, changed } = JSON.parse(stdout) as {
    steps: { step: string }[];
    changed: { object: string; outcome: string }[];
  };
  expect({ status, stderr }).toMatchObject({
    status: 69,
    stderr: expect.stringContaining('checks fail: tuf-mirror'),
  });
  expect(steps.map(({ step }) => step).sort()).toEqual(
    [
      `Deployment ${stack.ns}/tuf`,
      `Job ${stack.ns}/maker`,
      `StatefulSet ${stack.ns}/db`,
      'all 11 objects applied',
    ].sort(),
  );
  expect(Object.keys(await there()).sort()).toEqual(whole().sort());
  return changed;
}

const steps = (count: number) => Array.from({ length: count }, (_, nth) => nth + 1);

describe('sigstand up, killed', () => {
  // 11 objects, and the Lease is taken.
  it.each(steps(12))('after %i changes, goes on, and makes nothing twice', async (after) => {
    const changes = await killing.killed(['up', ...flags()], after);
    expect(changes.length).toBeGreaterThanOrEqual(after);
    const before = await there();
    const changed = await raised();
    expect(await there()).toMatchObject(before);
    expect(changed.filter(({ outcome }) => outcome !== 'created')).toEqual([]);
    expect(await raised()).toEqual([]);
  });

  // The namespace, the Lease, the Job deleted and made, two servers and the schedule.
  it.each(steps(7))('after %i changes of an upgrade, goes on', async (after) => {
    await raised();
    const before = await there();
    await write(objects('a:2'));
    await killing.killed(['up', ...flags()], after);
    await raised();
    const { 'Job maker': old, ...others } = before;
    const now = await there();
    expect(now).toMatchObject(others);
    expect(now['Job maker']).not.toBe(old);
    expect(await raised()).toEqual([]);
  });
});

describe('sigstand down, killed', () => {
  beforeEach(() => raised());

  // The Lease, and 10 objects.
  it.each(steps(11))('after %i changes, goes on, and leaves the keys', async (after) => {
    const { 'Secret keys': secret } = await there();
    await killing.killed(['down', ...flags()], after);
    // Or it is wanted again before it is gone.
    if (after % 2 === 0) {
      expect(await sigstand('down', '--take-over')).toMatchObject({ status: 0, stderr: '' });
      expect(await there()).toEqual({ 'Secret keys': secret });
    }
    await raised();
    expect(await there()).toMatchObject({ 'Secret keys': secret });
  });

  // And the namespace.
  it.each(steps(12))('after %i changes of --delete-keys, goes on', async (after) => {
    await killing.killed(['down', '--delete-keys', ...flags()], after);
    const { status } = await sigstand('down', '--delete-keys', '--take-over');
    expect(status).toBe(0);
    const namespace = ['get', 'namespace', stack.ns, '--ignore-not-found', '-o', 'name'];
    expect(await kubectlOn(plane.kubeconfig)(namespace)).toMatchObject({ status: 0, stdout: '' });
    await raised();
  });
});
