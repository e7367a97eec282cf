import { describe, expect, it } from 'vitest';
import type { Peer } from '../peer/peer.ts';
import { runtimeEvent } from './containers.ts';
import { drawing } from './drawing.ts';
import { figures } from './figures.ts';
import { lanes, marks } from './lanes.ts';
import { type Reading, reading, wasteOf } from './reading.ts';
import { isOfAStack } from './reset.ts';
import type { Change, Watched } from './watch.ts';
import { possible } from './ways.ts';

const applied = 1000;

function change(at: number, kind: string, name: string, rest: Partial<Watched> = {}): Change {
  const [namespace = '', own = ''] = name.split('/');
  const metadata = { name: own, namespace, uid: `${kind} ${name}` };
  return { at: applied + at, type: 'MODIFIED', object: { kind, metadata, ...rest } };
}

const complete = { status: { conditions: [{ type: 'Complete', status: 'True' }] } };
const root = change(300, 'Secret', 'tuf-system/tuf-root', { data: { root: 'e30=' } });

describe('what a bring-up was', () => {
  it('takes the first time of each', () => {
    const changes = [
      change(10, 'Job', 'a/one'),
      change(400, 'Job', 'a/one', complete),
      change(500, 'Job', 'a/two', complete),
      change(900, 'Job', 'a/one', complete),
      change(200, 'Secret', 'tuf-system/tuf-root'),
      root,
    ];
    expect(reading(changes, applied, applied + 800)).toMatchObject({
      verified: 800,
      jobs: 500,
      tufRoot: 300,
    });
  });

  it('is an error where a Job is not Complete, or the root is missing', () => {
    const job = change(10, 'Job', 'a/one');
    expect(() => reading([job, root], applied, 2000)).toThrow('never Complete: a/one');
    expect(() => reading([root], applied, 2000)).toThrow('there were none');
    const done = change(10, 'Job', 'a/one', complete);
    expect(() => reading([done], applied, 2000)).toThrow('never came');
  });

  it('counts waste once, also of what is gone', () => {
    const restarted = (restartCount: number) => ({
      status: { containerStatuses: [{ name: 'main', restartCount, ready: false }] },
    });
    const missing = { reason: 'Failed', message: `couldn't find key treeID in ConfigMap a/b` };
    const other = { reason: 'Failed', message: 'Error: ImagePullBackOff' };
    const mount = (count: number) => ({ reason: 'FailedMount', count });
    const changes = [
      change(1, 'Pod', 'a/failed', { status: { phase: 'Failed' } }),
      change(2, 'Pod', 'a/failed', { status: { phase: 'Failed' } }),
      change(3, 'Pod', 'a/again', restarted(1)),
      change(4, 'Pod', 'a/again', restarted(2)),
      change(5, 'Event', 'a/one', missing),
      change(6, 'Event', 'a/two', other),
      change(7, 'Event', 'a/three', mount(1)),
      change(8, 'Event', 'a/three', mount(4)),
    ];
    expect(wasteOf(changes)).toEqual({
      failedPods: 1,
      restarts: 2,
      configErrors: 1,
      failedMounts: 4,
    });
  });
});

