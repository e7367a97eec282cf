import { createReadStream } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { records } from '@sigstand/contracts/records';
import { generateX25519Identity, identityToRecipient } from 'age-encryption';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { packed, partsIn, unpacked } from '../backup/archive.ts';
import {
  dumpText,
  type FakeCluster,
  fakeCluster,
  password,
  plantPod,
  plantStack,
  type Ran,
  trees,
} from '../backup/testing.ts';
import { cli, kubeconfigFor } from '../testing.ts';

const api = '/api/v1/namespaces';
const rekorSecret = `${api}/rekor-system/secrets/rekor-signing-secret`;
const repository = `${api}/tuf-system/configmaps/tuf-repository`;
const rekorRow = `${trees.rekor}\t57\taabb\n`;
const allRows = `${rekorRow}${trees.ctlog}\t41\tdd\n`;

let folder = '';
let from = '';
let clear = '';
let saved: FakeCluster;
let cluster: FakeCluster;
let config: Awaited<ReturnType<typeof kubeconfigFor>>;

/** What the database of the cluster has, and how it takes a dump. */
let database: { rows: string; known: string; load: Ran };
/** Its heads, once it has one. */
let taken: string;
let loaded: string[];
/** How long an API server that goes away is waited for. */
let outage: number | undefined;

function run(words: readonly string[], stdin: Buffer): Ran {
  const [script = '', , argument = ''] = words.slice(2);
  if (script.includes('head -c')) {
    expect(stdin.length).toBe(Number(argument));
    loaded.push(stdin.toString());
    if (!database.load.status) database = { ...database, rows: taken, known: knownRows };
    return database.load;
  }
  return { stdout: argument.includes('FROM Trees') ? database.rows : database.known };
}
const knownRows = allRows;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sigstand-restore-'));
  [from, clear] = [join(folder, 'stack.age'), join(folder, 'stack.tar')];
  saved = await fakeCluster(() => ({ stdout: dumpText() }));
  plantStack(saved);
  const identity = await generateX25519Identity();
  await writeFile(join(folder, 'key.txt'), `# mine\n${identity}\n`);
  await writeFile(join(folder, 'other.txt'), `${await generateX25519Identity()}\n`);
  const kubeconfig = await kubeconfigFor(saved.url);
  const backup = ['backup', `--kubeconfig=${kubeconfig.path}`];
  const to = `--recipient=${await identityToRecipient(identity)}`;
  expect(await cli([...backup, `--to=${from}`, to])).toMatchObject({ status: 0 });
  expect(await cli([...backup, `--to=${clear}`, '--unencrypted'])).toMatchObject({ status: 0 });
  await kubeconfig.remove();
});
afterAll(async () => {
  saved.close();
  await rm(folder, { recursive: true });
});

beforeEach(async () => {
  database = { rows: '', known: '', load: {} };
  taken = allRows;
  loaded = [];
  outage = undefined;
  cluster = await fakeCluster(run);
  config = await kubeconfigFor(cluster.url);
});
afterEach(async () => {
  cluster.close();
  await config.remove();
});

const restoreFrom = async (file: string, ...args: string[]) => {
  const ended = await cli(['restore', `--kubeconfig=${config.path}`, `--from=${file}`, ...args], {
    outage,
  });
  expect(ended.stdout + ended.stderr).not.toMatch(new RegExp(`${password}|AGE-SECRET`));
  return ended;
};
const restore = (...args: string[]) =>
  restoreFrom(from, `--identity-file=${join(folder, 'key.txt')}`, ...args);

/** What was asked that changes something. */
const written = () =>
  cluster.asked.filter((one) => /^(POST|PUT|PATCH|DELETE)/.test(one) && !one.includes('/leases'));

