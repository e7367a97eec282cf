import { PatchStrategy, setHeaderOptions } from '@kubernetes/client-node';
import { afterAll, beforeAll, expect, inject, it } from 'vitest';
import { dataOf, outlines } from '../checker.ts';
import { type Harness, openHarness } from '../harness.ts';
import { placeOf, type StoredObject } from '../history.ts';
import { figure, trials } from '../profile.ts';
import type { Fault, Faults, Request } from '../requests.ts';
import { bringUp, lastLines, otherThan, runAll } from './all.ts';

/* What the API server may answer, and what others may have written: all Jobs of the manifests at once. */

let harness: Harness;
let clean: string[];
beforeAll(async () => {
  harness = await openHarness('answers', inject('apiserver'));
  clean = outlines((await harness.state()).values());
});
afterAll(() => harness?.close());

const upAgain = async (faults: () => Faults) => {
  const { faults: found } = await bringUp(harness, () => ({ faults: faults() }));
  return { found, outlines: outlines((await harness.state()).values()) };
};

it('run again after success, they read a few times and write nothing', async () => {
  const before = await harness.state();
  const reads = new Map<string, Set<number>>();
  for (let again = trials(1, 20); again > 0; again -= 1) {
    const runs = await runAll(harness, harness.lane.jobs);
    expect(otherThan(0, runs)).toEqual([]);
    for (const { title, traffic } of runs) {
      expect({ title, writes: traffic.writes }).toEqual({ title, writes: [] });
      reads.set(title, (reads.get(title) ?? new Set()).add(traffic.requests.length));
    }
  }
  expect(await harness.state()).toEqual(before);
  const counts = [...reads].map(([title, each]) => `${title} ${[...each].join(' or ')}`);
  for (const each of reads.values()) expect(Math.max(...each)).toBeLessThanOrEqual(10);
  figure(`requests of a rerun, none of them a write: ${counts.join(', ')}`);
});

it('told at each write that somebody else was first, they read again and write once', async () => {
  const answered: string[] = [];
  const { found, outlines: result } = await upAgain(() => {
    const first = firsts();
    return (request) => {
      if (request.to !== 'kubernetes' || !request.writes || !first(request)) return undefined;
      answered.push(request.what);
      return { kind: 'answer', status: 409 };
    };
  });
  expect({ found, result }).toEqual({ found: [], result: clean });
  expect(new Set(answered.map((what) => what.split('/').at(-1))).size).toBeGreaterThan(8);
});

it('told so for ever, they give up with 75 and name the object', async () => {
  const told: string[] = [];
  for (const wave of harness.waves) {
    const prepared = await harness.prepare(...wave);
    await prepared.reset();
    const runs = await runAll(harness, wave, () => ({
      faults: ({ to, writes }) =>
        to === 'kubernetes' && writes ? { kind: 'answer', status: 409 } : undefined,
    }));
    expect(otherThan(75, runs)).toEqual([]);
    for (const { title, traffic } of runs) {
      const places = new Set(traffic.writes.map(({ what }) => what));
      // Ten times each, and copysecrets has four of them.
      expect({ title, most: traffic.writes.length <= 10 * places.size }).toEqual({
        title,
        most: true,
      });
    }
    for (const [title, line] of Object.entries(lastLines(runs))) {
      expect(line).toMatch(
        /error: (Secret|ConfigMap) \S+ was changed by others 10 times in a row; /,
      );
      told.push(title);
    }
  }
  expect(told.sort()).toEqual(harness.lane.jobs.map(({ title }) => title).sort());
});

it('keep what another client writes just before each of their writes', async () => {
  const written = new Set<string>();
  const { found } = await upAgain(() => {
    const times = new Map<string, number>();
    return ({ to, writes, what }) => {
      const before = times.get(what) ?? 0;
      if (to !== 'kubernetes' || !writes || before === 3) return undefined;
      times.set(what, before + 1);
      written.add(what.replace(/^\w+ /, ''));
      return { kind: 'hold', until: writeTheirs(what, before) };
    };
  });
  const state = await harness.state();
  expect(found).toEqual([]);
  expect(written.size).toBe(state.size);
  for (const place of written)
    expect({ place, labels: state.get(place)?.metadata.labels }).toMatchObject({
      place,
      labels: { theirs0: 'label' },
    });
  // What the Jobs write is there beside it.
  expect(outlines([...state.values()].map(withoutTheirs))).toEqual(clean);
});

