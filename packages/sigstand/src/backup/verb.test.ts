import {
  chmod,
  lstat,
  mkdtemp,
  readdir,
  readFile,
  rm,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { records } from '@sigstand/contracts/records';
import { generateX25519Identity, identityToRecipient } from 'age-encryption';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { cli, kubeconfigFor } from '../testing.ts';
import { decrypted } from './age.ts';
import { unpacked } from './archive.ts';
import {
  dumpText,
  type FakeCluster,
  fakeCluster,
  password,
  plantPod,
  plantStack,
  type Ran,
  trees,
} from './testing.ts';

let ran: Ran;
/** How many of the first dumps are cut off. */
let cuts = 0;
let cluster: FakeCluster;
let config: Awaited<ReturnType<typeof kubeconfigFor>>;
let folder = '';
let to = '';
let identity = '';
let recipient = '';

beforeEach(async () => {
  ran = { stdout: dumpText() };
  cuts = 0;
  cluster = await fakeCluster((words) => {
    expect(words.join(' ')).toContain('mariadb-dump');
    expect(words.join(' ')).toContain('--single-transaction');
    cuts -= 1;
    return cuts >= 0 ? { ...ran, cut: true } : ran;
  });
  plantStack(cluster);
  config = await kubeconfigFor(cluster.url);
  folder = await mkdtemp(join(tmpdir(), 'sigstand-backup-'));
  to = join(folder, 'stack.age');
  identity = await generateX25519Identity();
  recipient = await identityToRecipient(identity);
});
afterEach(async () => {
  cluster.close();
  await config.remove();
  await rm(folder, { recursive: true });
});

const backup = async (...args: string[]) => {
  const ended = await cli(['backup', `--kubeconfig=${config.path}`, `--to=${to}`, ...args]);
  expect(ended.stderr + ended.stdout).not.toContain(password);
  return ended;
};
const encryptedBackup = (...args: string[]) => backup(`--recipient=${recipient}`, ...args);

async function opened() {
  const parts: Record<string, Buffer> = {};
  const bytes = (async function* () {
    yield await readFile(to);
  })();
  const manifest = await unpacked(decrypted(bytes, [identity]), (part) => {
    parts[part.name] = Buffer.from(part.bytes);
  });
  return { manifest, parts };
}

describe('sigstand backup', () => {
  it('writes all of a stack to one file, for its owner and the recipients alone', async () => {
    expect(await encryptedBackup()).toMatchObject({ status: 0, stderr: '' });
    expect((await stat(to)).mode & 0o777).toBe(0o600);
    expect(await readdir(folder)).toEqual(['stack.age']);
    expect((await readFile(to)).includes('rekor-signing-secret')).toBe(false);
    const { manifest, parts } = await opened();
    const objects = Object.keys(parts).filter((name) => name.startsWith('objects/'));
    expect(objects).toHaveLength(records.length + 6);
    for (const { kind, namespace, name } of records) {
      expect(objects).toContain(`objects/${namespace}/${kind.toLowerCase()}-${name}.json`);
    }
    expect(manifest).toMatchObject({
      stack: { rekorTree: trees.rekor, ctlogTree: trees.ctlog },
      timestamp: 8,
      database: { heads: [{ tree: trees.rekor, size: 57, root: 'aabb' }, { size: 41 }] },
    });
    const dump = Buffer.concat(
      Object.keys(parts)
        .filter((name) => name.startsWith('database.sql.gz.'))
        .map((name) => parts[name]!),
    );
    expect(gunzipSync(dump).toString()).toBe(dumpText());
  });

  it('keeps of an object what makes the same one again', async () => {
    expect((await encryptedBackup()).status).toBe(0);
    const { parts } = await opened();
    const kept = (name: string) => JSON.parse(String(parts[`objects/${name}.json`]));
    const secret = cluster.objects.get('/api/v1/namespaces/tuf-system/secrets/tuf-keys');
    expect(kept('tuf-system/secret-tuf-keys')).toEqual({
      ...{ apiVersion: 'v1', kind: 'Secret', type: 'Opaque', data: secret?.data },
      metadata: {
        ...{ namespace: 'tuf-system', name: 'tuf-keys' },
        labels: { 'app.kubernetes.io/part-of': 'sigstand' },
        annotations: {
          'sigstand.dev/first-root': 'of tuf-keys',
          'sigstand.dev/root-key': 'of tuf-keys',
        },
      },
    });
    expect(kept('namespace-tuf-system').metadata).toEqual({
      name: 'tuf-system',
      labels: { 'pod-security.kubernetes.io/enforce': 'restricted' },
    });
  });

  it('reads the objects before the dump and after it', async () => {
    expect((await encryptedBackup()).status).toBe(0);
    const path = '/api/v1/namespaces/rekor-system/configmaps/rekor-config';
    const kinds = cluster.asked.map((one) =>
      one.startsWith('EXEC') ? 'dump' : one === `GET ${path}` ? 'object' : '',
    );
    expect(kinds.filter(Boolean)).toEqual(['object', 'dump', 'object']);
  });

  it('begins anew where an object changed meanwhile, and gives up where they go on changing', async () => {
    const path = '/api/v1/namespaces/tuf-system/configmaps/tuf-repository';
    let times = 1;
    const touch = (request: string) => {
      if (request !== `GET ${path}` || times-- <= 0) return;
      cluster.put(path, cluster.objects.get(path)!);
    };
    const ended = await (async () => {
      let begun = false;
      cluster.hooks.before = (request) => {
        if (begun) touch(request);
        if (request === `GET ${path}`) begun = true;
      };
      return encryptedBackup();
    })();
    expect(ended.status).toBe(0);
    expect(ended.stderr).toContain('ConfigMap tuf-system/tuf-repository changed meanwhile');
    expect((await opened()).manifest.parts.length).toBeGreaterThan(0);

    times = 100;
    await rm(to);
    const given = await encryptedBackup();
    expect(given.status).toBe(75);
    expect(await readdir(folder)).toEqual([]);
  });

  it('begins anew where a dump is cut off', async () => {
    cuts = 1;
    const { status, stderr } = await encryptedBackup();
    expect(status).toBe(0);
    expect(stderr).toBe(
      'sigstand backup: the connection to Pod trillian-system/mysql-trillian-0 was cut off; it begins anew\n',
    );
    expect(await readdir(folder)).toEqual(['stack.age']);
    expect((await opened()).manifest.database).toMatchObject({ heads: [{ size: 57 }, {}] });
  });

  it('leaves no half of a file where it is told to stop, though an answer never comes', async () => {
    const stop = new AbortController();
    let left: string[] | undefined;
    cluster.hooks.before = async (request) => {
      if (left || !request.endsWith('/secrets/rekor-signing-secret')) return;
      expect(await readdir(folder)).toHaveLength(1);
      stop.abort();
      await new Promise((later) => setTimeout(later, 200));
      left = await readdir(folder);
    };
    const flags = [`--kubeconfig=${config.path}`, `--to=${to}`, '--unencrypted'];
    expect(await cli(['backup', ...flags], { signal: stop.signal })).toMatchObject({ status: 75 });
    expect([left, await readdir(folder)]).toEqual([[], []]);
  });

  it('takes the names of another stack', async () => {
    plantStack(cluster, 'stg-');
    expect((await encryptedBackup('--namespace-prefix=stg-')).status).toBe(0);
    const { manifest, parts } = await opened();
    expect(manifest.stack.namespacePrefix).toBe('stg-');
    expect(Object.keys(parts)).toContain('objects/stg-tuf-system/secret-tuf-keys.json');
    expect(Object.keys(parts).join()).not.toContain('objects/tuf-system');
  });

  it('prints with --json what it holds, and nothing secret', async () => {
    const { stdout } = await encryptedBackup('--json');
    expect(JSON.parse(stdout)).toMatchObject({ file: to, recipients: 1, timestamp: 8 });
  });

  it('replaces a file where it is told to, and not otherwise', async () => {
    await writeFile(to, 'mine');
    const ended = await encryptedBackup();
    expect(ended.status).toBe(65);
    expect(ended.stderr).toContain('--to names a file that is there');
    expect(await readFile(to, 'utf8')).toBe('mine');
    expect((await encryptedBackup('--replace')).status).toBe(0);
    expect((await opened()).manifest.timestamp).toBe(8);
  });

  it('takes the place of no folder or pipe, and asks nobody before it says so', async () => {
    const link = join(folder, 'link');
    await symlink(folder, link);
    for (const other of [folder, link, '/dev/null']) {
      const ended = await encryptedBackup(`--to=${other}`, '--replace');
      expect({ status: ended.status, asked: cluster.asked.length }).toEqual({
        status: 64,
        asked: 0,
      });
      expect(ended.stderr).toContain('--to names something that is no file');
    }
    expect(await readdir(folder)).toEqual(['link']);
  });

  it('replaces what a link leads to, not the link', async () => {
    const link = join(folder, 'link');
    await writeFile(to, 'mine');
    await symlink(to, link);
    expect((await encryptedBackup(`--to=${link}`, '--replace')).status).toBe(0);
    expect((await opened()).manifest.timestamp).toBe(8);
    expect((await lstat(link)).isSymbolicLink()).toBe(true);
  });

  it('writes in the clear only where it is told to', async () => {
    const { status, stdout } = await backup('--unencrypted');
    expect({ status, clear: stdout.includes('NOT ENCRYPTED') }).toEqual({ status: 0, clear: true });
    expect((await readFile(to)).includes('secret-rekor-signing-secret.json')).toBe(true);
    expect((await stat(to)).mode & 0o777).toBe(0o600);
  });

  it('saves the objects alone where the database is another one', async () => {
    cluster.objects.delete('/api/v1/namespaces/trillian-system/pods/mysql-trillian-0');
    const path = '/api/v1/namespaces/trillian-system/secrets/trillian-mysql';
    const { data, ...secret } = cluster.objects.get(path)!;
    const { 'root-password': _, ...others } = data as Record<string, string>;
    cluster.put(path, { ...secret, data: others });
    expect((await encryptedBackup()).status).toBe(69);
    expect((await encryptedBackup('--external-database')).status).toBe(0);
    expect((await opened()).manifest.database).toBe('external');
  });

  it('misses no copy of the credentials for Rekor where the database is another one', async () => {
    cluster.objects.delete('/api/v1/namespaces/rekor-system/secrets/trillian-mysql');
    const own = await encryptedBackup();
    expect(own).toMatchObject({ status: 65, stderr: expect.stringContaining('trillian-mysql') });
    cluster.objects.delete('/api/v1/namespaces/trillian-system/pods/mysql-trillian-0');
    // In a PostgreSQL Rekor keeps nothing, and createsecret makes no copy.
    expect((await encryptedBackup('--external-database')).status).toBe(0);
    const { parts } = await opened();
    expect(Object.keys(parts)).toContain('objects/trillian-system/secret-trillian-mysql.json');
    expect(Object.keys(parts).join()).not.toContain('rekor-system/secret-trillian-mysql');
  });
});

describe('sigstand backup refuses', () => {
  const secret = (name: string) => `/api/v1/namespaces/rekor-system/secrets/${name}`;

  it.each([
    ['to write for nobody', [], 64, 'nobody is named to whom the backup is encrypted'],
    ['both', ['--unencrypted', '--recipient=R'], 64, '--unencrypted has no use beside recipients'],
    ['a database that it could save', ['--recipient=R', '--external-database'], 64, 'is there'],
    ['a recipient that is none', ['--recipient=age1x'], 64, 'no recipient'],
    [
      'a file of recipients that is not there',
      ['--recipients-file=/nonexistent/of/nobody'],
      64,
      'ENOENT',
    ],
  ])('%s', async (_, args, status, said) => {
    const ended = await backup(...args.map((one) => one.replace('=R', `=${recipient}`)));
    expect(ended.status).toBe(status);
    expect(ended.stderr).toContain(said);
    expect(await readdir(folder)).toEqual([]);
  });

  it.each([
    [
      'an object',
      () => cluster.objects.delete(secret('rekor-signing-secret')),
      'Secret rekor-system/rekor-signing-secret',
    ],
    [
      'a key',
      () => {
        const shown = cluster.objects.get(secret('rekor-pub-key'))!;
        cluster.put(secret('rekor-pub-key'), { ...shown, data: { public: 'eA==', hostname: '' } });
      },
      'Secret rekor-system/rekor-pub-key key hostname',
    ],
  ])('a stack that lacks %s', async (_, lose, said) => {
    lose();
    const ended = await encryptedBackup();
    expect(ended.status).toBe(65);
    expect(ended.stderr).toContain(`the stack is not whole: it lacks ${said}`);
    expect(await readdir(folder)).toEqual([]);
  });

  it.each([
    [
      'fails',
      { stdout: dumpText(), status: 2, stderr: 'mariadb-dump: Got error: 1045: "Access denied"' },
      69,
      "MariaDB's error 1045",
    ],
    ['is cut off', { stdout: dumpText(), cut: true }, 75, 'was cut off'],
    ['ends early', { stdout: dumpText().slice(0, 300) }, 75, 'ended before its end'],
    [
      'lacks a tree',
      { stdout: dumpText().replaceAll(trees.rekor, '7') },
      78,
      `no tree ${trees.rekor}, which Rekor uses`,
    ],
  ] as [string, Ran, number, string][])('a dump that %s', async (_, dump, status, said) => {
    ran = dump;
    const ended = await encryptedBackup();
    expect(ended.stderr).toContain(said);
    expect(ended.status).toBe(status);
    expect(await readdir(folder)).toEqual([]);
  });

  it('a database that is not ready', async () => {
    plantPod(cluster, '', 'False');
    const ended = await encryptedBackup();
    expect(ended.status).toBe(69);
    expect(ended.stderr).toContain('Pod trillian-system/mysql-trillian-0 is not ready');
  });

  it('a folder that it may not write to', async () => {
    await rm(folder, { recursive: true });
    const ended = await encryptedBackup();
    expect(ended.status).toBe(65);
    expect(ended.stderr).toContain('--to cannot be written: ENOENT');
    folder = await mkdtemp(join(tmpdir(), 'sigstand-backup-'));
    await chmod(folder, 0o700);
  });
});
