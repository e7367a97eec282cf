import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CoreV1Api, KubeConfig } from '@kubernetes/client-node';
import { storeOver } from '@sigstand/store/cluster';
import { converge } from '@sigstand/store/converge';
import { podAccess } from '@sigstand/store/pod';
import { behavesLikeAStore } from '@sigstand/store/store.suite';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { accessAs } from '../programs/identity.ts';
import { kubeconfigAt } from '../programs/kubeconfig.ts';

const config = kubeconfigAt(inject('kubeconfig'));
const admin = config.makeApiClient(CoreV1Api);
const bytes = (text: string) => new Uint8Array(Buffer.from(text));

/** What a controller writes into the objects that it makes. */
const owner = (controller: boolean, name: string) => ({
  apiVersion: 'external-secrets.io/v1',
  kind: 'ExternalSecret',
  uid: '00000000-0000-4000-8000-000000000000',
  name,
  controller,
});

beforeAll(async () => {
  for (const name of ['tests', 'tests-of-a-pod'])
    await admin.createNamespace({ body: { metadata: { name } } });
});

behavesLikeAStore('a cluster', {
  open: () => storeOver(accessAs(config), 'suite'),
  namespace: 'tests',
});

const account = mkdtempSync(join(tmpdir(), 'sigstand-account-'));
afterAll(() => rmSync(account, { recursive: true }));
copyFileSync(config.getCurrentCluster()?.caFile ?? '', join(account, 'ca.crt'));
writeFileSync(join(account, 'token'), config.getCurrentUser()?.token ?? '');
const { hostname, port } = new URL(config.getCurrentCluster()?.server ?? '');
const env = { KUBERNETES_SERVICE_HOST: hostname, KUBERNETES_SERVICE_PORT: port };

behavesLikeAStore('a cluster, from a Pod in it,', {
  open: () => storeOver(podAccess(env, account), 'suite'),
  namespace: 'tests-of-a-pod',
});

describe('a cluster’s own ways', () => {
  const store = storeOver(accessAs(config), 'test');

  it('says that the namespace is missing', async () => {
    const ref = { kind: 'Secret', namespace: 'nowhere', name: 'x' } as const;
    expect(await store.read(ref)).toBeUndefined();
    await expect(store.write(ref, { data: {} })).rejects.toMatchObject({ code: 'NO_NAMESPACE' });
  });

  it('keeps the labels that others put on the record', async () => {
    const ref = { kind: 'Secret', namespace: 'tests', name: 'labelled' } as const;
    await admin.createNamespacedSecret({
      namespace: 'tests',
      body: { metadata: { name: 'labelled', labels: { theirs: 'yes' } } },
    });
    await store.write(ref, { data: { key: bytes('v') } }, await store.read(ref));
    const { metadata } = await admin.readNamespacedSecret(ref);
    expect(metadata?.labels).toMatchObject({ theirs: 'yes' });
  });

  it.each([
    [
      'controlled',
      'ExternalSecret ca',
      { ownerReferences: [owner(false, 'x'), owner(true, 'ca')] },
    ],
    ['owned', 'ExternalSecret x', { ownerReferences: [owner(false, 'x')] }],
    ['released', 'Helm', { labels: { 'app.kubernetes.io/managed-by': 'Helm' } }],
    ['by-hand', undefined, { labels: { 'app.kubernetes.io/part-of': 'theirs' } }],
  ])('tells who else manages a record: %s, by %s', async (name, expected, metadata) => {
    const ref = { kind: 'Secret', namespace: 'tests', name } as const;
    await admin.createNamespacedSecret({
      namespace: 'tests',
      body: { metadata: { name, ...metadata } },
    });
    expect((await store.read(ref))?.owner).toBe(expected);
    const filling = converge(store, ref, () => ({ data: { key: bytes('v') } }));
    if (expected === undefined) {
      expect((await filling).data).toEqual({ key: bytes('v') });
      return;
    }
    await expect(filling).rejects.toMatchObject({
      code: 'OWNED',
      message: `Secret tests/${name} is managed by ${expected}, but key would have to change`,
    });
    expect((await store.read(ref))?.data).toEqual({});
  });

  it('calls an immutable record immutable', async () => {
    const ref = { kind: 'Secret', namespace: 'tests', name: 'fixed' } as const;
    await admin.createNamespacedSecret({
      namespace: 'tests',
      body: { metadata: { name: 'fixed' }, immutable: true, stringData: { key: 'v' } },
    });
    await expect(
      store.write(ref, { data: { key: bytes('w') } }, await store.read(ref)),
    ).rejects.toMatchObject({ code: 'IMMUTABLE' });
  });

  it('refuses what is too large, and repeats nothing of it', async () => {
    const ref = { kind: 'Secret', namespace: 'tests', name: 'large' } as const;
    const data = { key: bytes('hunter2'.repeat(200_000)) };
    await expect(store.write(ref, { data })).rejects.toSatisfy(
      (error: Error & { code?: string }) =>
        error.code === 'INVALID' && !/hunter2/.test(error.message),
    );
  });

  it('refuses an unknown identity', async () => {
    const nobody = new KubeConfig();
    nobody.loadFromString(config.exportConfig().replaceAll('admin-of-a', 'somebody-of-a'));
    const ref = { kind: 'Secret', namespace: 'tests', name: 'x' } as const;
    await expect(storeOver(accessAs(nobody), 'test').read(ref)).rejects.toMatchObject({
      code: 'UNAUTHENTICATED',
    });
  });
});
