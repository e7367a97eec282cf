import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { tufRepository, tufRoot } from '@sigstand/contracts/records';
import { createTuf } from '@sigstand/createtuf/job';
import { supplied } from '@sigstand/createtuf/testing';
import { runJob } from '@sigstand/job/testing';
import { caExtensions, opensslCertificate } from '@sigstand/pki/testing';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { rig, run } from '../cluster/rig.ts';
import { binary } from '../programs/binaries.ts';

const rotations = 33;

/** The crates' TUF client before a mirror with a private CA, and a root that was rotated more often than it follows at once. */
export function describeRustMirror(): void {
  let work = '';
  let mirror = '';
  let server: Server | undefined;

  beforeAll(async () => {
    await rig('foreign').must(['build', 'sigstore-rust'], { timeout: 3_600_000 });
    work = await mkdtemp(join(tmpdir(), 'sigstand-rust-mirror-'));
    const store = await supplied();
    await runJob(createTuf(), store);
    await writeFile(join(work, '1.root.json'), (await store.read(tufRoot))?.data.root ?? '');
    for (let time = 0; time < rotations; time += 1)
      await runJob(createTuf(), store, { args: ['--rotate-root'] });
    const files = (await store.read(tufRepository))?.data ?? {};
    const ca = opensslCertificate({ subject: '/CN=private CA', extensions: caExtensions });
    const extensions = ['basicConstraints=critical,CA:FALSE', 'subjectAltName=DNS:localhost'];
    const shown = opensslCertificate({ subject: '/CN=localhost', extensions, issuer: ca });
    await writeFile(join(work, 'ca.pem'), ca.certificate);
    await writeFile(join(work, 'file'), 'a file\n');
    server = createServer({ key: shown.key, cert: shown.certificate }, (asked, answer) => {
      const body = files[(asked.url ?? '').replace(/^\/(targets\/)?/, '')];
      answer.writeHead(body ? 200 : 404).end(body);
    });
    await new Promise<void>((resolve) => server?.listen(0, '127.0.0.1', resolve));
    mirror = `https://localhost:${(server.address() as AddressInfo).port}`;
  });
  afterAll(async () => {
    server?.closeAllConnections();
    server?.close();
    await rm(work, { recursive: true, force: true });
  });

  /** With no bundle beside the file: what it says of that comes after all that TUF asks for. */
  const verify = (env: Readonly<Record<string, string>>) =>
    run(binary('sigstore-rust'), ['verify', join(work, 'file')], {
      env: {
        TUF_MIRROR: mirror,
        TUF_ROOT_JSON: join(work, '1.root.json'),
        TRUST_CACHE: work,
        ...env,
      },
    });
  const version = async () => {
    const root = await readFile(join(work, 'sigstore-rust/root.json'), 'utf8');
    return JSON.parse(root).signed.version;
  };

  it('refuses a mirror whose CA it was not told, and keeps nothing of it', async () => {
    expect(await verify({})).toMatchObject({
      status: 1,
      stderr: expect.stringContaining('invalid peer certificate: UnknownIssuer'),
    });
    expect(await version()).toBe(1);
  });

  it('follows 32 rotations of the root at once, and the rest the next time', async () => {
    const told = { SSL_CERT_FILE: join(work, 'ca.pem') };
    expect(await verify(told)).toMatchObject({
      status: 1,
      stderr: expect.stringContaining('exceeded 32 root rotations'),
    });
    expect(await version()).toBe(33);
    expect(await verify(told)).toMatchObject({
      status: 1,
      stderr: 'No such file or directory (os error 2)\n',
    });
    expect(await version()).toBe(1 + rotations);
  });
}
