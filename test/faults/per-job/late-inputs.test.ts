import { setTimeout as sleep } from 'node:timers/promises';
import { CoreV1Api } from '@kubernetes/client-node';
import { copies, ctlogConfig, ctlogPublicKey, fulcioPublicKey } from '@sigstand/contracts/records';
import type { Data, Ref } from '@sigstand/store/store';
import { afterAll, describe, expect, inject, it } from 'vitest';
import { run } from '../../cluster/rig.ts';
import { goldenInputs } from '../../golden/build.ts';
import { oncePods } from '../../jobs.ts';
import { binary } from '../../programs/binaries.ts';
import { tokenOf } from '../../programs/identity.ts';
import { kubeconfigAt } from '../../programs/kubeconfig.ts';
import { ofKind } from '../../stack.ts';
import { asPod } from '../identity.ts';
import { type LaneJob, openLane } from '../lane.ts';
import { startJob } from '../process.ts';
import { figure, long, patience } from '../profile.ts';

/* Jobs whose inputs come one after the other, each some time after the Job has said that it waits for it. */

type Input = keyof typeof copies;
const inputs = Object.keys(copies) as Input[];
const material = goldenInputs('first');
const gap = long ? 5_000 : 500;

const upstream = inject('apiserver');
const config = kubeconfigAt(upstream.kubeconfig);
const admin = config.makeApiClient(CoreV1Api);
const closing = new AsyncDisposableStack();
afterAll(() => closing.disposeAsync());

/** A Job that runs, with its real rights, and what it has said so far. */
async function start(job: string, { token, args, env }: Pick<LaneJob, 'token' | 'args' | 'env'>) {
  const identity = await asPod({ api: upstream, token });
  closing.defer(identity.remove);
  const started = startJob(job, { args, env, ...identity.options });
  let said = '';
  started.child.stderr?.on('data', (text) => {
    said += text;
  });
  const hears = async (words: string) => {
    for (const deadline = Date.now() + 60_000; !said.includes(words); await sleep(20)) {
      if (started.child.exitCode === null && Date.now() < deadline) continue;
      throw new Error(`it did not say "${words}", but: ${said}`);
    }
  };
  return { ...started, hears };
}

function put({ kind, namespace, name }: Ref, data: Data): Promise<unknown> {
  const encode = (encoding: 'base64' | 'utf8') =>
    Object.fromEntries(
      Object.entries(data).map(([key, value]) => [key, Buffer.from(value).toString(encoding)]),
    );
  return kind === 'Secret'
    ? admin.createNamespacedSecret({
        namespace,
        body: { metadata: { name }, data: encode('base64') },
      })
    : admin.createNamespacedConfigMap({
        namespace,
        body: { metadata: { name }, data: encode('utf8') },
      });
}

describe('createtuf', () => {
  it('waits for its four inputs in whatever order they come, and names those that lack', async () => {
    const orders = permutations(inputs);
    expect(orders).toHaveLength(24);
    const lanes = orders.map((order, index) => ({ order, namespace: `tuf-late-${index + 1}` }));
    await openNamespaces(lanes.map(({ namespace }) => namespace));
    const after: number[] = [];
    // A few at a time: two dozen processes that start at once would be late themselves.
    for (let first = 0; first < lanes.length; first += 12) {
      const some = lanes.slice(first, first + 12);
      after.push(...(await Promise.all(some.map(arriving))));
    }
    const worst = Math.max(...after).toFixed();
    figure(
      `orders of createtuf's late inputs: ${after.length}; done ${worst} ms after the last, at worst`,
    );
  });
});

/** Lets the inputs come in one order; resolves to milliseconds from the last until the Job was done. */
async function arriving({ order, namespace }: { order: Input[]; namespace: string }) {
  const token = await tokenOf(admin, { namespace, serviceAccount: 'createtuf' });
  const { env } = oncePods.find(({ job }) => job === 'createtuf')!;
  const started = { token, args: [], env: { ...env, NAMESPACE: namespace } };
  const job = await start('createtuf', started);
  for (const [index, input] of order.entries()) {
    const missing = inputs.filter((one) => !order.slice(0, index).includes(one));
    const names = missing.map((one) => `Secret ${namespace}/${copies[one].name}`);
    await job.hears(`waiting for ${names.join(' and ')} (copysecrets brings it)`);
    await sleep(gap);
    await put({ ...copies[input], namespace }, material[input]);
  }
  const last = performance.now();
  const { status, stderr } = await job.ended;
  expect({ order, status, stderr }).toMatchObject({
    status: 0,
    stderr: expect.stringContaining('is published'),
  });
  return performance.now() - last;
}

function permutations<T>(all: readonly T[]): T[][] {
  if (all.length < 2) return [[...all]];
  return all.flatMap((one) =>
    permutations(all.filter((other) => other !== one)).map((rest) => [one, ...rest]),
  );
}

/** What the manifests have for createtuf in its namespace, in namespaces of other names. */
async function openNamespaces(names: readonly string[]): Promise<void> {
  const stack = ofKind('Namespace', 'ServiceAccount', 'Role', 'RoleBinding').filter(
    ({ kind, metadata }) =>
      kind === 'Namespace'
        ? metadata.name === 'tuf-system'
        : metadata.namespace === 'tuf-system' && metadata.name === 'createtuf',
  );
  expect(stack).toHaveLength(4);
  const items = names.flatMap((name) =>
    JSON.parse(JSON.stringify(stack).replaceAll('tuf-system', name)),
  );
  const input = JSON.stringify({ apiVersion: 'v1', kind: 'List', items });
  const flags = ['--kubeconfig', upstream.kubeconfig, '--server-side', '--validate=ignore'];
  const { status, stderr } = await run(binary('kubectl'), ['apply', ...flags, '-f', '-'], {
    input,
  });
  if (status !== 0) throw new Error(stderr);
}

describe('createctconfig', () => {
  it(`publishes the key, and goes on when the tree comes ${long ? 120 : 5} s late`, async () => {
    const lane = await openLane('latetree', upstream.kubeconfig);
    const job = lane.job('ctlog-system/createctconfig');
    const here = <R extends Ref>(ref: R): R => ({
      ...ref,
      namespace: lane.namespace(ref.namespace),
    });
    await put(here(fulcioPublicKey), material.fulcio);
    const started = await start('createctconfig', job);
    const record = here(ctlogConfig);
    await started.hears(
      `waiting for ConfigMap ${record.namespace}/${record.name}, treeID (createtree writes it)`,
    );
    await started.hears("reserved the CT log's key");
    const { name, namespace } = here(ctlogPublicKey);
    const published = await admin.readNamespacedSecret({ name, namespace });
    await sleep(long ? 120_000 : 5_000);
    expect(started.child.exitCode).toBe(null);
    await put(record, { treeID: Buffer.from('6650004838055700742') });
    const come = performance.now();
    const { status, stderr } = await started.ended;
    const after = performance.now() - come;
    expect({ status, stderr }).toMatchObject({
      status: 0,
      stderr: expect.stringContaining("created the CT log's key and configuration"),
    });
    expect(await admin.readNamespacedSecret({ name, namespace })).toEqual(published);
    figure(`createctconfig was done ${after.toFixed()} ms after the tree's id came`);
    expect(after).toBeLessThan(patience(5_000));
  });
});
