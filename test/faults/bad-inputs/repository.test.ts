import { generateKeyPairSync, sign } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { copies, tufKeys, tufRepository, tufRoot } from '@sigstand/contracts/records';
import { createTuf } from '@sigstand/createtuf/job';
import { withoutPage } from '@sigstand/createtuf/page-file';
import { runJob } from '@sigstand/job/testing';
import { utf8 } from '@sigstand/pki/pem';
import { memoryStore } from '@sigstand/store/memory';
import type { Data, Ref } from '@sigstand/store/store';
import { canonicalize } from '@tufjs/canonical-json';
import { describe, expect, it } from 'vitest';
import { caWith, now, text } from './material.ts';
import { ca, copied, other, tsa, withData } from './places.ts';
import { expectRefused, tried } from './refused.ts';

// Without the client that checks: what is looked at here is refused before it would be asked.
const job = () => createTuf({ check: async () => {} });
type Records = readonly (readonly [Ref, Data])[];

/** What a run leaves, and what a second one leaves a month later. */
async function published(): Promise<{ first: Records; second: Records }> {
  const store = memoryStore();
  for (const [ref, data] of copied) await store.write(ref, { data });
  const left = async (): Promise<Records> =>
    Promise.all(
      [tufKeys, tufRepository, tufRoot].map(
        // Without the page, which tells of all this in the words of a shell.
        async (ref) => [ref, withoutPage((await store.read(ref))!.data)] as const,
      ),
    );
  expect(await runJob(job(), store, { now: () => now })).toMatchObject({ status: 0 });
  const first = await left();
  const later = new Date(now.getTime() + 60 * 86_400_000);
  expect(await runJob(job(), store, { now: () => later })).toMatchObject({ status: 0 });
  return { first, second: await left() };
}

const { first, second } = await published();
const dataOf = (records: Records, ref: Ref) =>
  records.find(([one]) => one.name === ref.name)?.[1] ?? {};
const filesOf = (records: Records) => dataOf(records, tufRepository);
const on = (records: Records, files: Data) => ({
  job,
  now,
  records: [...copied, ...withData(records, tufRepository, files)],
});
const place = 'ConfigMap tuf-system/tuf-repository';
const without = (files: Data, ...names: string[]) =>
  Object.fromEntries(Object.entries(files).filter(([name]) => !names.includes(name)));
const named = (files: Data, end: string) =>
  Object.keys(files).find((name) => name.endsWith(end)) ?? '';

/** Another document in the place of one, with the old signature or with that of a stranger. */
function edited(
  name: string,
  edit: (signed: Record<string, unknown>) => void,
  stranger = false,
): Uint8Array {
  const document = JSON.parse(Buffer.from(filesOf(first)[name]!).toString());
  edit(document.signed);
  if (stranger) {
    const { privateKey } = generateKeyPairSync('ed25519');
    document.signatures[0].sig = sign(
      null,
      Buffer.from(canonicalize(document.signed)),
      privateKey,
    ).toString('hex');
  }
  return utf8(JSON.stringify(document));
}

