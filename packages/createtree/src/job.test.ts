import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { rekorConfig } from '@sigstand/contracts/records';
import { runJob } from '@sigstand/job/testing';
import { utf8 } from '@sigstand/pki/pem';
import { memoryStore } from '@sigstand/store/memory';
import { recording, showRequest } from '@sigstand/store/recording';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createTree } from './job.ts';
import { memoryTrillian, newToken, world } from './testing.ts';
import type { Trillian } from './trillian.ts';
import { TrillianError } from './trillian-error.ts';

describe('createtree', () => {
  it('makes a log that has a root, and records its id exactly', async () => {
    const { run, recorded, live } = world();
    expect(await run(['--display-name=rekor', '--max-root-duration=1m30.5s'])).toMatchObject({
      status: 0,
    });
    expect(live()).toMatchObject([
      {
        id: '9007199254740993122',
        size: 0n,
        request: {
          treeState: 'ACTIVE',
          treeType: 'LOG',
          displayName: 'rekor',
          maxRootDuration: { seconds: '90', nanos: 500_000_000 },
        },
      },
    ]);
    expect(await recorded()).toBe('9007199254740993122');
  });

  it('only reads when it runs a second time', async () => {
    const { run, store, trillian } = world();
    await run();
    const requests: string[] = [];
    const noting = recording(store, (request) => requests.push(showRequest(request)));
    const frozen = { ...trillian, createTree: refuse, initLog: refuse, deleteTree: refuse };
    const { status, stderr } = await run([], { store: noting, trillian: frozen });
    expect({ status, stderr }).toMatchObject({
      status: 0,
      stderr: expect.stringContaining('kept'),
    });
    expect(new Set(requests)).toEqual(new Set(['get ConfigMap rekor-system/rekor-config']));
  });

  it('asks the cluster for no more than its Role grants', async () => {
    const { run, store } = world();
    const requests = new Set<string>();
    await run([], { store: recording(store, (request) => requests.add(showRequest(request))) });
    expect([...requests].sort()).toEqual([
      'create ConfigMap rekor-system/rekor-config',
      'get ConfigMap rekor-system/rekor-config',
      'patch ConfigMap rekor-system/rekor-config',
    ]);
  });

  it('leaves what else the ConfigMap holds', async () => {
    const { run, store } = world();
    await store.write(rekorConfig, { data: { treeID: utf8(''), other: utf8('theirs') } });
    expect(await run()).toMatchObject({ status: 0 });
    expect((await store.read(rekorConfig))?.data.other).toEqual(utf8('theirs'));
  });

  it('adopts the tree that it made when somebody removes the recorded id', async () => {
    const { run, record, recorded, live } = world();
    await run();
    const before = await recorded();
    await record('');
    expect(await run()).toMatchObject({ status: 0 });
    expect(await recorded()).toBe(before);
    expect(live()).toHaveLength(1);
  });

  it('makes a preordered log where asked to, and keeps it', async () => {
    const { run, live } = world();
    for (const _ of [1, 2]) {
      expect(await run(['--tree-type=PREORDERED_LOG'])).toMatchObject({ status: 0 });
    }
    expect(live()).toMatchObject([{ type: 'PREORDERED_LOG' }]);
  });
});

