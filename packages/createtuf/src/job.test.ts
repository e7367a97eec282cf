import { createHash } from 'node:crypto';
import { copies, tufKeys, tufRepository, tufRoot } from '@sigstand/contracts/records';
import { runJob } from '@sigstand/job/testing';
import { utf8 } from '@sigstand/pki/pem';
import { memoryStore } from '@sigstand/store/memory';
import { recording, showRequest } from '@sigstand/store/recording';
import type { Data, Store } from '@sigstand/store/store';
import { describe, expect, it } from 'vitest';
import { archive, sameArchive } from './archive.ts';
import { createTuf } from './job.ts';
import { publishedTargets } from './repository.ts';
import { inputs, put, runAt, stored, supplied, target } from './testing.ts';

const run = (store: Store, args: readonly string[] = []) => runJob(createTuf(), store, { args });

/** A store with only some of the records of another. */
async function only(
  store: Store,
  ...refs: (typeof tufKeys | typeof tufRepository | typeof tufRoot)[]
) {
  const rest = await supplied();
  for (const ref of refs) await rest.write(ref, (await store.read(ref))!);
  return rest;
}

describe('createtuf', () => {
  it('publishes a repository that a real client reads, and the root that clients start from', async () => {
    const store = await supplied();
    expect(await run(store)).toMatchObject({ status: 0 });

    const { files, root, targets, snapshot, timestamp } = await stored(store);
    expect([root, targets, snapshot, timestamp].map(({ version }) => version)).toEqual([
      1, 1, 1, 1,
    ]);
    const first = (await store.read(tufRoot))!.data;
    expect(first.root).toEqual(files['1.root.json']);
    expect(sameArchive(first.repository, await archive(files))).toBe(true);
    expect(files['root.json']).toEqual(files['1.root.json']);
  });

  it('hands out the documents and a file for each key, with what older clients look for', async () => {
    const store = await supplied();
    await run(store);
    const listed = publishedTargets(await stored(store)).map(
      ({ name, custom: { sigstore: { usage, status, uri } = {} } = {} }) => [
        name,
        usage,
        status,
        uri,
      ],
    );
    const stamps = 'http://tsa.tsa-system.svc/api/v1/timestamp';
    const ctlog = 'http://ctlog.ctlog-system.svc/sigstorescaffolding';
    expect(listed).toEqual([
      ['trusted_root.json', undefined, undefined, undefined],
      ['signing_config.v0.2.json', undefined, undefined, undefined],
      ['fulcio_v1.crt.pem', 'Fulcio', 'Active', 'http://fulcio.fulcio-system.svc'],
      ['ctfe.pub', 'CTFE', 'Active', ctlog],
      ['rekor.pub', 'Rekor', 'Active', 'http://rekor.rekor-system.svc'],
      ['tsa_leaf.crt.pem', 'TSA', 'Active', stamps],
      ['tsa_intermediate_0.crt.pem', 'TSA', 'Active', stamps],
      ['tsa_root.crt.pem', 'TSA', 'Active', stamps],
    ]);
  });

  it('only reads when it runs a second time', async () => {
    const store = await supplied();
    await run(store);
    const requests: string[] = [];
    const noting = recording(store, (request) => requests.push(showRequest(request)));
    expect(await run(noting)).toMatchObject({ status: 0 });
    expect([...new Set(requests)].sort()).toEqual([
      'get ConfigMap tuf-system/tuf-repository',
      'get Secret tuf-system/ctlog-public-key',
      'get Secret tuf-system/fulcio-pub-key',
      'get Secret tuf-system/rekor-pub-key',
      'get Secret tuf-system/tsa-cert-chain',
      'get Secret tuf-system/tuf-keys',
      'get Secret tuf-system/tuf-root',
    ]);
  });

  it('keeps the role keys where no public record shows them', async () => {
    const store = await supplied();
    await run(store);
    const published = [(await store.read(tufRepository))!, (await store.read(tufRoot))!];
    for (const { data } of published) {
      for (const bytes of Object.values(data)) {
        expect(Buffer.from(bytes).toString('latin1')).not.toContain('PRIVATE');
      }
    }
    const keys = Object.values((await store.read(tufKeys))!.data).map((one) =>
      Buffer.from(one).toString(),
    );
    expect(new Set(keys).size).toBe(4);
    for (const key of keys) expect(key).toMatch(/^-----BEGIN PRIVATE KEY-----\n/);
  });

  it('tells what clients start from by its checksum', async () => {
    const store = await supplied();
    const { stderr } = await run(store);
    const digest = createHash('sha256')
      .update((await store.read(tufRoot))!.data.root!)
      .digest('hex');
    expect(stderr).toContain(
      `clients start from Secret tuf-system/tuf-root key root, sha256 ${digest}`,
    );
  });

  it('puts the addresses that it is given into what clients read', async () => {
    const store = await supplied();
    await run(store, [
      '--fulcio-url=https://fulcio.example/',
      '--tsa_url=https://tsa.example',
      '--operator=Example',
    ]);
    const config = target(await stored(store), 'signing_config.v0.2.json')!.bytes;
    const { caUrls, tsaUrls } = JSON.parse(Buffer.from(config).toString());
    expect(caUrls[0]).toMatchObject({
      url: 'https://fulcio.example',
      majorApiVersion: 1,
      operator: 'Example',
    });
    expect(tsaUrls[0].url).toBe('https://tsa.example/api/v1/timestamp');
  });

  it('ends with one repository where five run at once', async () => {
    const store = await supplied();
    const results = await Promise.all(Array.from({ length: 5 }, () => run(store)));
    expect(results.map(({ status }) => status)).toEqual([0, 0, 0, 0, 0]);
    const { files, root } = await stored(store);
    expect(root.version).toBe(1);
    expect((await store.read(tufRoot))!.data.root).toEqual(files['1.root.json']);
  });
});

