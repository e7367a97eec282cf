import { tufRepository, tufRoot } from '@sigstand/contracts/records';
import { runJob } from '@sigstand/job/testing';
import type { Data, Snapshot, Store } from '@sigstand/store/store';
import { describe, expect, it } from 'vitest';
import { unarchived } from './archive.ts';
import { createTuf } from './job.ts';
import { sha256 } from './metadata.ts';
import { trustPage } from './page.ts';
import { pageFile, withoutPage } from './page-file.ts';
import { lackingPage } from './page-record.ts';
import { inputs, put, runAt, stored, supplied } from './testing.ts';

const start = '2030-01-01T00:00:00Z';
const mirror = 'https://tuf.example.com';

async function published(...args: string[]): Promise<Store> {
  const store = await supplied();
  expect(await runAt(store, start, args)).toMatchObject({ status: 0 });
  return store;
}

const record = async (store: Store) => (await store.read(tufRepository))!;
const textOf = ({ data }: { data: Data }) => Buffer.from(data[pageFile] ?? []).toString();
const pageIn = async (store: Store) => textOf(await record(store));

describe('the page of the trust root', () => {
  it('tells where clients start, what expires when and what is trusted', async () => {
    const store = await published('--mirror-url', mirror, '--operator=Ada & sons');
    const page = await pageIn(store);
    const first = sha256((await stored(store)).files['1.root.json']!);
    expect(page).toContain('<title>Trust root of Ada &amp; sons</title>');
    expect(page).toContain(`<code id="first-root">${first}</code>`);
    expect(page).toContain(`--root-checksum ${first}`);
    const rows = [...page.matchAll(/<tr><th scope="row">(.*?)<\/th>(.*)<\/tr>/g)].map(
      ([, what, rest = '']) => [what, [...rest.matchAll(/datetime="(.*?)"/g)].map(([, t]) => t)],
    );
    expect(rows).toEqual([
      ['root', [start, '2039-12-30T00:00:00Z']],
      ['targets', [start, '2031-01-01T00:00:00Z']],
      ['snapshot', [start, '2030-04-01T00:00:00Z']],
      ['timestamp', [start, '2030-01-08T00:00:00Z']],
      ['Fulcio, the certificate authority', [expect.any(String), expect.any(String)]],
      ['CT log, of its certificates', [expect.any(String)]],
      ['Rekor, the log of signatures', [expect.any(String)]],
      ['Timestamp authority', [expect.any(String), expect.any(String)]],
    ]);
    const [log] = JSON.parse(
      Buffer.from(
        Object.entries((await stored(store)).files).find(([name]) =>
          name.endsWith('.trusted_root.json'),
        )![1],
      ).toString(),
    ).tlogs;
    expect(page).toContain(Buffer.from(log.logId.keyId, 'base64').toString('hex'));
  });

  it('gives a key that was replaced its end', async () => {
    const store = await published();
    await put(store, { rekor: inputs('second').rekor });
    await runAt(store, '2030-01-02T00:00:00Z');
    const rows = [...(await pageIn(store)).matchAll(/Rekor, the log of signatures.*/g)];
    expect(rows.map(([row]) => /no end/.test(row))).toEqual([false, true]);
    expect(rows[0]?.[0]).toContain('2030-01-02 00:00:00 UTC');
  });

  it('is named after its mirror, and after its Service where nobody told one', async () => {
    expect(await pageIn(await published('--mirror-url', mirror))).toContain(
      'Trust root of <bdi>tuf.example.com</bdi>',
    );
    const page = await pageIn(await published());
    expect(page).toContain('cosign initialize --mirror http://tuf.tuf-system.svc \\');
  });

  it('has no markup but its own, and no word of a shell or program, whatever names it is given', async () => {
    const odd = `https://a.example/'$(id)"<script>`;
    const args = ['--operator', '<script>"\'&', '--mirror-url', odd, '--oidc-issuer', odd];
    const page = await pageIn(await published(...args));
    expect(page.match(/<\/?script/g)).toBeNull();
    expect(page).toContain('<bdi>&lt;script&gt;&quot;&#39;&amp;</bdi>');
    expect(page).not.toMatch(/ (on\w+|src)=/);
    const plain = (text: string) =>
      text
        .replaceAll('&lt;', '<')
        .replaceAll('&gt;', '>')
        .replaceAll('&quot;', '"')
        .replaceAll('&#39;', "'")
        .replaceAll('&amp;', '&');
    const word = `'https://a.example/'\\''$(id)"<script>'`;
    expect(plain(page)).toContain(`cosign initialize --mirror ${word} \\`);
    expect(plain(page)).toContain(`tufMirrorURL: "https://a.example/'$(id)\\"<script>",`);
  });

  it('leaves out a client whose services are not there', async () => {
    const page = await pageIn(await published('--without=rekor', '--without=tsa'));
    expect(page).not.toContain('gitsign');
    expect(page).not.toContain('--use-signed-timestamps');
    expect(await pageIn(await published('--without=fulcio'))).toContain(
      '--certificate-oidc-issuer &quot;$ISSUER&quot;',
    );
  });

  it('is made of a repository that has none of our documents', async () => {
    const { targets, ...rest } = await stored(await published());
    const none = { ...rest, targets: Object.create(targets, { targets: { value: {} } }) };
    const page = Buffer.from(trustPage(none, mirror)).toString();
    expect(page).toContain('cosign initialize');
    expect(page).not.toContain('What is trusted');
  });
});