describe('a recorded tree that cannot be used', () => {
  it.each([
    ['is lost with its database', 'Trillian does not have', {}],
    ['is deleted', 'is deleted', { deleted: true }],
    ['is frozen', 'is FROZEN', { state: 'FROZEN' }],
    ['drains', 'is DRAINING', { state: 'DRAINING' }],
    ['is of another type', 'is a PREORDERED_LOG', { type: 'PREORDERED_LOG' }],
  ])('is a contradiction where it %s', async (_how, words, to) => {
    const { run, store, recorded, trees, change } = world();
    await run();
    const id = (await recorded())!;
    if (Object.keys(to).length > 0) change(id, to);
    else trees.clear();
    const before = [structuredClone(trees), await store.read(rekorConfig)];
    const { status, stderr } = await run();
    expect(status).toBe(78);
    expect(stderr).toContain(
      `ConfigMap rekor-system/rekor-config names tree ${id}, which ${words}`,
    );
    expect([trees, await store.read(rekorConfig)]).toEqual(before);
  });

  it.each(['garbage', '0', '-5', '+5', '07', '5 ', '5\n', '9223372036854775808', '1e3', ' '])(
    'is bad data where its id is %j',
    async (id) => {
      const { run, record, live } = world();
      await record(id);
      for (const args of [[], ['--force']]) {
        const { status, stderr } = await run(args);
        expect(status).toBe(65);
        expect(stderr).toContain('ConfigMap rekor-system/rekor-config key treeID');
        expect(stderr).not.toContain('garbage');
      }
      expect(live()).toEqual([]);
    },
  );

  it('is replaced by force', async () => {
    const { run, recorded, change } = world();
    await run();
    const old = (await recorded())!;
    change(old, { state: 'FROZEN' });
    const { status, stderr } = await run(['--force']);
    expect(status).toBe(0);
    expect(stderr).toContain(`tree ${old}, recorded before, stays in Trillian`);
    expect(await recorded()).not.toBe(old);
    expect(await run()).toMatchObject({ status: 0 });
  });
});

describe('force', () => {
  it('leaves the old tree as it was, with its entries', async () => {
    const { run, recorded, change, trees } = world();
    await run();
    const old = (await recorded())!;
    change(old, { size: 7n });
    expect(await run(['--force=true'])).toMatchObject({ status: 0 });
    expect(trees.get(old)).toMatchObject({ deleted: false, size: 7n });
    expect(await run()).toMatchObject({ status: 0 });
    expect(trees.get(old)).toMatchObject({ deleted: false });
  });
});

describe('exactly one live tree', () => {
  it('is not bought with a tree that has entries', async () => {
    const { run, recorded, trillian, trees, change } = world();
    await run();
    const { request } = trees.get((await recorded())!)!;
    const { id } = await trillian.createTree(request);
    // One is enough: somebody has written to it.
    change(id, { size: 1n });
    const { status, stderr } = await run();
    expect(status).toBe(0);
    expect(stderr).toContain(`tree ${id} was made in place of tree ${await recorded()}`);
    expect(trees.get(id)?.deleted).toBe(false);
  });

  it('leaves the trees of others alone', async () => {
    const { run, trillian, trees } = world();
    const { id } = await trillian.createTree({
      treeState: 'ACTIVE',
      treeType: 'LOG',
      displayName: '',
      description: '',
      maxRootDuration: { seconds: '0', nanos: 0 },
    });
    await run();
    await run(['--configmap=ctlog-config', '--namespace=ctlog-system']);
    await run();
    expect(trees.get(id)?.deleted).toBe(false);
    expect(trees.size).toBe(3);
  });
});

