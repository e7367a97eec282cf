import { expect, it } from 'vitest';
import { backendOf, type Pod } from './backend.ts';

const pod = (name: string, ready: string, extra: object = {}): Pod => ({
  metadata: { name, ...extra },
  spec: { containers: [{ ports: [{ name: 'http', containerPort: 8080 }] }] },
  status: { conditions: [{ type: 'Ready', status: ready }] },
});
const service = (targetPort?: number | string) => ({
  spec: { selector: { a: 'b' }, ports: [{ port: 80, ...(targetPort && { targetPort }) }] },
});

it.each([
  ['by number', 3000, 3000],
  ['by name', 'http', 8080],
  ['as the Service has it', undefined, 80],
])('finds the Pod that is ready, and its port %s', (_what, target, port) => {
  const pods = [
    pod('starting', 'False'),
    pod('going', 'True', { deletionTimestamp: 'now' }),
    pod('here', 'True'),
  ];
  expect(backendOf(service(target), pods, 80)).toEqual({ pod: 'here', port });
});

it.each([
  ['no Pod is ready', service(), [pod('starting', 'False')], 80],
  ['the Service has no such port', service(), [pod('here', 'True')], 81],
  ['no container has a port of that name', service('grpc'), [pod('here', 'True')], 80],
])('finds none where %s', (_what, one, pods, port) => {
  expect(backendOf(one, pods, port)).toBeUndefined();
});