describe('the page, in its record,', () => {
  it('is no part of the repository that clients get', async () => {
    const store = await published();
    const { data } = await record(store);
    for (const name of ['targets.json', 'snapshot.json']) {
      expect(Buffer.from(data[`1.${name}`]!).toString()).not.toContain(pageFile);
    }
    const archived = (await store.read(tufRoot))!.data.repository;
    expect(await unarchived(archived!)).toEqual(withoutPage(data));
  });

  it('comes to a repository of before, and nothing else is written', async () => {
    const store = await published();
    const [before, root] = [await record(store), await store.read(tufRoot)];
    await store.write(tufRepository, { remove: [pageFile] }, before);
    const { status, stderr, writes } = await runAt(store, start);
    expect({ status, writes }).toEqual({
      status: 0,
      writes: ['ConfigMap tuf-system/tuf-repository'],
    });
    expect(stderr).toContain('wrote the page index.html beside it');
    expect((await record(store)).data).toEqual(before.data);
    expect(await store.read(tufRoot)).toEqual(root);
    expect(await runAt(store, start)).toMatchObject({ status: 0, writes: [] });
  });

  it('follows the mirror that createtuf is told', async () => {
    const store = await published();
    await runAt(store, start, ['--mirror-url', mirror]);
    expect(await pageIn(store)).toContain(`<code>${mirror}</code>`);
  });

  it('goes where it would not fit, and the repository is published', async () => {
    const store = await published();
    const repository = await stored(store);
    const full = { 'notes.txt': new Uint8Array(1_040_000 - sizeOf(repository.files)) };
    await store.write(tufRepository, { data: full }, await record(store));
    const { status, stderr } = await runAt(store, '2030-01-05T00:00:00Z');
    expect({ status, stderr }).toMatchObject({ status: 0 });
    expect(stderr).toContain('left out the page index.html beside it');
    expect(Object.keys((await record(store)).data)).not.toContain(pageFile);
    expect((await stored(store)).timestamp.version).toBe(2);
    expect(await runAt(store, '2030-01-05T00:00:00Z')).toMatchObject({ status: 0, writes: [] });
  });

  it('is left alone where somebody manages the record, or made it immutable', async () => {
    const store = await published();
    const { [pageFile]: _page, ...data } = (await record(store)).data;
    const lacking = (rest: Partial<Snapshot>) =>
      lackingPage({ data, immutable: false, ...rest }, { mirror });
    expect(lacking({})).toMatchObject({ data: { [pageFile]: expect.any(Uint8Array) } });
    expect(lacking({ owner: 'Argo CD' })).toBeUndefined();
    expect(lacking({ immutable: true })).toBeUndefined();
  });

  it('is what anybody makes of the same repository', async () => {
    const store = await supplied();
    expect(await runJob(createTuf(), store)).toMatchObject({ status: 0 });
    const page = trustPage(await stored(store), 'http://tuf.tuf-system.svc');
    expect(Buffer.from(page).toString()).toBe(await pageIn(store));
  });
});

function sizeOf(files: Data): number {
  return Object.entries(files).reduce((sum, [name, { length }]) => sum + name.length + length, 0);
}
