import { memoryStore } from '@sigstand/store/memory';
import type { Ref } from '@sigstand/store/store';
import { describe, expect, it } from 'vitest';
import { type JobObject, settingIn, settingsOf } from './settings.ts';

const settings: Ref = { kind: 'ConfigMap', namespace: 'here', name: 'settings' };
const job = (container: object): JobObject =>
  ({ spec: { template: { spec: { containers: [container] } } } }) as JobObject;

async function read(container: object) {
  const store = memoryStore();
  await store.write(settings, { data: { a: new Uint8Array(Buffer.from('1')) } });
  return settingsOf(store, 'Job here/x', { job: job(container), namespace: 'here' });
}

describe("a Job's settings", () => {
  it('are its arguments, and the environment as its Pod has it', async () => {
    const envFrom = [
      { configMapRef: { name: 'settings' }, prefix: 'P_' },
      { configMapRef: { name: 'gone', optional: true } },
    ];
    const env = [
      { name: 'NAMESPACE', valueFrom: { fieldRef: { fieldPath: 'metadata.namespace' } } },
      { name: 'A', valueFrom: { configMapKeyRef: { name: 'settings', key: 'a' } } },
      { name: 'B', value: '2' },
    ];
    expect(await read({ args: ['--x=1'], envFrom, env })).toEqual({
      args: ['--x=1'],
      env: { P_a: '1', NAMESPACE: 'here', A: '1', B: '2' },
    });
  });

  it.each([
    [
      'from a Secret',
      { name: 'A', valueFrom: { secretKeyRef: { name: 'x', key: 'y' } } },
      'takes A from where only its Pod',
    ],
    [
      'of its Pod',
      { name: 'A', valueFrom: { fieldRef: { fieldPath: 'status.podIP' } } },
      'takes A from',
    ],
    [
      'from a ConfigMap that is not there',
      { name: 'A', valueFrom: { configMapKeyRef: { name: 'gone', key: 'a' } } },
      'there is no ConfigMap here/gone',
    ],
  ])('%s are refused', async (_what, variable, said) => {
    await expect(read({ env: [variable] })).rejects.toThrow(said);
  });

  it.each([
    [['--rekor-secret=a'], {}, 'a'],
    [['--rekor-secret', 'a'], {}, 'a'],
    [['-rekor_secret=a'], {}, 'a'],
    [['--other=b'], { CREATETUF_REKOR_SECRET: 'c' }, 'c'],
    [[], { CREATETUF_REKOR_SECRET: '' }, undefined],
  ])('name one by flag or variable: %j, %j', (args, env, value) => {
    expect(settingIn({ args, env: env as never }, 'createtuf', 'rekor-secret')).toBe(value);
  });
});
