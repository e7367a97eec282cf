import {
  AuthorizationV1Api,
  RbacAuthorizationV1Api,
  type V1PolicyRule,
} from '@kubernetes/client-node';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { asUser } from '../programs/identity.ts';
import { kubeconfigAt } from '../programs/kubeconfig.ts';
import { laterBy } from './clock.ts';
import { create, type Harness, openHarness, remove } from './harness.ts';
import { placeOf, type StoredObject } from './history.ts';
import { jobTitles, type Lane, type LaneJob, openLane, stackNamespaces } from './lane.ts';
import { figure } from './profile.ts';
import type { Request } from './requests.ts';

/*
 * What a Job's service account may do, as the API server answers it, is what the Job was recorded
 * doing; and it needs all of it.
 */

/** One verb on one object. */
interface Right {
  readonly verb: string;
  readonly resource: string;
  readonly name: string;
  readonly namespace: string;
}

const show = ({ verb, resource, namespace, name }: Right) =>
  `${verb} ${resource} ${namespace}/${name}`;

const { url, authority, kubeconfig } = inject('apiserver');
/** Ten days before the certificates of ten years end. */
const shortlyBeforeTheEnd = laterBy(3_640 * 86_400_000);
let harness: Harness;
const recorded = new Map<string, Right[]>();
beforeAll(async () => {
  harness = await openHarness('rights', { url, authority, kubeconfig });
  for (const job of harness.lane.jobs) {
    const prepared = await harness.prepare(job);
    await prepared.reset();
    const runs = [await harness.run(job)];
    // It warns of what nears its end as well, and does what else it does without that.
    if (job.job === 'createtuf') runs.push(await harness.run(job, { env: shortlyBeforeTheEnd }));
    recorded.set(job.title, rightsUsed(runs.flatMap(({ traffic }) => traffic.requests)));
  }
});
afterAll(() => harness?.close());

const resources: Record<string, string> = {
  Secret: 'secrets',
  ConfigMap: 'configmaps',
  Event: 'events',
};

/** Server-side apply of what is not there is authorised as a patch and as a create. */
function rightsUsed(requests: readonly Request[]): Right[] {
  const verbs: Record<string, string[]> = { get: ['get'], apply: ['patch', 'create'] };
  const all = requests
    .filter(({ to }) => to === 'kubernetes')
    .flatMap(({ what }) => {
      const [verb = '', kind = '', namespace = '', name = ''] = what.split(/[ /]/);
      const resource = resources[kind] ?? kind;
      return (verbs[verb] ?? [verb]).map((one) => ({ verb: one, resource, namespace, name }));
    });
  return [...new Map(all.map((right) => [show(right), right])).values()];
}

/** What an identity may do in a namespace, beyond what the API server lets everybody do. */
async function allowed(token: string, namespace: string): Promise<string[]> {
  const review = await asUser(kubeconfigAt(kubeconfig), { token })
    .makeApiClient(AuthorizationV1Api)
    .createSelfSubjectRulesReview({
      body: { spec: { namespace } },
    });
  return (review.status?.resourceRules ?? [])
    .filter(({ resources: of = [] }) => !of.some((one) => one.startsWith('selfsubject')))
    .flatMap(({ verbs, resources: of = ['*'], resourceNames = ['*'] }) =>
      verbs.flatMap((verb) =>
        of.flatMap((resource) =>
          resourceNames.map((name) => show({ verb, resource, namespace, name })),
        ),
      ),
    );
}

describe('the rights of', () => {
  it.each(jobTitles)('%s are those that it was recorded using, by name', async (title) => {
    const { token } = harness.lane.job(title);
    const namespaces = [...stackNamespaces.map(harness.lane.namespace), 'default', 'kube-system'];
    const rights = await Promise.all(namespaces.map((one) => allowed(token, one)));
    expect(rights.flat().sort()).toEqual(recorded.get(title)?.map(show).sort());
  });
});

const taken: string[] = [];
afterAll(() => figure(`rights taken away, one at a time: ${taken.length}`));