describe('row 36: a repository that contradicts itself', () => {
  const files = filesOf(first);
  const newer = filesOf(second);
  const cases: readonly (readonly [string, Records, Data, string | RegExp])[] = [
    [
      'with a signature that is not its own',
      first,
      {
        ...files,
        'timestamp.json': edited('timestamp.json', (signed) => {
          signed.version = 7;
        }),
      },
      'has a timestamp.json that the keys',
    ],
    [
      'with the signature of a stranger',
      first,
      { ...files, 'timestamp.json': edited('timestamp.json', () => {}, true) },
      'has a timestamp.json that the keys',
    ],
    [
      'without signatures',
      first,
      { ...files, '1.root.json': utf8('{"signed":{},"signatures":[]}') },
      'has a 1.root.json that',
    ],
    [
      'whose snapshot is another',
      first,
      {
        ...files,
        '1.snapshot.json': edited('1.snapshot.json', (signed) => {
          signed.version = 2;
        }),
      },
      'has a 1.snapshot.json that',
    ],
    ['whose targets are gone', first, without(files, '1.targets.json'), 'has no 1.targets.json'],
    ['whose timestamp is gone', first, without(files, 'timestamp.json'), 'has no timestamp.json'],
    [
      'whose first root is gone',
      first,
      without(files, '1.root.json'),
      /tuf-repository is gone|has no 1.root.json/,
    ],
    [
      'whose newest root is another',
      first,
      { ...files, 'root.json': utf8('{}') },
      'has a root.json that is not 1.root.json',
    ],
    [
      'whose root trusts nobody for the timestamp',
      first,
      {
        ...files,
        '1.root.json': edited('1.root.json', (signed) => {
          delete (signed.roles as Record<string, unknown>).timestamp;
        }),
      },
      'has a 1.root.json that is not root metadata',
    ],
    [
      'of which a file is another',
      first,
      { ...files, [named(files, '.rekor.pub')]: utf8('x') },
      'with another content',
    ],
    ['of which a file is gone', first, without(files, named(files, '.ctfe.pub')), 'has no '],
    [
      'of bytes that are no JSON',
      first,
      { ...files, 'timestamp.json': utf8('no JSON') },
      'is not timestamp metadata',
    ],
    [
      'of JSON nested without end',
      first,
      { ...files, 'timestamp.json': utf8('['.repeat(400_000)) },
      'is not timestamp metadata',
    ],
    [
      'whose timestamp was rolled back, and its snapshot with it',
      second,
      { ...newer, 'timestamp.json': files['timestamp.json']! },
      'has 2.snapshot.json, and yet refers to 1.snapshot.json',
    ],
    [
      'that was rolled back as a whole',
      second,
      files,
      'is at timestamp 1, but Secret tuf-system/tuf-root has given clients 2',
    ],
  ];

  it.each(cases)('is refused and left as it is: %s', (_what, records, data, why) =>
    expectRefused(on(records, data), { status: 78, says: [place.split(' ')[1]!, why] }),
  );

  it('is refused and left as it is where clients were given a root, and nothing else is there', () =>
    expectRefused(
      { job, now, records: [...copied, [tufRoot, dataOf(first, tufRoot)]] },
      { status: 78, says: [`${place} is gone`] },
    ));

  it.each([
    ['garbage', utf8('x')],
    ['an archive that grows without end', new Uint8Array(gzipSync(new Uint8Array(64 * 1_048_576)))],
  ])('is not what an archive of %s makes it: that is made anew', async (_what, repository) => {
    const records = withData(first, tufRoot, { ...dataOf(first, tufRoot), repository });
    const { status, took, store } = await tried({ job, now, records: [...copied, ...records] });
    expect(status).toBe(0);
    expect(took).toBeLessThan(1_000);
    expect((await store.read(tufRoot))!.data).toEqual(dataOf(first, tufRoot));
  });
});

describe('row 35: what does not fit into a record', () => {
  it('is refused before anything is made, and its size is told', async () => {
    const large = await caWith('1.2.3.4', new Uint8Array(900_000));
    await expectRefused(
      { job, now, records: withData(copied, copies.fulcio, { cert: large }) },
      {
        status: 65,
        says: [
          'Secret tuf-system/fulcio-pub-key key cert',
          /has \d+ bytes; at most|of \d+ bytes; at most/,
        ],
      },
    );
  });

  it('is refused where a repository has grown too large for one file more', async () => {
    const files = { ...filesOf(first), ballast: new Uint8Array(1_040_000) };
    const records = withData([...copied, ...withData(first, tufRepository, files)], copies.fulcio, {
      cert: text(other),
    });
    await expectRefused(
      { job, now, records },
      { status: 65, says: [place, /would hold 10\d{5} bytes, and at most 1048576 fit/] },
    );
  });

  it('is refused with more files than fit, by their names alone', async () => {
    const files = {
      ...filesOf(first),
      ...Object.fromEntries(
        Array.from({ length: 5_000 }, (_, index) => [`${index}`.padStart(230, 'x'), utf8('x')]),
      ),
    };
    const records = withData([...copied, ...withData(first, tufRepository, files)], copies.fulcio, {
      cert: text(other),
    });
    await expectRefused(
      { job, now, records },
      { status: 65, says: [place, 'bytes, and at most 1048576 fit'] },
    );
  });
});

describe('row 34: nothing to trust', () => {
  it.each(Object.values(copies).map((one) => [one.name, one] as const))(
    'is waited for and named: %s',
    (name, ref) =>
      expectRefused(
        { job, now, records: withData(copied, ref, {}) },
        { status: 69, says: [`Secret tuf-system/${name} did not come`] },
      ),
  );

  it.each([
    [
      'a key whose use nobody knows',
      copies.rekor,
      { public: dataOf(copied, copies.rekor).public!, 'other.pub': utf8('x') },
      'has the key other.pub',
    ],
    [
      'a chain under a name that nobody knows',
      copies.tsa,
      { 'cert-chain': text(...tsa), 'x.crt.pem': text(ca) },
      'has the key x.crt.pem',
    ],
    [
      'a private key beside it',
      copies.tsa,
      { 'cert-chain': text(...tsa), 'signing-secret': utf8('x') },
      'has the key signing-secret',
    ],
  ] as const)('is not published: %s', (_what, ref, data, why) =>
    expectRefused(
      { job, now, records: withData(copied, ref, data) },
      { status: 65, says: [`Secret tuf-system/${ref.name}`, why] },
    ),
  );
});