describe('Trillian', () => {
  it.concurrent.each([
    'UNAVAILABLE',
    'DEADLINE_EXCEEDED',
    'ABORTED',
    'RESOURCE_EXHAUSTED',
    'INTERNAL',
    'UNKNOWN',
  ])('is waited for while it answers %s, at whatever call', async (code) => {
    const { run, live, trillian } = world();
    const asked = new Set<string>();
    const once =
      <A extends unknown[], T>(name: string, act: (...args: A) => Promise<T>) =>
      async (...args: A) => {
        if (asked.has(name)) return act(...args);
        asked.add(name);
        if (name === 'createTree') await act(...args);
        throw new TrillianError(code, 'not now');
      };
    const shaky: Trillian = {
      ...trillian,
      listTrees: once('listTrees', trillian.listTrees),
      createTree: once('createTree', trillian.createTree),
      initLog: once('initLog', trillian.initLog),
      latestRoot: once('latestRoot', trillian.latestRoot),
    };
    const { status, stderr } = await run([], { trillian: shaky });
    expect({ status, stderr }).toMatchObject({
      status: 0,
      stderr: expect.stringContaining(`answered ${code}: not now`),
    });
    expect(live()).toHaveLength(1);
  });

  it.each([
    ['INVALID_ARGUMENT', 65],
    ['UNIMPLEMENTED', 65],
    ['PERMISSION_DENIED', 77],
    ['UNAUTHENTICATED', 77],
  ])('is not asked again when it answers %s', async (code, expected) => {
    const { run, trillian } = world();
    const listTrees = () => Promise.reject(new TrillianError(code, 'no\n\nnever'));
    const { status, stderr } = await run([], { trillian: { ...trillian, listTrees } });
    expect(status).toBe(expected);
    expect(stderr).toContain(
      `Trillian at log-server.trillian-system.svc:80 answered ${code}: no never`,
    );
  });

  it('is named, with its last answer, when it does not come in time', async () => {
    const { run, trillian } = world();
    const listTrees = () => Promise.reject(new TrillianError('UNAVAILABLE', 'nobody there'));
    const args = ['--timeout=300ms', '--admin-server=trillian.example:8090'];
    const { status, stderr } = await run(args, { trillian: { ...trillian, listTrees } });
    expect(status).toBe(69);
    expect(stderr).toMatch(/waiting for Trillian at trillian\.example:8090/);
    expect(stderr).toMatch(
      /did not come within 300 ms; its last answer was UNAVAILABLE: nobody there/,
    );
    // Once, however often it was asked.
    expect(stderr.match(/ answered UNAVAILABLE: nobody there\n/g)).toHaveLength(1);
  });
});

describe('flags', () => {
  const missing = '/nowhere/missing.pem';

  it.each([
    ['--display-name', 'x'.repeat(21)],
    ['--description', 'é'.repeat(173)],
    ['--description', 'two\nlines'],
    ['--tree-state', 'FROZEN'],
    ['--tree-state', 'active'],
    ['--tree-type', 'log'],
    ['--tree-type', 'MAP'],
    ['--max-root-duration', '-1s'],
    ['--max-root-duration', '300y'],
    ['--admin-server', 'http://trillian'],
    ['--configmap', 'Upper_Case'],
    ['--force', 'maybe'],
    ['--tls-cert-file', missing],
  ])('names %s where it is %j, before anything is asked', async (flag, value) => {
    const { run, store, trees } = world();
    const { status, stderr } = await run([`${flag}=${value}`]);
    expect(status).toBe(64);
    expect(stderr).toContain(flag);
    expect(await store.read(rekorConfig)).toBeUndefined();
    expect(trees.size).toBe(0);
  });

  it('take 20 and 172 characters, whatever their bytes', async () => {
    const { run, live } = world();
    const name = `--display-name=${'🌲'.repeat(20)}`;
    expect(await run([name, `--description=${'🌲'.repeat(172)}`])).toMatchObject({ status: 0 });
    expect([...live()[0]!.description]).toHaveLength(200);
  });

  it('take a file of certificates, and nothing else, for TLS', async () => {
    const dir = mkdtempSync(join(tmpdir(), 'sigstand-'));
    onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
    const [key, ca, junk] = ['key', 'ca', 'junk'].map((name) => join(dir, name)) as string[];
    const subject = ['-subj', '/CN=test', '-keyout', key!, '-out', ca!];
    execFileSync('openssl', ['req', '-x509', '-newkey', 'ed25519', '-nodes', ...subject], {
      stdio: 'ignore',
    });
    writeFileSync(junk!, 'hello');
    const { trillian } = memoryTrillian();
    let roots: Uint8Array | undefined;
    const job = createTree({
      connect: (_address, connection) => {
        roots = connection.roots;
        return trillian;
      },
      newToken,
    });
    expect(await runJob(job, memoryStore(), { args: [`--tls_cert_file=${ca}`] })).toMatchObject({
      status: 0,
    });
    expect(Buffer.from(roots!).toString()).toContain('BEGIN CERTIFICATE');
    for (const bad of [key, junk]) {
      const { status, stderr } = await world().run([`--tls-cert-file=${bad}`]);
      expect(status).toBe(65);
      expect(stderr).toContain('error: --tls-cert-file ');
    }
  });
});

function refuse(): never {
  throw new Error('nothing may be changed');
}
