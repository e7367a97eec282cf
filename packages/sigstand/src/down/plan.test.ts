import { Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { type KubeObject, titleOf } from '../up/objects.ts';
import { stackOf } from '../up/stack.ts';
import { removalOf } from './plan.ts';
import type { Here } from './removal.ts';

const noInput = { stdin: () => Readable.from([]), signal: new AbortController().signal };
const { objects, tuf } = await stackOf(undefined, noInput);
const part = { 'app.kubernetes.io/part-of': 'sigstand' };
const release = (name: string) => ({ ...part, 'app.kubernetes.io/instance': name });
const object = (kind: string, place: string, labels?: Record<string, string>): KubeObject => {
  const [namespace, name = ''] = place.includes('/') ? place.split('/') : [undefined, place];
  const metadata = { name, ...(namespace && { namespace }), ...(labels && { labels }) };
  return { apiVersion: 'v1', kind, metadata };
};
const written = [
  object('Secret', 'rekor-system/rekor-signing-secret', part),
  object('ConfigMap', 'trillian-system/trillian-tree', part),
  object('PersistentVolumeClaim', 'trillian-system/data-mysql-trillian-0', part),
];
const here = (more: Partial<Here> = {}): Here => ({
  ...{ manifests: objects, found: new Map(objects.map((one) => [titleOf(one), one])) },
  ...{ labelled: [...objects, ...written], inside: [] },
  ...more,
});
const without = { keys: false, tuf };
const withKeys = { keys: true, tuf };
const goes = (...args: Parameters<typeof removalOf>) =>
  removalOf(...args).waves.flatMap((wave) => wave.objects.map(titleOf));

describe('down', () => {
  it('removes all of the manifests but the namespaces, and keeps what the Jobs wrote', () => {
    const { kept, foreign } = removalOf(here(), without);
    expect(goes(here(), without).sort()).toEqual(
      objects
        .map(titleOf)
        .filter((title) => !title.startsWith('Namespace '))
        .sort(),
    );
    expect(kept.map(titleOf)).toEqual([
      ...objects.map(titleOf).filter((title) => title.startsWith('Namespace ')),
      ...written.map(titleOf),
    ]);
    expect(foreign).toEqual([]);
  });

  it('goes from schedules to policies', () => {
    expect(removalOf(here(), without).waves.map(({ what }) => what)).toEqual([
      ...['schedules', 'workloads', 'Services and settings'],
      ...['accounts and rights', 'network policies'],
    ]);
  });

  it('deletes namespaces last where it is told to, that of the Lease after the others', () => {
    const { waves, kept, lost } = removalOf(here(), withKeys);
    expect(waves.slice(-2).map((wave) => wave.objects.length)).toEqual([5, 1]);
    expect(goes(here(), withKeys).at(-1)).toBe('Namespace tuf-system');
    expect(lost).toEqual(written);
    expect(kept).toEqual([]);
  });

  it('leaves what has not the label, or that of another release, and names it', () => {
    const found = new Map(objects.map((one) => [titleOf(one), one]));
    const [one = '', two = ''] = ['Service tuf-system/tuf', 'Job tuf-system/createtuf'];
    found.set(one, object('Service', 'tuf-system/tuf'));
    found.set(two, object('Job', 'tuf-system/createtuf', release('other')));
    const seen = here({ found });
    expect(goes(seen, without)).not.toEqual(expect.arrayContaining([one]));
    expect(goes(seen, without)).not.toEqual(expect.arrayContaining([two]));
    expect([...removalOf(seen, without).foreign].sort()).toEqual([two, one]);
  });

  it('keeps every Secret and volume claim, even one of the manifests', () => {
    const mine = [object('Secret', 'a/s', part), object('PersistentVolumeClaim', 'a/v', part)];
    const found = new Map(mine.map((one) => [titleOf(one), one]));
    const seen = here({ manifests: mine, found, labelled: mine });
    expect(goes(seen, without)).toEqual([]);
    expect(removalOf(seen, without).kept).toEqual(mine);
    // The namespace was there before, so it stays, and they go one by one.
    expect(goes(seen, withKeys)).toEqual(['Secret a/s', 'PersistentVolumeClaim a/v']);
  });

  it('removes what up applied by an older version, and nothing else that has the label', () => {
    const managedFields = [{ manager: 'sigstand-up', operation: 'Apply' }];
    const old = object('ConfigMap', 'tuf-system/old', part);
    const applied = { ...old, metadata: { ...old.metadata, managedFields } };
    expect(goes(here({ labelled: [applied] }), without)).toContain('ConfigMap tuf-system/old');
    expect(goes(here({ labelled: [old] }), without)).not.toContain('ConfigMap tuf-system/old');
    const far = { ...applied, metadata: { ...applied.metadata, namespace: 'elsewhere' } };
    expect(goes(here({ labelled: [far] }), without)).not.toContain('ConfigMap elsewhere/old');
  });

  it('names what others have in a namespace that is to go', () => {
    const theirs = object('Secret', 'tuf-system/theirs');
    const inside = [
      ...[...objects, ...written, theirs],
      object('ConfigMap', 'tuf-system/kube-root-ca.crt'),
      object('ServiceAccount', 'tuf-system/default'),
      object('Lease', 'tuf-system/sigstand'),
      object('EndpointSlice', 'tuf-system/tuf-x'),
      object('Job', 'rekor-system/other', release('other')),
    ];
    expect(removalOf(here({ inside }), withKeys).crowded).toEqual([
      { namespace: 'rekor-system', holds: ['Job rekor-system/other'] },
      { namespace: 'tuf-system', holds: ['Secret tuf-system/theirs'] },
    ]);
    expect(removalOf(here({ inside }), without).crowded).toEqual([]);
  });

  it('has nothing to do where nothing is there', () => {
    const { waves, kept } = removalOf(here({ found: new Map(), labelled: [] }), withKeys);
    expect({ waves, kept }).toEqual({ waves: [], kept: [] });
  });
});