/** All that the cluster has, but for what each cluster says of itself. */
const held = ({ objects }: FakeCluster) =>
  Object.fromEntries(
    [...objects]
      .filter(([path]) => !/\/(pods|leases)\//.test(path))
      .map(([path, { metadata, ...rest }]) => {
        const { resourceVersion: _, uid: __, ...kept } = metadata;
        const { 'kubernetes.io/metadata.name': ___, ...labels } = (kept.labels ?? {}) as object &
          Record<string, string>;
        return [path, { ...rest, metadata: { annotations: {}, ...kept, labels } }];
      })
      .sort(),
  );

describe('sigstand restore', () => {
  it('puts all of a stack into an empty cluster, once its database is there', async () => {
    const first = await restore();
    expect(first.status).toBe(69);
    expect(first.stderr).toContain('apply 05-network.yaml and 10-trillian.yaml of your manifests');
    expect(held(cluster)).toEqual(held(saved));
    expect(written()).toHaveLength(records.length + 6);
    expect(
      written()
        .slice(0, 6)
        .every((one) => one === `POST ${api}`),
    ).toBe(true);

    plantPod(cluster);
    const second = await restore();
    expect(second).toMatchObject({ status: 0, stderr: '' });
    expect(second.stdout).toMatch(/^database +loaded$/m);
    expect(loaded).toHaveLength(1);
    expect(loaded[0]).toContain(dumpText());
    expect(loaded[0]!.indexOf('GET_LOCK')).toBeLessThan(loaded[0]!.indexOf('MariaDB dump'));
    expect(loaded[0]!.indexOf('RENAME TABLE')).toBeGreaterThan(
      loaded[0]!.indexOf('Dump completed'),
    );
    expect(loaded[0]).toContain(
      `h.TreeId = ${trees.rekor} AND h.TreeSize = 57 AND h.RootHash = X'aabb'`,
    );
    expect(written()).toHaveLength(records.length + 6);

    const third = await restore();
    expect(third.stdout).toMatch(/^database +has it already$/m);
    expect(loaded).toHaveLength(1);
  });

  it('leaves a stack alone on which another operator works, and says who that is', async () => {
    plantStack(cluster);
    cluster.objects.delete(rekorSecret);
    database = { rows: allRows, known: knownRows, load: {} };
    const lease = '/apis/coordination.k8s.io/v1/namespaces/tuf-system/leases/sigstand';
    const spec = {
      ...{ holderIdentity: 'ann@laptop 0a1b2c3d', leaseDurationSeconds: 60 },
      renewTime: new Date().toISOString().replace('Z', '000Z'),
    };
    const metadata = { namespace: 'tuf-system', name: 'sigstand' };
    cluster.put(lease, { kind: 'Lease', metadata, spec } as never);
    const refused = await restore();
    expect(refused.status).toBe(75);
    expect(refused.stderr).toContain('Lease tuf-system/sigstand is held by ann@laptop 0a1b2c3d');
    expect(written()).toEqual([]);
    // A look is free.
    expect(await restore('--dry-run')).toMatchObject({ status: 0 });
    expect(await restore('--take-over')).toMatchObject({ status: 0 });
    expect(cluster.objects.has(rekorSecret)).toBe(true);
    expect(cluster.objects.get(lease)).toMatchObject({ spec: { holderIdentity: '' } });
  });

  it('gives the lease back where it is told to stop, though what is under way takes a second', async () => {
    plantStack(cluster);
    database = { rows: allRows, known: knownRows, load: {} };
    cluster.objects.delete(rekorSecret);
    const stop = new AbortController();
    cluster.hooks.before = async (request) => {
      if (request !== `POST ${api}/rekor-system/secrets`) return;
      stop.abort();
      await new Promise((later) => setTimeout(later, 1_000));
    };
    const args = [`--kubeconfig=${config.path}`, `--from=${clear}`];
    const { status, stderr } = await cli(['restore', ...args], { signal: stop.signal });
    expect(status).toBe(75);
    expect(stderr).toContain('stopped before it was done; run it again');
    const lease = '/apis/coordination.k8s.io/v1/namespaces/tuf-system/leases/sigstand';
    expect(cluster.objects.get(lease)).toMatchObject({ spec: { holderIdentity: '' } });
  });

  it('waits for a database that comes up', async () => {
    plantPod(cluster, '', 'False');
    cluster.hooks.before = (request) => {
      if (request.startsWith('POST') && request.endsWith('configmaps')) plantPod(cluster);
    };
    expect(await restore()).toMatchObject({ status: 0 });
    expect(loaded).toHaveLength(1);
  });

  it('gives up where it does not come up, and says what to run again', async () => {
    plantPod(cluster, '', 'False');
    const ended = await restore('--timeout=1s');
    expect(ended.status).toBe(69);
    expect(ended.stderr).toContain('Pod trillian-system/mysql-trillian-0 is not ready');
    expect(ended.stderr).toContain('then run the same again');
    expect(written()).toHaveLength(records.length + 6);
  });

  describe('where createtree has looked for its tree before', () => {
    const jobs = (system: string) => `/apis/batch/v1/namespaces/${system}-system/jobs/createtree`;
    const plantJob = (system: string, type?: string, partOf = 'sigstand') => {
      const labels = { 'app.kubernetes.io/part-of': partOf };
      const conditions = type ? [{ type, status: 'True' }] : [];
      const metadata = { namespace: `${system}-system`, name: 'createtree', labels };
      cluster.put(jobs(system), { kind: 'Job', metadata, status: { conditions } } as object);
    };
    const there = () => ['rekor', 'ctlog'].filter((one) => cluster.objects.has(jobs(one)));

    it('takes both Jobs away once it has loaded the dump, also one that is not marked as failed yet', async () => {
      plantPod(cluster);
      plantJob('rekor', 'Failed');
      plantJob('ctlog');
      const { status, stdout, stderr } = await restore();
      expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
      expect(there()).toEqual([]);
      expect(stdout).toMatch(
        /^jobs +Job rekor-system\/createtree, Job ctlog-system\/createtree deleted, .*apply the manifests again/m,
      );
    });

    it('takes away what had failed, where the run before was killed in between', async () => {
      plantStack(cluster);
      database = { rows: allRows, known: knownRows, load: {} };
      plantJob('rekor', 'Failed');
      plantJob('ctlog');
      const { status, stdout } = await restore('--json');
      const deleted = ['Job rekor-system/createtree'];
      expect({ status, ...JSON.parse(stdout) }).toMatchObject({
        status: 0,
        jobs: { deleted, left: [] },
      });
      expect(there()).toEqual(['ctlog']);
    });

    it('leaves what is done, what is of others, and in a dry run all', async () => {
      plantPod(cluster);
      plantJob('rekor', 'Complete');
      plantJob('ctlog', 'Failed', 'another');
      expect((await restore()).stdout).not.toMatch(/^jobs/m);
      plantJob('ctlog', 'Failed');
      expect(await restore('--dry-run')).toMatchObject({ status: 0 });
      expect(there()).toEqual(['rekor', 'ctlog']);
    });

    it('leaves one that somebody has made anew meanwhile', async () => {
      plantPod(cluster);
      plantJob('rekor', 'Failed');
      cluster.hooks.before = (request) => {
        if (request === `DELETE ${jobs('rekor')}`) plantJob('rekor');
      };
      expect(await restore()).toMatchObject({ status: 0, stderr: '' });
      expect(there()).toEqual(['rekor']);
    });

    it('names those that the caller may not delete, and the database is loaded all the same', async () => {
      plantPod(cluster);
      plantJob('rekor', 'Failed');
      cluster.hooks.forbids = (request) => request.startsWith('DELETE');
      const { status, stdout } = await restore();
      expect(status).toBe(0);
      expect(stdout).toMatch(
        /^jobs +delete Job rekor-system\/createtree yourself, .*apply the manifests again/m,
      );
      expect(there()).toEqual(['rekor']);
    });
  });

  it('goes on where each answer is lost on its way', async () => {
    plantPod(cluster);
    const lost = new Set<string>();
    cluster.hooks.after = (request) => {
      if (!/^(POST|PUT|DELETE)/.test(request) || lost.has(request)) return true;
      lost.add(request);
      return false;
    };
    expect(await restore()).toMatchObject({ status: 0, stderr: '' });
    expect(held(cluster)).toEqual(held(saved));
    expect(lost.size).toBeGreaterThan(8);
    lost.clear();
    const changed = { 'timestamp.json': '{"signed":{"version":9}}' };
    const { data, ...rest } = cluster.objects.get(repository)!;
    cluster.put(repository, { ...rest, data: { ...(data as object), ...changed } });
    database = { rows: allRows, known: knownRows, load: {} };
    expect(await restore('--overwrite-different')).toMatchObject({ status: 0, stderr: '' });
    expect(lost).toContain(`PUT ${repository}`);
    expect(held(cluster)).toEqual(held(saved));
  });

  it('goes on wherever it was killed', async () => {
    for (let done = 4; done < records.length + 6; done += 4) {
      let left = 4;
      cluster.hooks.before = (request) => {
        const counts = request.startsWith('POST') && !request.includes('/leases');
        if (counts && left-- === 0) throw new Error('killed');
      };
      outage = 0;
      expect((await restore('--objects-only')).status).not.toBe(0);
      expect(Object.keys(held(cluster))).toHaveLength(done);
    }
    delete cluster.hooks.before;
    expect(await restore('--objects-only')).toMatchObject({ status: 0, stderr: '' });
    expect(held(cluster)).toEqual(held(saved));
  });

  it('fills in a part, and leaves what is equal', async () => {
    plantStack(cluster);
    database = { rows: allRows, known: knownRows, load: {} };
    cluster.objects.delete(rekorSecret);
    expect((await restore()).status).toBe(0);
    expect(written()).toEqual([`POST ${api}/rekor-system/secrets`]);
    expect(held(cluster)).toEqual(held(saved));
  });

  it('brings back a rotation that was under way', async () => {
    const file = join(folder, 'rotating.tar');
    const next = `${api}/fulcio-system/secrets/fulcio-secrets-next`;
    const metadata = { namespace: 'fulcio-system', name: 'fulcio-secrets-next' };
    saved.put(next, { kind: 'Secret', type: 'Opaque', metadata, data: { 'new.private': 'eA==' } });
    const other = await kubeconfigFor(saved.url);
    const flags = [`--kubeconfig=${other.path}`, `--to=${file}`, '--unencrypted'];
    expect((await cli(['backup', ...flags])).status).toBe(0);
    saved.objects.delete(next);
    await other.remove();
    expect((await restoreFrom(file, '--objects-only')).status).toBe(0);
    expect(cluster.objects.get(next)?.data).toEqual({ 'new.private': 'eA==' });
    expect((await restoreFrom(file, '--objects-only')).stdout).toMatch(
      /^objects +0 created, 26 were there$/m,
    );
  });

  it('takes no notice of what others note at an object', async () => {
    plantStack(cluster);
    database = { rows: allRows, known: knownRows, load: {} };
    const { metadata, ...rest } = cluster.objects.get(rekorSecret)!;
    const annotations = { ...(metadata.annotations as object), 'argocd.argoproj.io/x': 'theirs' };
    cluster.put(rekorSecret, { ...rest, metadata: { ...metadata, annotations } });
    expect((await restore()).status).toBe(0);
    expect(written()).toEqual([]);
  });

  it('says with --dry-run what it would do, and does nothing', async () => {
    const { status, stdout } = await restore('--dry-run');
    expect(status).toBe(0);
    expect(stdout).toContain('create      Secret rekor-system/rekor-signing-secret\n');
    expect(stdout).toContain(`${records.length + 6} would be created, 0 were there`);
    expect(written()).toEqual([]);
    plantPod(cluster);
    expect((await restore('--dry-run')).stdout).toMatch(/^database +would be loaded$/m);
    expect([written(), loaded]).toEqual([[], []]);
  });

  it('names what was seen and is lost', async () => {
    const seen = join(folder, 'seen.json');
    const root = '0'.repeat(64);
    const logs = {
      'http://rekor': {
        ...{ tree: '99', size: 4, root },
        before: [{ tree: trees.rekor, size: 60, root }],
      },
      'http://ct': { size: 41, root },
    };
    const state = { form: 'sigstand-status-1', roles: { timestamp: 10 }, logs };
    await writeFile(seen, JSON.stringify(state));
    const { stdout } = await restore('--objects-only', '--json', `--seen=${seen}`);
    expect(JSON.parse(stdout).lost).toEqual([
      expect.stringContaining('version 8 of the timestamp is older than 10'),
      '4 entries at the end of http://rekor: it had 4, and the backup has 0',
      '3 entries at the end of http://rekor: it had 60, and the backup has 57',
    ]);
  });

  it.each([
    ['began', { size: 3 }, '3 entries at the end of http://ct: it had 3, and the backup has 0'],
    ['went on', {}, ''],
  ])(
    'tells a CT log that %s in another tree after the backup by its older one',
    async (_what, now, said) => {
      const seen = join(folder, 'seen-moved.json');
      const head = { size: 41, root: '0'.repeat(64) };
      const moved = { 'http://ct/old': { ...head, tree: trees.ctlog, key: 'aa' } };
      const logs = { 'http://ct': { ...head, key: 'bb', ...now }, ...(said && moved) };
      await writeFile(seen, JSON.stringify({ form: 'sigstand-status-1', logs }));
      const { stdout } = await restore('--objects-only', '--json', `--seen=${seen}`);
      expect(JSON.parse(stdout).lost).toEqual(said ? [said] : []);
    },
  );

  it('holds the timestamp that it keeps against the one that was seen', async () => {
    plantStack(cluster);
    const { metadata, ...rest } = cluster.objects.get(repository)!;
    const data = { ...(rest.data as object), 'timestamp.json': '{"signed":{"version":10}}' };
    cluster.put(repository, { ...rest, metadata, data });
    const seen = join(folder, 'seen-kept.json');
    await writeFile(seen, JSON.stringify({ form: 'sigstand-status-1', roles: { timestamp: 10 } }));
    const with10 = ['--objects-only', '--json', `--seen=${seen}`];
    expect(JSON.parse((await restore(...with10, '--keep-different')).stdout).lost).toEqual([]);
    expect(JSON.parse((await restore(...with10, '--overwrite-different')).stdout).lost).toEqual([
      expect.stringContaining('version 8 of the timestamp is older than 10'),
    ]);
  });

  it('says of a database that it did not look at no more than it knows', async () => {
    plantStack(cluster);
    const { stdout } = await restore('--objects-only');
    expect(stdout).toMatch(/^database +not looked at: run it again, without --objects-only/m);
    expect(stdout).toMatch(/is not in the backup: see docs\/backup.md$/m);
  });

  describe('of a log that went on from the backup before it could say what it has,', () => {
    const root = '6'.repeat(64);
    const onward = `${trees.rekor}\t61\tee\n${trees.ctlog}\t43\tdd\n`;
    const restoreWith = async () => {
      plantPod(cluster);
      const seen = join(folder, 'seen-rekor.json');
      const logs = { 'http://rekor': { tree: trees.rekor, size: 60, root } };
      await writeFile(seen, JSON.stringify({ form: 'sigstand-status-1', logs }));
      const { status, stdout, stderr } = await restore('--json', `--seen=${seen}`);
      expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
      return JSON.parse(stdout);
    };
    const lost = ['3 entries at the end of http://rekor: it had 60, and the backup has 57'];

    it('tells what was loaded, and not what was added since', async () => {
      taken = onward;
      expect(await restoreWith()).toMatchObject({
        database: { how: 'loaded', heads: [{ size: 57, root: 'aabb' }, { size: 41 }] },
        lost,
      });
    });

    it('names what was lost, although the log is longer than it was', async () => {
      plantStack(cluster);
      database = { rows: onward, known: knownRows, load: {} };
      expect(await restoreWith()).toMatchObject({
        database: { how: 'there', heads: [{ size: 61 }, { size: 43 }] },
        lost,
      });
    });

    it('names nothing where it has had what was seen', async () => {
      plantStack(cluster);
      database = {
        ...{ rows: onward, load: {} },
        known: `${knownRows}${trees.rekor}\t60\t${root}\n`,
      };
      expect(await restoreWith()).toMatchObject({ database: { how: 'there' }, lost: [] });
    });
  });

  it.each([
    ['that is not there', 'nothere.json', 64, '--seen cannot be read: ENOENT'],
    [
      'that status has not written',
      'key.txt',
      65,
      '--seen is not a file that sigstand status has written',
    ],
  ])('refuses a --seen %s, by this name', async (_what, name, code, said) => {
    const { status, stderr } = await restore(`--seen=${join(folder, name)}`);
    expect({ status, written: written() }).toEqual({ status: code, written: [] });
    expect(stderr).toContain(said);
  });

  it('reads a backup that is not encrypted as well', async () => {
    expect((await restoreFrom(clear, '--objects-only')).status).toBe(0);
    expect(held(cluster)).toEqual(held(saved));
  });
});

describe('sigstand restore, where the cluster has something else,', () => {
  beforeEach(() => {
    plantStack(cluster);
    database = { rows: allRows, known: knownRows, load: {} };
  });
  const change = (path: string, data: object) => {
    const { data: before, ...rest } = cluster.objects.get(path)!;
    cluster.put(path, { ...rest, data: { ...(before as object), ...data } });
  };

  it('names it, and writes nothing', async () => {
    change(rekorSecret, { 'signing-secret': 'YW5vdGhlcg==' });
    cluster.objects.delete(`${api}/fulcio-system/secrets/fulcio-secrets`);
    const ended = await restore();
    expect(ended.status).toBe(78);
    expect(ended.stderr).toContain('Secret rekor-system/rekor-signing-secret (key signing-secret)');
    expect(written()).toEqual([]);
  });

  it('names a few of many, and all of them to programs', async () => {
    const keys = Array.from({ length: 8 }, (_, nth) => `key-${nth}`);
    change(rekorSecret, Object.fromEntries(keys.map((key) => [key, 'YW5vdGhlcg=='])));
    for (const { kind, namespace, name } of records.filter((one) => one.kind === 'Secret')) {
      if (name !== 'tuf-root')
        change(`${api}/${namespace}/${kind.toLowerCase()}s/${name}`, { more: 'eA==' });
    }
    const { status, stdout, stderr } = await restore('--json');
    expect(status).toBe(78);
    expect(stderr.length).toBeLessThan(700);
    expect(stderr).toMatch(/\(key \S+, key \S+, key \S+ and \d+ more\)/);
    expect(stderr).toMatch(/ and \d+ more; nothing was written/);
    const { differ } = JSON.parse(stdout).objects as {
      differ: { object: string; where: string[] }[];
    };
    const rekor = differ.find(
      ({ object }) => object === 'Secret rekor-system/rekor-signing-secret',
    );
    expect(rekor?.where).toEqual([...keys, 'more'].map((key) => `key ${key}`));
    expect(differ.length).toBeGreaterThan(8);
    expect((await restore('--keep-different')).stdout).not.toContain('key key-7');
  });

  it('names an annotation of ours, too', async () => {
    const { metadata, ...rest } = cluster.objects.get(rekorSecret)!;
    cluster.put(rekorSecret, { ...rest, metadata: { ...metadata, annotations: {} } });
    expect((await restore()).stderr).toContain('(annotation sigstand.dev/key-created)');
    expect(written()).toEqual([]);
  });

  it('leaves that where it is told to, and fills in the rest', async () => {
    change(repository, { 'timestamp.json': '{"signed":{"version":9}}' });
    cluster.objects.delete(rekorSecret);
    const { status, stdout } = await restore('--keep-different');
    expect(status).toBe(0);
    expect(stdout).toContain('ConfigMap tuf-system/tuf-repository (key timestamp.json)');
    expect(written()).toEqual([`POST ${api}/rekor-system/secrets`]);
  });

  it('overwrites that where it is told to, and only what it has read', async () => {
    change(repository, { 'timestamp.json': '{"signed":{"version":9}}' });
    expect((await restore('--overwrite-different')).status).toBe(0);
    expect(written()).toEqual([`PUT ${repository}`]);
    expect(held(cluster)).toEqual(held(saved));

    change(repository, { 'timestamp.json': '{"signed":{"version":9}}' });
    cluster.hooks.before = (request) => {
      if (request === `PUT ${repository}`) change(repository, { more: '1' });
    };
    expect((await restore('--overwrite-different')).status).toBe(75);
  });

  it.each([
    ['first root', `${api}/tuf-system/secrets/tuf-root`, { root: 'b3RoZXI=' }, 'its first root is'],
    ['tree', `${api}/rekor-system/configmaps/rekor-config`, { treeID: '7' }, 'Rekor’s tree is 7'],
  ])('refuses another stack by its %s, whatever it is told', async (_, path, data, said) => {
    change(path, data);
    for (const flag of ['--keep-different', '--overwrite-different']) {
      const ended = await restore(flag);
      expect(ended.status).toBe(78);
      expect(ended.stderr).toContain(`the cluster has another stack under these names: ${said}`);
    }
    expect(written()).toEqual([]);
  });

  it('refuses a database with other trees, before it writes anything', async () => {
    cluster.objects.delete(rekorSecret);
    database = { rows: '7\t3\tcc\n', known: '', load: {} };
    const ended = await restore();
    expect(ended.status).toBe(78);
    expect(ended.stderr).toContain("which are not the backup's: 7 with 3 entries");
    expect([written(), loaded]).toEqual([[], []]);
  });

  it('refuses a database that has lost what the backup has', async () => {
    database = { rows: allRows, known: rekorRow, load: {} };
    expect((await restore()).status).toBe(78);
    expect(loaded).toEqual([]);
  });

  it('refuses what somebody makes at the same time', async () => {
    cluster.objects.delete(rekorSecret);
    cluster.hooks.before = (request) => {
      if (!request.startsWith('POST')) return;
      const { metadata } = saved.objects.get(rekorSecret)!;
      cluster.put(rekorSecret, {
        kind: 'Secret',
        metadata,
        data: { 'signing-secret': 'b3RoZXI=' },
      });
    };
    const ended = await restore();
    expect(ended.status).toBe(78);
    expect(ended.stderr).toContain('was made by somebody else meanwhile');
  });
});

describe('sigstand restore, where the dump is not taken,', () => {
  it.each([
    ['locked', 'ERROR 1644 (45000) at line 2: sigstand: locked', 75, 'somebody else restores'],
    [
      'trees',
      'ERROR 1644 (45000) at line 2: sigstand: trees',
      78,
      'made a tree in the database meanwhile',
    ],
    [
      'heads',
      'ERROR 1644 (45000) at line 9: sigstand: heads',
      65,
      'not what the backup says of its trees',
    ],
    [
      'no room',
      `ERROR 1114 (HY000) at line 5: The table is full ${password}`,
      75,
      "MariaDB's error 1114",
    ],
  ])('says why: %s', async (_, stderr, status, said) => {
    plantPod(cluster);
    database.load = { status: 1, stderr };
    const ended = await restore();
    expect(ended.stderr).toContain(said);
    expect(ended.status).toBe(status);
  });

  it('says that the connection was cut off', async () => {
    plantPod(cluster);
    database.load = { cut: true };
    expect(await restore()).toMatchObject({
      status: 75,
      stderr: expect.stringContaining('was cut off'),
    });
  });
});

describe('sigstand restore refuses, before it asks anybody,', () => {
  const bytes = async (change: (file: Buffer) => Buffer, name = 'other.age') => {
    const path = join(folder, name);
    await writeFile(path, change(await readFile(from)));
    return path;
  };
  const key = () => `--identity-file=${join(folder, 'key.txt')}`;

  it.each([
    [
      'a file that is cut short',
      (file: Buffer) => file.subarray(0, file.length - 1),
      'cut short or was altered',
    ],
    [
      'a file that is cut at a chunk',
      (file: Buffer) => file.subarray(0, 1_000),
      'cut short or was altered',
    ],
    [
      'an altered byte',
      (file: Buffer) => {
        file[file.length - 100]! ^= 1;
        return file;
      },
      'cut short or was altered',
    ],
    [
      'a file of something else',
      () => Buffer.from('x'.repeat(5_000)),
      'not a backup that sigstand has made',
    ],
    ['an empty file', () => Buffer.alloc(0), 'not a backup that sigstand has made'],
  ])('%s', async (_, change, said) => {
    const ended = await restoreFrom(await bytes(change), key());
    expect(ended.stderr).toContain(said);
    expect(ended.status).toBe(65);
    expect(cluster.asked).toEqual([]);
  });

  it('another form of backup', async () => {
    const path = join(folder, 'later.tar');
    const tar = (await readFile(clear, 'latin1')).replace('sigstand-backup 1', 'sigstand-backup 2');
    await writeFile(path, tar, 'latin1');
    const ended = await restoreFrom(path);
    expect(ended.status).toBe(65);
    expect(ended.stderr).toContain('the backup has form 2, and this sigstand reads form 1');
    expect(cluster.asked).toEqual([]);
  });

  it('an object that is no part of a stack, though all sums are right', async () => {
    const path = join(folder, 'strange.tar');
    const strange = { name: 'coredns', namespace: 'kube-system' };
    const kept = { apiVersion: 'v1', kind: 'ConfigMap', metadata: strange, data: { Corefile: '' } };
    async function* parts() {
      for await (const part of partsIn(createReadStream(clear))) yield part;
      yield { name: 'objects/x.json', bytes: Buffer.from(JSON.stringify(kept)) };
    }
    const manifest = await unpacked(createReadStream(clear), () => {});
    await writeFile(
      path,
      packed(parts(), (listed) => ({ ...manifest, parts: listed })),
    );
    const ended = await restoreFrom(path);
    expect(ended.stderr).toContain(
      'the backup has ConfigMap kube-system/coredns, which is no part',
    );
    expect(ended.status).toBe(65);
    expect(cluster.asked).toEqual([]);
  });

  it.each([
    ['no identity', [], 64, 'no --identity-file is given'],
    [
      'another one’s identity',
      ['--identity-file=F/other.txt'],
      65,
      'none of the identities opens it',
    ],
    ['an identity that is none', ['--identity-file=F/stack.tar'], 64, 'no identity'],
    ['other names', ['K', '--namespace-prefix=stg-'], 65, 'and not of what the flags name'],
    ['both flags', ['K', '--keep-different', '--overwrite-different'], 64, 'cannot be used with'],
  ])('%s', async (_, args, status, said) => {
    const flags = args.map((one) => (one === 'K' ? key() : one.replace('F/', `${folder}/`)));
    const ended = await restoreFrom(from, ...flags);
    expect(ended.stderr).toContain(said);
    expect(ended.status).toBe(status);
    expect(cluster.asked).toEqual([]);
  });

  it('a file that is not there', async () => {
    const ended = await restoreFrom(join(folder, 'nothing'));
    expect(ended).toMatchObject({ status: 64, stderr: expect.stringContaining('ENOENT') });
  });
});