describe('createtuf, begun by a run that was killed,', () => {
  it('goes on with the keys that were stored', async () => {
    const store = await supplied();
    const dies: Store = {
      ...store,
      write: async (ref, ...rest) => {
        if (ref.name === tufRepository.name) throw new Error('killed');
        return store.write(ref, ...rest);
      },
    };
    expect(await run(dies)).toMatchObject({ status: 70 });
    const { data } = (await store.read(tufKeys))!;
    expect(await store.read(tufRepository)).toBeUndefined();
    expect(await run(store)).toMatchObject({ status: 0 });
    expect((await store.read(tufKeys))!.data).toEqual(data);
  });

  it('gives clients the root that was published', async () => {
    const store = await supplied();
    await run(store);
    const killed = await only(store, tufKeys, tufRepository);
    expect(await run(killed)).toMatchObject({ status: 0 });
    expect((await killed.read(tufRoot))!.data).toEqual((await store.read(tufRoot))!.data);
  });
});

describe('createtuf, waiting for its inputs,', () => {
  it.each(['fulcio', 'ctlog', 'rekor', 'tsa'] as const)(
    'goes on when %s comes late',
    async (late) => {
      const store = memoryStore();
      const { [late]: missing, ...rest } = inputs('first');
      await put(store, rest);
      const done = run(store);
      setTimeout(() => void put(store, { [late]: missing }), 300);
      const { status, stderr } = await done;
      expect(status).toBe(0);
      expect(stderr).toContain(
        `waiting for Secret tuf-system/${copies[late].name} (copysecrets brings it)`,
      );
    },
  );

  it('names all that did not come in time, and has written nothing', async () => {
    const store = memoryStore();
    const { fulcio, ctlog } = inputs('first');
    await put(store, { fulcio, ctlog });
    const { status, stderr } = await run(store, ['--timeout=200ms']);
    expect(status).toBe(69);
    expect(stderr).toContain(
      'error: Secret tuf-system/rekor-pub-key and Secret tuf-system/tsa-cert-chain did not come',
    );
    expect(await store.read(tufKeys)).toBeUndefined();
  });
});

