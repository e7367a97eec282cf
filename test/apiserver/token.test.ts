import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { storeOver } from '@sigstand/store/cluster';
import { patient } from '@sigstand/store/patient';
import { afterAll, describe, expect, inject, it } from 'vitest';
import { accessAs } from '../programs/identity.ts';
import { kubeconfigAt } from '../programs/kubeconfig.ts';
import { accountToken } from './account.ts';

const config = kubeconfigAt(inject('kubeconfig'));
const dir = mkdtempSync(join(tmpdir(), 'sigstand-token-'));
afterAll(() => rmSync(dir, { recursive: true }));
const ref = { kind: 'Secret', namespace: 'default', name: 'record' } as const;

/** The token is read from a file, which somebody writes anew. */
function withTokenFile(name: string) {
  const tokenFile = join(dir, name);
  const store = storeOver(accessAs(config, { tokenFile }), 'test');
  return { store, rotate: (token: string) => writeFileSync(tokenFile, token) };
}

describe('a service account’s token', () => {
  // The account has no rights, so that a known identity is told by FORBIDDEN.
  const account = { namespace: 'default', name: 'rotated' };

  it('is read again after the API server refused the one that was read before', async () => {
    const { store, rotate } = withTokenFile('late');
    rotate('not-a-token');
    await expect(store.read(ref)).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
    rotate(await accountToken(config, account));
    await expect(store.read(ref)).rejects.toMatchObject({ code: 'FORBIDDEN' });
  });

  it('may be replaced while a Job waits for the API server to know it', async () => {
    const { store, rotate } = withTokenFile('meanwhile');
    rotate('not-a-token');
    const token = await accountToken(config, account);
    const waits = patient(store, {
      limits: { UNAUTHENTICATED: 5_000 },
      onWait: () => rotate(token),
    });
    await expect(waits.read(ref)).rejects.toMatchObject({ code: 'FORBIDDEN' });
  });

  it('that stays unknown is refused in the end', async () => {
    const { store, rotate } = withTokenFile('never');
    rotate('not-a-token');
    const waits = patient(store, { limits: { UNAUTHENTICATED: 500 }, onWait: () => {} });
    await expect(waits.read(ref)).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
  });
});