const troubles: readonly Fault[] = [
  { kind: 'answer', status: 429, headers: { 'retry-after': '1' } },
  { kind: 'answer', status: 500 },
  { kind: 'answer', status: 503, body: '<html>no upstream</html>' },
  { kind: 'drop', when: 'before' },
  { kind: 'drop', when: 'after' },
  { kind: 'truncate' },
  { kind: 'delay', ms: 300 },
];

it.each(Array.from({ length: trials(1, troubles.length) }, (_, turn) => turn))(
  'absorb a bad answer to each first request for an object, whatever is bad about it (%i)',
  async (turn) => {
    const met = new Set<string>();
    const { found, outlines: result } = await upAgain(() => {
      const first = firsts();
      return (request) => {
        if (!first(request)) return undefined;
        const fault = troubles[(request.n + turn) % troubles.length];
        met.add(JSON.stringify(fault));
        return fault;
      };
    });
    expect({ found, result }).toEqual({ found: [], result: clean });
    expect(met.size).toBe(troubles.length);
  },
);

it('take an object without data as one without the keys', async () => {
  const put = [...(await harness.state()).values()].map(bare);
  const { faults } = await bringUp(harness, undefined, { put });
  expect(faults).toEqual([]);
  const empty = [...(await harness.state()).values()]
    .filter((one) => Object.keys(dataOf(one)).length === 0)
    .map(placeOf);
  // Its key is in ctlog-secrets in the end.
  expect(empty).toEqual(['Secret ctlog-answers/ctlog-key']);
  expect((await harness.state()).size).toBe(put.length);
});

it('run again, leave keys, labels and annotations of others as they are', async () => {
  for (const object of (await harness.state()).values()) await patchTheirs(object, 0);
  const before = await harness.state();
  const runs = await runAll(harness, harness.lane.jobs);
  expect(otherThan(0, runs)).toEqual([]);
  expect(runs.flatMap(({ traffic }) => traffic.writes)).toEqual([]);
  expect(await harness.state()).toEqual(before);
});

const merge = setHeaderOptions('Content-Type', PatchStrategy.MergePatch);

/** Whether a request is the first of its kind of its process. */
function firsts(): (request: Request) => boolean {
  const seen = new Set<string>();
  return ({ what }) => !seen.has(what) && Boolean(seen.add(what));
}

const bare = ({ kind, metadata: { name, namespace } }: StoredObject): StoredObject => ({
  kind,
  metadata: { name, namespace, uid: '', resourceVersion: '' },
});

async function writeTheirs(what: string, time: number): Promise<void> {
  const [, kind, namespace = '', name = ''] = /(Secret|ConfigMap) ([^/]+)\/(.+)$/.exec(what) ?? [];
  const object = { kind, metadata: { namespace, name } } as StoredObject;
  if ((await harness.state()).has(placeOf(object))) return patchTheirs(object, time);
  const body = { metadata: { name, labels: { [`theirs${time}`]: 'label' } } };
  const { admin } = harness.lane;
  const made =
    kind === 'Secret'
      ? admin.createNamespacedSecret({ namespace, body })
      : admin.createNamespacedConfigMap({ namespace, body });
  await made;
}

const copies = ['fulcio-pub-key', 'rekor-pub-key', 'ctlog-public-key', 'tsa-cert-chain'];
const told = new Set([...copies, 'tuf-repository']);

/** A label, an annotation and a key of somebody else. */
async function patchTheirs({ kind, metadata }: StoredObject, time: number): Promise<void> {
  const { admin } = harness.lane;
  const { namespace, name } = metadata;
  const value = kind === 'Secret' ? Buffer.from('data').toString('base64') : 'data';
  const body = {
    metadata: {
      labels: { [`theirs${time}`]: 'label' },
      annotations: { [`example.com/theirs${time}`]: 'note' },
    },
    // What clients are told of has known keys only, and the repository's keys are its files.
    ...(!told.has(name) && { data: { [`theirs${time}`]: value } }),
  };
  const request = { namespace, name, body };
  await (kind === 'Secret'
    ? admin.patchNamespacedSecret(request, merge)
    : admin.patchNamespacedConfigMap(request, merge));
}

/** The object without what `patchTheirs` puts there. */
function withoutTheirs({ metadata, data, ...object }: StoredObject): StoredObject {
  const ours = <T>(all: Readonly<Record<string, T>> = {}) =>
    Object.fromEntries(Object.entries(all).filter(([key]) => !/theirs\d$/.test(key)));
  const { labels, annotations } = metadata;
  return {
    ...object,
    metadata: { ...metadata, labels: ours(labels), annotations: ours(annotations) },
    data: ours(data),
  };
}
