import { readFileSync, writeFileSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { tsaCertChain } from '@sigstand/contracts/records';
import { createCertChain } from '@sigstand/createcertchain/job';
import { runJob } from '@sigstand/job/testing';
import { certificatePem, orderChain, parseCertificates } from '@sigstand/pki/chain';
import { caExtensions, openssl, opensslCertificate } from '@sigstand/pki/testing';
import { directoryStore } from '@sigstand/store/directory';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { binary } from '../programs/binaries.ts';
import { freePort, type Server, startServer } from '../programs/server.ts';

let folder: string;
let server: Server | undefined;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sigstand-tsa-'));
});
afterEach(async () => {
  await server?.stop();
  server = undefined;
  await rm(folder, { recursive: true });
});

const secret = (key: string) => join(folder, 'tsa-system/Secret/tsa-cert-chain', key);
const runOn = (args: readonly string[]) =>
  runJob(createCertChain(), directoryStore(folder), { args });

/** Starts the timestamp server on what is in the Secret, as the manifest does; resolves to its URL. */
async function serve(): Promise<string> {
  const url = `http://127.0.0.1:${await freePort()}`;
  server = await startServer({
    command: binary('timestamp-server'),
    args: [
      'serve',
      '--host=127.0.0.1',
      `--port=${new URL(url).port}`,
      '--timestamp-signer=file',
      `--file-signer-key-path=${secret('signing-secret')}`,
      `--certificate-chain-path=${secret('cert-chain')}`,
      '--disable-ntp-monitoring',
    ],
    env: { 'FILE-SIGNER-PASSWD': await readFile(secret('signing-secret-password'), 'utf8') },
    ready: `${url}/ping`,
  });
  return url;
}

/** Asks for a timestamp over some data, and lets openssl verify it against the Secret's chain. */
async function stamp(url: string): Promise<string> {
  const [data, query, reply, root] = ['data', 'query', 'reply', 'root'].map((name) =>
    join(folder, name),
  );
  writeFileSync(data!, 'to be stamped');
  openssl(['ts', '-query', '-data', data!, '-sha256', '-cert', '-out', query!]);
  const response = await fetch(`${url}/api/v1/timestamp`, {
    method: 'POST',
    headers: { 'content-type': 'application/timestamp-query' },
    body: readFileSync(query!),
  });
  expect(response.ok).toBe(true);
  writeFileSync(reply!, await response.bytes());
  const chain = orderChain(parseCertificates(readFileSync(secret('cert-chain'))));
  writeFileSync(root!, certificatePem(chain.root));
  return openssl([
    ...['ts', '-verify', '-in', reply!, '-queryfile', query!],
    ...['-CAfile', root!, '-untrusted', secret('cert-chain')],
  ]).toString();
}

describe('timestamp-server', () => {
  it.each(
    [0, 1, 3, 10].flatMap((count) => [
      [count, 'p256'],
      [count, 'p384'],
    ]),
  )(
    'stamps with a chain of %i intermediates on %s, and openssl verifies it',
    async (count, curve) => {
      const { status } = await runOn([`--intermediates=${count}`, `--key-type=${curve}`]);
      expect(status).toBe(0);
      const url = await serve();
      const served = await (await fetch(`${url}/api/v1/timestamp/certchain`)).text();
      expect(served.trim()).toBe((await readFile(secret('cert-chain'), 'utf8')).trim());
      expect(await stamp(url)).toContain('Verification: OK');
    },
  );

  it('stamps with a chain that a user brought and createcertchain accepts', async () => {
    const root = opensslCertificate({ subject: '/CN=root', extensions: caExtensions });
    const leaf = opensslCertificate({
      subject: '/CN=leaf',
      extensions: ['extendedKeyUsage=critical,timeStamping', 'keyUsage=critical,digitalSignature'],
      issuer: root,
    });
    await directoryStore(folder).write(tsaCertChain, {
      data: {
        'cert-chain': Buffer.concat([leaf.certificate, root.certificate]),
        'signing-secret': openssl(['ec', '-aes256', '-passout', 'pass:brought'], leaf.key),
        'signing-secret-password': Buffer.from('brought'),
      },
    });
    expect(await runOn([])).toMatchObject({ status: 0 });
    expect(await stamp(await serve())).toContain('Verification: OK');
  });

  it('stamps with a key that is not sealed, and the password that createcertchain adds', async () => {
    await runOn([]);
    const { 'signing-secret-password': password, ...data } = (await directoryStore(folder).read(
      tsaCertChain,
    ))!.data;
    const passin = `pass:${Buffer.from(password!).toString()}`;
    const key = openssl(['pkey', '-passin', passin], data['signing-secret']);
    await rm(join(folder, 'tsa-system'), { recursive: true });
    await directoryStore(folder).write(tsaCertChain, { data: { ...data, 'signing-secret': key } });
    expect(await runOn([])).toMatchObject({ status: 0 });
    expect(await readFile(secret('signing-secret'))).toEqual(key);
    expect(await stamp(await serve())).toContain('Verification: OK');
  });

  it('does not start on a chain root first, which createcertchain refuses as well', async () => {
    await runOn([]);
    const store = directoryStore(folder);
    const current = (await store.read(tsaCertChain))!;
    const reversed = parseCertificates(current.data['cert-chain']!).toReversed();
    const data = { 'cert-chain': Buffer.concat(reversed.map(certificatePem)) };
    await store.write(tsaCertChain, { data }, current);
    expect(await runOn([])).toMatchObject({
      status: 65,
      stderr: expect.stringContaining('tsa-cert-chain key cert-chain is not in order'),
    });
    expect((await store.read(tsaCertChain))?.data).toEqual(
      expect.objectContaining({ 'cert-chain': new Uint8Array(data['cert-chain']) }),
    );
    await expect(serve()).rejects.toThrow(/ended with/);
  });
});
