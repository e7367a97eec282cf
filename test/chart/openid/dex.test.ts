import { X509Certificate } from 'node:crypto';
import { mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { rig } from '../../cluster/rig.ts';
import { binary } from '../../programs/binaries.ts';
import { spawnBound } from '../../programs/spawn.ts';
import { dexUrl, startDex } from './dex.ts';
import { browserOf, type Client, type Ground, openGround } from './ground.ts';

/* People who log in at a real Dex, whose CA nobody else knows: docs/issuers.md. */

const cluster = rig(process.env.RIG ?? 'test');
let ground: Ground;
let client: Client;
let work = '';

beforeAll(async () => {
  ground = await openGround(cluster, startDex);
  work = await mkdtemp(join(tmpdir(), 'sigstand-dex-'));
  const issuer = { url: dexUrl, type: 'email', podPort: 8443, ca: ground.ca };
  await ground.install({ issuers: [issuer] });
  client = await ground.client();
});
afterAll(async () => {
  await client?.remove();
  await ground?.close();
});

async function blob(name: string) {
  const path = join(work, name);
  await writeFile(path, `signed by ${name}\n`);
  return { path, bundle: `${path}.bundle.json` };
}

const sign = ({ path, bundle }: { path: string; bundle: string }) => [
  ...['sign-blob', '--yes', '--bundle', bundle, path],
];

const verify = ({ path, bundle }: { path: string; bundle: string }, identity: string) =>
  client.run([
    ...['verify-blob', '--bundle', bundle, '--use-signed-timestamps', path],
    ...['--certificate-identity', identity, '--certificate-oidc-issuer', dexUrl],
  ]);

async function certificateIn(bundle: string): Promise<X509Certificate> {
  const { verificationMaterial } = JSON.parse(await readFile(bundle, 'utf8'));
  return new X509Certificate(Buffer.from(verificationMaterial.certificate.rawBytes, 'base64'));
}

describe('a person with an account at Dex', () => {
  it.each([
    ['ada@example.com', 'chromium'],
    ['eve@example.com', 'forms'],
  ] as const)('logs in at its page, and signs: %s, by %s', async (address, by) => {
    const made = await blob(by);
    const path = `${await browserOf(ground, address, by)}:${process.env.PATH}`;
    const env = { ...ground.trusting, PATH: path };
    const { status, stdout, stderr } = await client.runAtTerminal(sign(made), env);
    expect({ status, said: stdout + stderr }).toMatchObject({ status: 0 });
    expect(stdout + stderr).toContain(`${dexUrl}/auth?`);
    const { subjectAltName } = await certificateIn(made.bundle);
    expect(subjectAltName).toBe(`email:${address}`);
    expect(await verify(made, address)).toMatchObject({ status: 0 });
    const other = await verify(made, 'mallory@example.com');
    expect(other).toMatchObject({ status: 1, stderr: expect.stringContaining(address) });
  });

  it('types a code where cosign has no terminal', async () => {
    const made = await blob('device');
    const [home, rig] = [client.home, join(import.meta.dirname, '../../rig/rig')];
    const own = ['env', `HOME=${home}`, `TUF_ROOT=${join(home, 'tuf')}`];
    const env = { ...process.env, ...cluster.env, ...ground.trusting };
    const signing = spawnBound(rig, ['exec', '--', ...own, binary('cosign3'), ...sign(made)], {
      ...{ env, stdio: ['ignore', 'pipe', 'pipe'] },
    });
    let said = '';
    const code = new Promise<string>((found) => {
      const read = (chunk: Buffer) => {
        said += chunk;
        const [, url] = /browser at: (\S+)/.exec(said) ?? [];
        if (url) found(url);
      };
      signing.stdout?.on('data', read);
      signing.stderr?.on('data', read);
    });
    const ended = new Promise<number | null>((end) => signing.once('exit', end));
    const url = await Promise.race([code, ended.then(() => '')]);
    expect(url, said).toContain(`${dexUrl}/device`);
    const login = [process.execPath, join(import.meta.dirname, 'login.ts'), 'eve@example.com', url];
    await cluster.mustExec(login, { env: ground.trusting });
    expect(await ended, said).toBe(0);
    expect(await verify(made, 'eve@example.com')).toMatchObject({ status: 0 });
  });
});
