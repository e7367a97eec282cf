import { expect, it } from 'vitest';
import type { KubeObject, ManagedFields } from './objects.ts';
import { manager, outcomeOf } from './outcome.ts';

/* What was before and after, as a real API server notes it; test/apiserver/up.test.ts has one. */

const data = { 'f:data': { '.': {}, 'f:key': {} } };
const theirs: ManagedFields = {
  ...{ manager: 'kubectl-client-side-apply', operation: 'Update', time: '2031-01-01T00:00:00Z' },
  fieldsV1: { ...data, 'f:metadata': { 'f:annotations': { '.': {}, 'f:theirs': {} } } },
};
const ours: ManagedFields = {
  ...{ manager, operation: 'Apply', time: '2031-01-01T00:00:05Z' },
  fieldsV1: { 'f:data': { 'f:key': {} } },
};
const status: ManagedFields = {
  ...{ manager: 'kube-controller-manager', operation: 'Update', subresource: 'status' },
  fieldsV1: { 'f:status': { 'f:ready': {} } },
};
const object = (resourceVersion: string, ...managedFields: ManagedFields[]): KubeObject => ({
  ...{ apiVersion: 'v1', kind: 'ConfigMap' },
  metadata: { name: 'settings', namespace: 'a', resourceVersion, managedFields },
});

const counting = (
  generation: number,
  labels: Readonly<Record<string, string>>,
  { metadata, ...rest }: KubeObject,
): KubeObject => ({ ...rest, metadata: { ...metadata, generation, labels } });

it.each([
  ['created', 'what was not there', undefined, object('1', ours)],
  ['changed', 'what was there without our labels', undefined, object('2', theirs, ours)],
  ['unchanged', 'what has the version of before', object('1', ours), object('1', ours)],
  ['unchanged', 'what got a status', object('1', ours), object('2', ours, status)],
  [
    'changed',
    'what we had applied before, at another time',
    object('1', ours),
    object('2', { ...ours, time: '2031-01-01T00:00:09Z' }),
  ],
  ['unchanged', 'what another made the same', object('1', theirs), object('2', theirs, ours)],
  [
    'unchanged',
    'the same, which got a status meanwhile',
    object('1', theirs),
    object('2', theirs, status, ours),
  ],
  [
    'changed',
    'a value that another had set, and has no longer',
    object('1', theirs),
    object('2', { ...theirs, fieldsV1: { 'f:metadata': {} } }, ours),
  ],
  [
    'changed',
    'a field that was not there',
    object('1', theirs),
    object('2', theirs, { ...ours, fieldsV1: { 'f:data': { 'f:key': {}, 'f:new': {} } } }),
  ],
  [
    'unchanged',
    'what counts as the same, though an empty field is ours alone',
    counting(3, {}, object('1', theirs)),
    counting(3, {}, object('2', theirs, { ...ours, fieldsV1: { 'f:spec': { 'f:none': {} } } })),
  ],
  [
    'changed',
    'what counts as another',
    counting(3, {}, object('1', theirs)),
    counting(4, {}, object('2', theirs, ours)),
  ],
  [
    'changed',
    'a label, which nobody counts',
    counting(3, {}, object('1', theirs)),
    counting(3, { own: 'yes' }, object('2', theirs, ours)),
  ],
  ['changed', 'what nobody is noted for', object('1'), object('2', ours)],
])('is %s: %s', (outcome, _what, before, after) => {
  expect(outcomeOf(before, after)).toBe(outcome);
});