describe('createtuf, where what is stored contradicts itself,', () => {
  const changes: [string, string, (files: Record<string, Uint8Array>) => void][] = [
    ['a bad signature', 'has a timestamp.json that', (files) => tamper(files, 'timestamp.json')],
    [
      'a changed snapshot',
      'has a 1.snapshot.json that',
      (files) => tamper(files, '1.snapshot.json'),
    ],
    ['another first root', 'has a 1.root.json that', (files) => tamper(files, '1.root.json')],
    ['a role that is gone', 'has no 1.targets.json', (files) => delete files['1.targets.json']],
    [
      'garbage',
      'has a timestamp.json that is not timestamp metadata',
      (files) => {
        files['timestamp.json'] = utf8('no JSON at all');
      },
    ],
    [
      'a target with another content',
      '.rekor.pub with another content',
      (files) => {
        const name = Object.keys(files).find((one) => one.endsWith('.rekor.pub'))!;
        files[name] = inputs('second').rekor.public!;
      },
    ],
    [
      'a root that nothing leads to',
      'has 3.root.json',
      (files) => {
        files['3.root.json'] = files['1.root.json']!;
      },
    ],
  ];

  it.each(changes)('touches nothing and names it: %s', async (_what, message, change) => {
    const store = await supplied();
    await run(store);
    const { data } = (await store.read(tufRepository))!;
    const files = structuredClone(data) as Record<string, Uint8Array>;
    change(files);
    const broken = await only(store, tufKeys, tufRoot);
    await broken.write(tufRepository, { data: files });
    const { status, stderr } = await runAt(broken, '2040-01-01T00:00:00Z');
    expect(status).toBe(78);
    expect(stderr).toContain(
      `ConfigMap tuf-system/tuf-repository ${message.startsWith('.') ? '' : message}`,
    );
    expect(stderr).toContain(message);
    expect((await broken.read(tufRepository))!.data).toEqual(files);
  });

  it('makes no new keys where a repository is there and its keys are gone', async () => {
    const store = await supplied();
    await run(store);
    const lost = await only(store, tufRepository, tufRoot);
    const { status, stderr } = await run(lost);
    expect(status).toBe(78);
    expect(stderr).toContain(
      'the keys that it was signed with are not in Secret tuf-system/tuf-keys',
    );
    expect(await lost.read(tufKeys)).toBeUndefined();
  });

  it('names both keys where the repository trusts others', async () => {
    const [store, other] = [await supplied(), await supplied()];
    await run(store);
    await run(other);
    const mixed = await only(store, tufRepository);
    await mixed.write(tufKeys, { data: (await other.read(tufKeys))!.data });
    const { status, stderr, writes } = await run(mixed);
    expect({ status, writes }).toEqual({ status: 78, writes: [] });
    expect(stderr).toMatch(/trusts [0-9a-f]{64} for root, and the key at hand is [0-9a-f]{64}/);
  });

  it('makes no second first root where clients have been given one', async () => {
    const store = await supplied();
    await run(store);
    const gone = await only(store, tufKeys, tufRoot);
    const { status, stderr } = await run(gone);
    expect(status).toBe(78);
    expect(stderr).toMatch(
      /tuf-repository is gone, but Secret tuf-system\/tuf-root has given clients root [0-9a-f]{64}/,
    );
    expect(await gone.read(tufRepository)).toBeUndefined();
  });

  it('touches nothing where some of the role keys are missing', async () => {
    const store = await supplied();
    await store.write(tufKeys, { data: { root: utf8('x') } });
    const { status, stderr, writes } = await run(store);
    expect({ status, writes }).toEqual({ status: 78, writes: [] });
    expect(stderr).toContain('tuf-keys has root but lacks targets, snapshot, timestamp');
  });

  it('names a role key that cannot be read, and does not quote it', async () => {
    const store = await supplied();
    const garbage = utf8('hunter2');
    const data: Data = { root: garbage, targets: garbage, snapshot: garbage, timestamp: garbage };
    await store.write(tufKeys, { data });
    const { status, stderr, writes } = await run(store);
    expect({ status, writes }).toEqual({ status: 65, writes: [] });
    expect(stderr).toContain('Secret tuf-system/tuf-keys key root');
    expect(stderr).not.toContain('hunter2');
  });
});

describe('createtuf, called wrongly,', () => {
  it.each([
    ['--fulcio-url=fulcio.example', 'Write a URL that starts with http:// or https://'],
    ['--timestamp-expiry=1s', 'It must be at least a minute'],
    ['--root-expiry=soon', 'Write a duration'],
    ['--configmap=Not_A_Name', 'Kubernetes names have small letters'],
    ['--mode=serve', "unknown option '--mode'"],
  ])('says so: %s', async (flag, why) => {
    const { status, stderr, writes } = await run(await supplied(), [flag]);
    expect({ status, writes }).toEqual({ status: 64, writes: [] });
    expect(stderr).toContain(flag.split('=')[0]);
    expect(stderr).toContain(why);
  });
});

/** Changes one digit of the first signature. */
function tamper(files: Record<string, Uint8Array>, name: string): void {
  const text = Buffer.from(files[name]!).toString();
  files[name] = utf8(
    text.replace(/("sig": ")(.)/, (_, head, digit) => `${head}${digit === '0' ? '1' : '0'}`),
  );
}
