import { expect, it } from 'vitest';
import type { Event } from './history.ts';
import { toldSecrets } from './told.ts';

const password = 'correct-horse-battery-staple';
const base64 = (text: string) => Buffer.from(text).toString('base64');

function secret(annotations: Readonly<Record<string, string>>): Event {
  const [namespace, name] = ['rekor-lane', 'rekor-signing-secret'];
  return {
    type: 'ADDED',
    object: {
      kind: 'Secret',
      metadata: { namespace, name, uid: '1', resourceVersion: '1', annotations },
      data: { 'signing-secret-password': base64(password) },
    },
  };
}

it('finds nothing where a secret is in its own data only', () => {
  expect(toldSecrets([['a Job', 'created it']], [secret({ note: 'x' })])).toEqual([]);
});

it.each([
  ['as a Job says it', [['a Job', `password ${password.slice(2, 20)}`] as const], {}],
  ['as kubectl would annotate it', [], { 'last-applied': `{"data":"${base64(password)}"}` }],
])('finds a password %s', (_how, said, annotations) => {
  const [hit] = toldSecrets(said, [secret(annotations)]);
  expect(hit?.secret).toBe('Secret rekor-lane/rekor-signing-secret key signing-secret-password');
});