describe('the figures', () => {
  const took = (verified: number): Reading => ({
    ...{ verified, jobs: 1, tufRoot: 1 },
    complaints: [],
    waste: { failedPods: 0, restarts: 0, configErrors: 0, failedMounts: 0 },
  });

  it('pair what is of the same round', () => {
    const [first] = figures([
      { 'ours, stages': took(1), 'peer v0.7.31, one apply': took(10) },
      { 'ours, stages': took(2) },
      { 'ours, stages': took(3), 'peer v0.7.31, one apply': took(30) },
    ]);
    expect(first).toMatchObject({ ours: [1, 3], peer: [10, 30] });
  });

  it('have a row for each release of the peer, which says which', () => {
    const all = figures([
      {
        'ours, stages': took(1),
        'peer v0.7.31, one apply': took(10),
        'peer v0.7.37, one apply': took(5),
      },
      { 'ours, stages': took(2), 'peer v0.7.37, one apply': took(6) },
    ]);
    expect(all.slice(0, 2)).toMatchObject([
      { title: expect.stringContaining('v0.7.31'), ours: [1], peer: [10] },
      { title: expect.stringContaining('v0.7.37'), ours: [1, 2], peer: [5, 6] },
    ]);
  });

  it('are of ours alone where there is no peer, and none is there twice', () => {
    const all = figures([{ 'ours, stages': took(1), 'ours, one apply': took(2) }]);
    expect(all.every(({ peer }) => peer === undefined)).toBe(true);
    expect(all.filter(({ ours }) => ours[0] === 1 && ours.length === 1).length).toBeGreaterThan(0);
    expect(all.some(({ title }) => title.includes('script'))).toBe(false);
  });
});

describe('the ways', () => {
  it('are those of ours, and of the releases that there are', () => {
    const peers = [{ release: 'v0.7.37' } as Peer];
    const ways = ['ours, stages', 'peer v0.7.31, one apply', 'peer v0.7.37, one apply'] as const;
    expect(possible({ peers: [] }, ways)).toEqual(['ours, stages']);
    expect(possible({ peers }, ways)).toEqual(['ours, stages', 'peer v0.7.37, one apply']);
  });
});

describe('the timeline', () => {
  const id = 'ab12';
  const pod = change(50, 'Pod', 'a-system/job-abcde', {
    status: {
      phase: 'Succeeded',
      containerStatuses: [
        { name: 'job', containerID: `containerd://${id}`, restartCount: 0, ready: false },
      ],
    },
  });

  it('reads what containerd did', () => {
    const sandboxes = new Map<string, string>();
    const day = '2026-11-22 13:52:33.136114071 +0000 UTC k8s.io';
    const labels =
      '{"io.cri-containerd.kind":"sandbox","io.kubernetes.pod.name":"p","io.kubernetes.pod.namespace":"n"}';
    const read = (topic: string, body: string) =>
      runtimeEvent(`${day} ${topic} ${body}`, sandboxes);
    expect(read('/containers/update', `{"id":"s","labels":${labels}}`)).toBeUndefined();
    expect(read('/tasks/start', '{"container_id":"s"}')).toMatchObject({
      kind: 'sandbox',
      of: 'n/p',
    });
    const started = read('/tasks/start', '{"container_id":"c"}');
    expect(started?.at).toBeCloseTo(Date.parse('2026-11-22T13:52:33.136Z') + 0.114, 2);
    expect(read('/tasks/exit', '{"container_id":"c","id":"c"}')).toMatchObject({ kind: 'exited' });
    // The end of a probe.
    expect(read('/tasks/exit', '{"container_id":"c","id":"e"}')).toBeUndefined();
    expect(read('/snapshot/prepare', '{"key":"c"}')).toBeUndefined();
  });

  it('puts both together, and draws it', () => {
    const all = lanes(
      [pod],
      [
        { at: applied + 100, kind: 'started', of: id },
        { at: applied + 200, kind: 'exited', of: id },
      ],
      applied,
    );
    expect(all).toMatchObject([
      { pod: 'a-system/job-abcde', created: 50, containers: [{ started: 100, exited: 200 }] },
    ]);
    const text = drawing(all, marks([root], applied), 1000);
    expect(text).toContain('created 50, job 100-200');
    expect(text).toContain('300  Secret tuf-system/tuf-root: root');
  });
});

describe('what a reset must not leave', () => {
  it.each([
    ['namespace/tuf-system', true],
    ['namespace/kube-system', false],
    ['clusterrole.rbac.authorization.k8s.io/admin', false],
    ['clusterrolebinding.rbac.authorization.k8s.io/fulcio-system-issuer-discovery', true],
    ['pod/x', true],
    ['', false],
  ])('%s: %s', (name, expected) => expect(isOfAStack(name)).toBe(expected));
});