describe.concurrent('without one of its rights', () => {
  it.each(jobTitles)('%s ends with 77, and names it', async (title) => {
    // A lane for each Job, since each takes a right away from a Role and its Job waits for it.
    const name = `rights${jobTitles.indexOf(title)}`;
    const lane = await openLane(name, kubeconfig);
    const job = lane.job(title);
    for (const input of harness.inputs(harness.lane.job(title))) {
      await create(lane.admin, moved(input, name));
    }
    const needed = recorded.get(title)?.filter(({ resource }) => resource !== 'events');
    for (const right of needed ?? []) {
      const lacking = { ...right, namespace: moveName(right.namespace, name) };
      const context = show(lacking);
      const { status, stderr, made } = await runWithout(lane, job, lacking);
      expect({ context, status }).toEqual({ context, status: 77 });
      const told = stderr.trimEnd().split('\n').at(-1);
      expect(told).toContain(`${lacking.resource} "${lacking.name}" is forbidden`);
      expect(told).toContain(`cannot ${lacking.verb} resource`);
      expect(told).toContain(`namespace ${lacking.namespace}`);
      for (const object of made) await remove(lane.admin, object);
      taken.push(context);
    }
  });
});

const moveName = (namespace: string, lane: string) => namespace.replace(/-\w+$/, `-${lane}`);

function moved(object: StoredObject, lane: string): StoredObject {
  const namespace = moveName(object.metadata.namespace, lane);
  return { ...object, metadata: { ...object.metadata, namespace } };
}

/** Runs the Job while its Role lacks one right. */
async function runWithout(lane: Lane, job: LaneJob, right: Right) {
  const api = kubeconfigAt(kubeconfig).makeApiClient(RbacAuthorizationV1Api);
  const ref = { name: await roleOf(api, job, right), namespace: right.namespace };
  const { rules = [], ...role } = await api.readNamespacedRole(ref);
  const body = { ...role, rules: rulesWithout(rules, right) };
  delete body.metadata?.resourceVersion;
  await api.replaceNamespacedRole({ ...ref, body });
  await until(async () => !(await allowed(job.token, right.namespace)).includes(show(right)));
  const before = new Set((await objectsOf(lane)).map(placeOf));
  // The Job waits half a minute for rights that may come; its clock runs ten times as fast. Not faster: its
  // requests end by the same clock, and the machine may be busy.
  const run = await harness.run(job, { under: ['faketime', '-f', '+0 x10'] });
  const made = (await objectsOf(lane)).filter((one) => !before.has(placeOf(one)));
  await api.replaceNamespacedRole({ ...ref, body: { ...body, rules } });
  await until(async () => (await allowed(job.token, right.namespace)).includes(show(right)));
  return { ...run, made };
}

/** The Role of a namespace that the Job's service account is bound to. */
async function roleOf(
  api: RbacAuthorizationV1Api,
  { serviceAccount, namespace }: LaneJob,
  right: Right,
): Promise<string> {
  const { items } = await api.listNamespacedRoleBinding({ namespace: right.namespace });
  const bound = items.find(({ subjects = [] }) =>
    subjects.some((one) => one.name === serviceAccount && one.namespace === namespace),
  );
  if (bound === undefined) throw new Error(`nothing is bound to ${namespace}/${serviceAccount}`);
  return bound.roleRef.name;
}

function rulesWithout(rules: readonly V1PolicyRule[], right: Right): V1PolicyRule[] {
  return rules
    .flatMap(({ verbs, resources: of = [], resourceNames = [], ...rest }) =>
      of.flatMap((resource) =>
        resourceNames.map((name) => ({
          ...rest,
          resources: [resource],
          resourceNames: [name],
          verbs: verbs.filter((verb) => show({ ...right, verb, resource, name }) !== show(right)),
        })),
      ),
    )
    .filter(({ verbs }) => verbs.length > 0);
}

async function objectsOf({ admin, name }: Lane): Promise<StoredObject[]> {
  const [secrets, maps] = await Promise.all([
    admin.listSecretForAllNamespaces(),
    admin.listConfigMapForAllNamespaces(),
  ]);
  const all = [
    ...secrets.items.map((one) => ({ ...one, kind: 'Secret' })),
    ...maps.items.map((one) => ({ ...one, kind: 'ConfigMap' })),
  ] as StoredObject[];
  return all.filter(({ metadata }) => metadata.namespace.endsWith(`-${name}`));
}

/** The authorizer reads Roles from a cache, a moment after they are written. */
async function until(holds: () => Promise<boolean>): Promise<void> {
  for (const deadline = Date.now() + 20_000; !(await holds()); ) {
    if (Date.now() > deadline) throw new Error('the rights did not change');
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
