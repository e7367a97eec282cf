import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CoreV1Api } from '@kubernetes/client-node';
import { storeOver } from '@sigstand/store/cluster';
import { type Data, show } from '@sigstand/store/store';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { valuesOf } from '../../packages/sigstand/src/backup/testing.ts';
import { stackRecords } from '../../packages/sigstand/src/names.ts';
import { cli } from '../../packages/sigstand/src/testing.ts';
import { accessAs, asUser } from '../programs/identity.ts';
import { kubeconfigAt } from '../programs/kubeconfig.ts';
import { accountToken } from './account.ts';

/* The objects of a stack, saved from a real kube-apiserver and put back into it. There is no kubelet, and so no database. */

const kubeconfig = inject('kubeconfig');
const config = kubeconfigAt(kubeconfig);
const admin = config.makeApiClient(CoreV1Api);
const store = storeOver(accessAs(config), 'suite');
const contracts = stackRecords({ namespacePrefix: 'bak-' });
const large = 'tuf-repository';
let work = '';
let file = '';

beforeAll(async () => {
  work = await mkdtemp(join(tmpdir(), 'sigstand-backup-'));
  file = join(work, 'stack.tar');
  for (const name of new Set(contracts.map(({ namespace }) => namespace))) {
    const labels = { 'pod-security.kubernetes.io/enforce': 'restricted' };
    await admin.createNamespace({ body: { metadata: { name, labels } } });
  }
  for (const one of contracts) {
    const { values, annotations } = valuesOf(one);
    // Near to what an object may have, in letters that JSON and base64 write longer; and bytes that are no text.
    const more = { 'large.json': '"ü\n'.repeat(150_000), binary: '\0' };
    const texts = one.name === large ? { ...values, ...more } : values;
    const data: Data = Object.fromEntries(
      Object.entries(texts).map(([key, text]) => [
        key,
        text === '\0' ? Uint8Array.of(0, 255, 254) : new Uint8Array(Buffer.from(text)),
      ]),
    );
    const immutable = one.name === 'fulcio-secrets';
    await store.write(one, { data, annotations, ...(immutable && { immutable }) });
  }
});
afterAll(() => rm(work, { recursive: true }));

const on = (verb: string, path = kubeconfig) => [verb, `--kubeconfig=${path}`];
const restore = (...args: string[]) => cli([...on('restore'), `--from=${file}`, ...args]);

/** All that counts of the stack; versions are others after a restore. */
const held = async () =>
  Promise.all(
    contracts.map(async (one) => {
      const { version: _, ...found } = (await store.read(one)) ?? { version: '' };
      return [show(one), found];
    }),
  );

const remove = async ({ kind, namespace, name }: (typeof contracts)[number]) => {
  if (kind === 'Secret') await admin.deleteNamespacedSecret({ namespace, name });
  else await admin.deleteNamespacedConfigMap({ namespace, name });
};

describe('sigstand backup and restore on a real API server', () => {
  it('bring back every object byte by byte, and its annotations', async () => {
    const before = await held();
    const flags = ['--namespace-prefix=bak-', '--external-database', '--unencrypted'];
    expect(await cli([...on('backup'), ...flags, `--to=${file}`])).toMatchObject({ status: 0 });
    for (const one of contracts) await remove(one);
    expect(await restore()).toMatchObject({ status: 0, stderr: '' });
    expect(await held()).toEqual(before);
    const immutable = contracts.find(({ name }) => name === 'fulcio-secrets')!;
    expect((await store.read(immutable))?.immutable).toBe(true);
    const { metadata, type } = await admin.readNamespacedSecret(immutable);
    expect({ type, labels: metadata?.labels }).toEqual({
      type: 'Opaque',
      labels: { 'app.kubernetes.io/part-of': 'sigstand' },
    });
  });

  it('write nothing where all of it is there', async () => {
    const versions = () =>
      Promise.all(contracts.map(async (one) => (await store.read(one))?.version));
    const before = await versions();
    const { status, stdout } = await restore();
    expect({
      status,
      same: stdout.includes(`0 created, ${contracts.length + 6} were there`),
    }).toEqual({
      status: 0,
      same: true,
    });
    expect(await versions()).toEqual(before);
  });

  it('name what differs, and put it in place only where they are told to', async () => {
    const before = await held();
    const one = contracts.find(({ name }) => name === 'rekor-signing-secret')!;
    const other = { data: { more: Uint8Array.of(1) } };
    await store.write(one, other, await store.read(one));
    const refused = await restore();
    expect(refused.status).toBe(78);
    expect(refused.stderr).toContain('Secret bak-rekor-system/rekor-signing-secret (key more)');
    expect(await restore('--overwrite-different')).toMatchObject({ status: 0 });
    expect(await held()).toEqual(before);
  });

  it('name the right that a caller lacks', async () => {
    const path = join(work, 'poor');
    const token = await accountToken(config, { namespace: 'default', name: 'no-operator' });
    await writeFile(path, asUser(config, { token }).exportConfig());
    const flags = ['--namespace-prefix=bak-', '--unencrypted', `--to=${work}/other.tar`];
    const saved = await cli([...on('backup', path), ...flags]);
    expect(saved.status).toBe(77);
    expect(saved.stderr).toContain(
      'verbs [get], resources [pods], resourceNames [mysql-trillian-0]',
    );
    const back = await cli([...on('restore', path), `--from=${file}`]);
    expect(back.status).toBe(77);
    expect(back.stderr).toMatch(/verbs \[get\], resources \[(namespaces|secrets|configmaps)\]/);
    expect(saved.stderr + back.stderr).not.toContain(token);
  });
});
