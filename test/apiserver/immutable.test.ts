import { execFileSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { CoreV1Api, RbacAuthorizationV1Api } from '@kubernetes/client-node';
import { createCerts } from '@sigstand/createcerts/job';
import { createSecret } from '@sigstand/createsecret/job';
import { runJob } from '@sigstand/job/testing';
import { storeOver } from '@sigstand/store/cluster';
import { patient } from '@sigstand/store/patient';
import { beforeAll, describe, expect, inject, it } from 'vitest';
import { binary } from '../programs/binaries.ts';
import { accessAs } from '../programs/identity.ts';
import { kubeconfigAt } from '../programs/kubeconfig.ts';
import { accountToken } from './account.ts';

const config = kubeconfigAt(inject('kubeconfig'));
const core = config.makeApiClient(CoreV1Api);
const namespace = 'immutable';
const tufNamespace = 'immutable-tuf';
const name = 'rekor-signing-secret';
const account = 'createsecret';

describe('createsecret --immutable', () => {
  let run: (...flags: string[]) => Promise<{ status: number; stderr: string }>;

  beforeAll(async () => {
    await core.createNamespace({ body: { metadata: { name: namespace } } });
    await core.createNamespace({ body: { metadata: { name: tufNamespace } } });
    await allow(namespace, [rule('secrets', [name, 'rekor-pub-key'], ['get', 'create', 'patch'])]);
    await allow(tufNamespace, [
      rule('secrets', ['rekor-pub-key'], ['get']),
      rule('configmaps', ['tuf-repository'], ['get']),
    ]);
    const token = await accountToken(config, { namespace, name: account });
    const limits = { FORBIDDEN: 10_000 };
    run = (...flags) => {
      const store = storeOver(accessAs(config, { token }), 'createsecret');
      return runJob(createSecret(), patient(store, { limits, onWait: () => {} }), {
        args: [`--namespace=${namespace}`, `--tuf-namespace=${tufNamespace}`, ...flags],
      });
    };
  });

  const stored = () => core.readNamespacedSecret({ namespace, name });

  it('makes what is there immutable with the rights that every run has', async () => {
    expect(await run()).toMatchObject({ status: 0 });
    const before = await stored();
    expect(before.immutable).toBeUndefined();
    expect(await run('--immutable')).toMatchObject({ status: 0 });
    const after = await stored();
    expect(after).toMatchObject({ immutable: true, data: before.data });

    expect(await run('--immutable')).toMatchObject({ status: 0 });
    expect(await run()).toMatchObject({ status: 0 });
    expect((await stored()).metadata?.resourceVersion).toBe(after.metadata?.resourceVersion);
  });

  it('makes a new one with one write', async () => {
    for (const one of [name, 'rekor-pub-key']) {
      await core.deleteNamespacedSecret({ namespace, name: one });
    }
    expect(await run('--immutable')).toMatchObject({ status: 0 });
    const made = await stored();
    expect(made.immutable).toBe(true);
    expect(made.metadata?.managedFields?.map(({ operation }) => operation)).toEqual(['Apply']);
    const published = await core.readNamespacedSecret({ namespace, name: 'rekor-pub-key' });
    expect(published.immutable).toBeUndefined();
  });
});

describe('a Secret that somebody made immutable, and that lacks a part,', () => {
  const where = 'immutable-ca';
  const secret = { namespace: where, name: 'fulcio-secrets' };
  const certs = () =>
    runJob(createCerts(), storeOver(accessAs(config), 'createcerts'), {
      args: [`--namespace=${where}`, `--tuf-namespace=${tufNamespace}`],
    });

  it('gets it by what the last line says, and loses nothing', async () => {
    await core.createNamespace({ body: { metadata: { name: where } } });
    expect(await certs()).toMatchObject({ status: 0 });
    const made = await core.readNamespacedSecret(secret);
    const { public: lost, ...rest } = made.data ?? {};
    const annotations = { 'example.com/from': 'the company CA' };
    await core.replaceNamespacedSecret({
      ...secret,
      body: { ...made, metadata: { ...made.metadata, annotations }, data: rest, immutable: true },
    });
    const { status, stderr } = await certs();
    expect({ status, lacks: stderr.includes('is immutable, but public would') }).toEqual({
      status: 78,
      lacks: true,
    });

    const [, keep = '', line, back = ''] =
      /: (kubectl get [^;]*FILE); take the line (\w+) out of FILE, and put it back: (kubectl [^;]*FILE);/.exec(
        stderr,
      ) ?? [];
    const folder = await mkdtemp(join(tmpdir(), 'sigstand-immutable-'));
    try {
      const steps = [keep, `sed -i '/^${line}: /d' FILE`, back].join(' && ');
      const env = {
        PATH: `${dirname(binary('kubectl'))}:${process.env.PATH}`,
        KUBECONFIG: inject('kubeconfig'),
      };
      execFileSync('bash', ['-c', steps], { cwd: folder, env });
    } finally {
      await rm(folder, { recursive: true });
    }
    expect(await certs()).toMatchObject({ status: 0 });
    const mended = await core.readNamespacedSecret(secret);
    expect(mended.data).toEqual({ ...rest, public: lost });
    expect(mended.metadata?.annotations).toMatchObject(annotations);
  });
});

const rule = (resource: string, resourceNames: string[], verbs: string[]) => ({
  ...{ apiGroups: [''], resources: [resource], resourceNames, verbs },
});

/** Gives the Job's account rights on objects of a namespace. */
async function allow(where: string, rules: ReturnType<typeof rule>[]): Promise<void> {
  const rbac = config.makeApiClient(RbacAuthorizationV1Api);
  const metadata = { name: account };
  await rbac.createNamespacedRole({ namespace: where, body: { metadata, rules } });
  await rbac.createNamespacedRoleBinding({
    namespace: where,
    body: {
      metadata,
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: account },
      subjects: [{ kind: 'ServiceAccount', namespace, name: account }],
    },
  });
}
