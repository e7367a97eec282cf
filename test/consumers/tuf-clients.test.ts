import { execFile, execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync } from 'node:fs';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { copies, tufRepository, tufRoot } from '@sigstand/contracts/records';
import { createTuf } from '@sigstand/createtuf/job';
import { withoutPage } from '@sigstand/createtuf/page-file';
import { runJob } from '@sigstand/job/testing';
import { directoryStore } from '@sigstand/store/directory';
import { getTrustedRoot, initTUF } from '@sigstore/tuf';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { goldenInputs } from '../golden/build.ts';
import { binary } from '../programs/binaries.ts';
import type { Server } from '../programs/server.ts';
import { startTufServer } from '../programs/tuf-server.ts';

const day = 86_400_000;
const cosigns = ['cosign3', 'cosign2'] as const;
type Cosign = (typeof cosigns)[number];

let folder: string;
let server: (Server & { url: string }) | undefined;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sigstand-tuf-'));
});
afterEach(async () => {
  await server?.stop();
  server = undefined;
  await rm(folder, { recursive: true });
});

/** A stack's store, in a directory. */
async function supplied() {
  const store = directoryStore(join(folder, 'store'));
  for (const [input, data] of Object.entries(goldenInputs('first'))) {
    await store.write(copies[input as keyof typeof copies], { data });
  }
  return store;
}

/** Runs createtuf some days from now; where that is long ago, no client checks what it signs. */
async function runInDays(
  store: Awaited<ReturnType<typeof supplied>>,
  days: number,
  unchecked = false,
) {
  const job = unchecked ? createTuf({ check: async () => {} }) : createTuf();
  const now = () => new Date(Date.now() + days * day);
  const { status, stderr } = await runJob(job, store, { now });
  expect(status, stderr).toBe(0);
}

/** Serves the repository as the manifest does; resolves to the file with the root to start from. */
async function serve(store: Awaited<ReturnType<typeof supplied>>): Promise<string> {
  const flat = join(folder, 'store/tuf-system/ConfigMap', tufRepository.name);
  server = await startTufServer(flat, folder);
  const root = join(folder, 'given-root.json');
  await writeFile(root, (await store.read(tufRoot))?.data.root ?? '');
  return root;
}

/** `cosign initialize` in a home of its own; resolves to what it said and the files it keeps. */
async function initialize(cosign: Cosign, root: string) {
  const home = join(folder, `home-${cosign}`);
  await mkdir(home, { recursive: true });
  const args = ['initialize', `--mirror=${server?.url}`, `--root=${root}`];
  const env = { HOME: home, PATH: process.env.PATH };
  const { stdout, stderr } = await promisify(execFile)(binary(cosign), args, { env });
  const kept = readdirSync(home, { recursive: true, encoding: 'utf8' });
  return { said: stdout + stderr, kept, home };
}

const sigstoreJs = (root: string, cache = 'js') => ({
  mirrorURL: server?.url ?? '',
  rootPath: root,
  cachePath: join(folder, cache),
  retry: false,
});

/** The version of the timestamp that sigstore-js keeps. */
function cachedTimestamp(): number {
  const cache = join(folder, 'js');
  const path = readdirSync(cache, { recursive: true, encoding: 'utf8' }).find((file) =>
    file.endsWith('timestamp.json'),
  );
  return JSON.parse(readFileSync(join(cache, path ?? ''), 'utf8')).signed.version;
}

describe('a new repository', () => {
  it.each([
    ['cosign3', ['trusted_root.json', 'signing_config.v0.2.json']],
    // It asks for the other one when it signs.
    ['cosign2', ['trusted_root.json']],
  ] as const)('is taken by %s from its first root, without a warning', async (cosign, names) => {
    const store = await supplied();
    await runInDays(store, 0);
    const { said, kept, home } = await initialize(cosign, await serve(store));
    expect(said).not.toMatch(/warn|fall|could not/i);
    for (const name of names) {
      const path = kept.find((file) => file.endsWith(`targets/${name}`));
      expect(path, kept.join(' ')).toBeDefined();
      expect(readFileSync(join(home, path ?? ''), 'utf8')).toContain('rekor.rekor-system.svc');
    }
  });

  it('is taken by sigstore-js, with every target', async () => {
    const store = await supplied();
    await runInDays(store, 0);
    const options = sigstoreJs(await serve(store));
    const { fulcio, ctlog, rekor } = goldenInputs('first');
    const client = await initTUF(options);
    expect(await client.getTarget('fulcio_v1.crt.pem')).toBe(Buffer.from(fulcio.cert!).toString());
    expect(await client.getTarget('ctfe.pub')).toBe(Buffer.from(ctlog.public!).toString());
    expect(await client.getTarget('rekor.pub')).toBe(Buffer.from(rekor.public!).toString());
    for (const name of ['tsa_leaf.crt.pem', 'tsa_intermediate_0.crt.pem', 'tsa_root.crt.pem']) {
      expect(await client.getTarget(name)).toMatch(/^-----BEGIN CERTIFICATE-----/);
    }
    const trusted = await getTrustedRoot(options);
    expect(trusted.tlogs[0]?.baseUrl).toBe('http://rekor.rekor-system.svc');
    expect(trusted.timestampAuthorities[0]?.certChain?.certificates).toHaveLength(3);
  });

  it('lies in the archive as it is served', async () => {
    const store = await supplied();
    await runInDays(store, 0);
    const { repository } = (await store.read(tufRoot))!.data;
    const options = { cwd: folder, input: repository };
    execFileSync('tar', ['-xz'], options);
    const unpacked = Object.fromEntries(
      readdirSync(join(folder, 'repository'), { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map(({ parentPath, name }) => [
          name,
          new Uint8Array(readFileSync(join(parentPath, name))),
        ]),
    );
    expect(unpacked).toEqual(withoutPage((await store.read(tufRepository))!.data));
  });
});

describe('a repository that was signed again', () => {
  it.each(cosigns)('is taken by %s, in the home that has the first one', async (cosign) => {
    const store = await supplied();
    await runInDays(store, -4);
    const root = await serve(store);
    await initialize(cosign, root);
    await runInDays(store, 0);
    const { said } = await initialize(cosign, root);
    expect(said).not.toMatch(/warn|fall|could not/i);
  });

  it('is taken by sigstore-js over its cache of the one before', async () => {
    const store = await supplied();
    await runInDays(store, -4);
    const options = sigstoreJs(await serve(store));
    await initTUF(options);
    expect(cachedTimestamp()).toBe(1);
    await runInDays(store, 0);
    await initTUF(options);
    expect(cachedTimestamp()).toBe(2);
  });
});

describe('a repository that nobody signed for six years', () => {
  it('is refused, and taken again from the first root once createtuf has run', async () => {
    const store = await supplied();
    await runInDays(store, -6 * 365, true);
    const root = await serve(store);
    for (const cosign of cosigns) {
      const refused = await initialize(cosign, root).catch((error) => error);
      expect(String(refused.stderr ?? refused.said)).toMatch(/expired/);
    }
    await expect(initTUF(sigstoreJs(root))).rejects.toThrow(/expired/);

    await runInDays(store, 0);
    expect(Object.keys((await store.read(tufRepository))!.data)).toContain('2.root.json');
    for (const cosign of cosigns) {
      expect((await initialize(cosign, root)).said).not.toMatch(/warn|fall|could not/i);
    }
    await initTUF(sigstoreJs(root, 'js-again'));
  });
});
