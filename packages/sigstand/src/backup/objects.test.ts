import { Unsuccessful } from '@sigstand/store/api';
import { StoreError } from '@sigstand/store/store';
import { expect, it } from 'vitest';
import { namespaceRefused } from './objects.ts';

it.each([
  ['who is silent', { code: 'ECONNREFUSED' }, 'the API server did not answer (ECONNREFUSED)'],
  ['who refuses', new Unsuccessful(403, ''), 'the API server answered 403'],
])('names the namespace that was asked for, of %s', (_who, error, says) => {
  expect(namespaceRefused('get', 'tuf-system', error)).toMatchObject({
    message: `get Namespace tuf-system: ${says}`,
  });
});

it('passes on that there is nobody to ask as', () => {
  const nobody = new StoreError('UNAVAILABLE', 'no kubeconfig');
  expect(namespaceRefused('get', 'tuf-system', nobody)).toBe(nobody);
});
