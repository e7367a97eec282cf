import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { tufRoot } from '@sigstand/contracts/records';
import { caExtensions, opensslCertificate } from '@sigstand/pki/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { run } from './cluster/rig.ts';
import { stack, type Workplace, workplace } from './exporting.ts';

/* A stack that clients reach from outside of its cluster, by names and certificates of its own. */

let place: Workplace;
beforeEach(async () => {
  place = await workplace();
});
afterEach(() => place.remove());

const ca = opensslCertificate({ subject: '/CN=private CA', extensions: caExtensions });
const certificate = ca.certificate.toString();
const file = (name: string, content: string) => writeFile(join(place.work, name), content);
const variables = ['SSL_CERT_FILE', 'NODE_EXTRA_CA_CERTS', 'REQUESTS_CA_BUNDLE', 'SIGSTAND_CA'];

async function sourced(names: readonly string[]): Promise<string[]> {
  const prints = names.map((name) => `printf '%s\\n' "$${name}"`).join('; ');
  const env = { SSL_CERT_FILE: '/theirs.pem', SHLVL: '1' };
  const script = `cd "$1"; . ./env; ${prints}`;
  const { stdout } = await run('bash', ['-uc', script, 'bash', place.folder], { env });
  return stdout.split('\n').slice(0, -1);
}

describe('the mirror', () => {
  it('is where createtuf was told that clients reach it', async () => {
    await place.exported(await stack('--mirror-url=https://tuf.example.com'));
    expect(await sourced(['TUF_MIRROR'])).toEqual(['https://tuf.example.com']);
    expect(await place.text('policy-controller-remote.yaml')).toContain(
      'mirror: "https://tuf.example.com"\n',
    );
  });

  it('is another one by --mirror', async () => {
    const store = await stack('--mirror-url=https://tuf.example.com');
    await place.exported(store, '--mirror=http://localhost:8080');
    expect(await sourced(['TUF_MIRROR'])).toEqual(['http://localhost:8080']);
  });

  it('is refused where somebody noted what is none', async () => {
    const store = await stack();
    const annotations = { 'sigstand.dev/mirror': 'tuf.example.com' };
    await store.write(tufRoot, { annotations }, await store.read(tufRoot));
    const { status, stderr } = await place.tried(store);
    expect(status).toBe(65);
    expect(stderr).toMatch(/tuf-root.*is no URL; name it with --mirror/);
    expect(await place.tried(store, '--mirror=https://tuf.example.com')).toMatchObject({
      status: 0,
    });
  });
});

describe('--ca', () => {
  it('gives clients the certificates, by the variables that each of them reads', async () => {
    await file('ca.crt', `a comment\n${certificate}and another\n${certificate}`);
    await place.exported(await stack(), '--ca=ca.crt');
    expect(await place.text('ca.pem')).toBe(certificate + certificate);
    const path = join(place.folder, 'ca.pem');
    expect(await sourced(variables)).toEqual(variables.map(() => path));
  });

  it('is needed for a private CA alone: without it, a shell keeps what it trusts', async () => {
    await place.exported(await stack());
    expect(await readdir(place.folder)).not.toContain('ca.pem');
    expect(await sourced(['SSL_CERT_FILE'])).toEqual(['/theirs.pem']);
  });

  it.each([
    ['that is not there', undefined, 'there is no such file'],
    ['without a certificate', 'nothing\n', 'holds no certificate in PEM'],
    ['with a key', certificate + ca.key.toString(), 'holds a PRIVATE KEY'],
    [
      'with what is none',
      '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n',
      'certificate 1 cannot be read',
    ],
  ])('refuses a file %s, and writes nothing', async (_what, content, reason) => {
    if (content !== undefined) await file('ca.crt', content);
    const { status, stderr } = await place.tried(await stack(), '--ca=ca.crt');
    expect(status).toBe(65);
    expect(stderr).toContain(reason);
    expect(stderr).not.toContain(ca.key.toString().split('\n')[1]);
    expect(await readdir(place.work)).not.toContain('trust');
  });

  it('is told to every client in the folder’s README', async () => {
    await file('ca.crt', certificate);
    await place.exported(await stack(), '--ca=ca.crt');
    expect(await readFile(join(place.folder, 'README.md'), 'utf8')).toContain('`ca.pem`');
  });
});
