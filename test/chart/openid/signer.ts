import { X509Certificate } from 'node:crypto';
import { mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Result, Rig } from '../../cluster/rig.ts';
import { binary } from '../../programs/binaries.ts';
import { spawnBound } from '../../programs/spawn.ts';
import { browserOf, type Client, type Ground } from './ground.ts';

/** A file that was signed, or was to be. */
export interface Signed {
  readonly path: string;
  readonly bundle: string;
  readonly status: number | null;
  /** All that cosign printed. */
  readonly said: string;
}

export type Signer = Awaited<ReturnType<typeof signerAt>>;

/** People and programs that sign by cosign, with tokens of an issuer. */
export async function signerAt(cluster: Rig, ground: Ground, client: Client) {
  const work = await mkdtemp(join(tmpdir(), 'sigstand-signer-'));
  let count = 0;

  async function begin() {
    count += 1;
    const path = join(work, `${count}`);
    await writeFile(path, `signed ${count}\n`);
    const bundle = `${path}.bundle.json`;
    return { path, bundle, args: ['sign-blob', '--yes', '--bundle', bundle, path] };
  }
  const said = ({ status, stdout, stderr }: Result) => ({ status, said: stdout + stderr });

  return {
    /** Logs in at the issuer's page, to which cosign leads a browser. */
    async byBrowser(address: string, by: 'chromium' | 'forms'): Promise<Signed> {
      const { args, ...made } = await begin();
      const path = `${await browserOf(ground, address, by)}:${process.env.PATH}`;
      const env = { ...ground.trusting, PATH: path };
      return { ...made, ...said(await client.runAtTerminal(args, env)) };
    },

    /** Types the code that cosign shows where it has no terminal. */
    async byCode(address: string): Promise<Signed> {
      const { args, ...made } = await begin();
      const [home, rig] = [client.home, join(import.meta.dirname, '../../rig/rig')];
      const own = ['env', `HOME=${home}`, `TUF_ROOT=${join(home, 'tuf')}`];
      const env = { ...process.env, ...cluster.env, ...ground.trusting };
      const signing = spawnBound(rig, ['exec', '--', ...own, binary('cosign3'), ...args], {
        ...{ env, stdio: ['ignore', 'pipe', 'pipe'] },
      });
      let told = '';
      const code = new Promise<string>((found) => {
        const read = (chunk: Buffer) => {
          told += chunk;
          const [, url] = /browser at: (\S+)/.exec(told) ?? [];
          if (url) found(url);
        };
        signing.stdout?.on('data', read);
        signing.stderr?.on('data', read);
      });
      const ended = new Promise<number | null>((end) => signing.once('exit', end));
      const url = await Promise.race([code, ended.then(() => '')]);
      if (url) await logIn(cluster, ground, address, url);
      return { ...made, status: await ended, said: told };
    },

    async byToken(token: string): Promise<Signed> {
      const { args, ...made } = await begin();
      return { ...made, ...said(await client.run(args, { SIGSTORE_ID_TOKEN: token })) };
    },

    verify: ({ path, bundle }: Signed, identity: string, issuer: string) =>
      client.run([
        ...['verify-blob', '--bundle', bundle, '--use-signed-timestamps', path],
        ...['--certificate-identity', identity, '--certificate-oidc-issuer', issuer],
      ]),
  };
}

/** Logs in by the forms to which a URL leads. */
export const logIn = (cluster: Rig, ground: Ground, address: string, url: string) =>
  cluster.mustExec([process.execPath, join(import.meta.dirname, 'login.ts'), address, url], {
    env: ground.trusting,
  });

export async function certificateIn({ bundle }: Signed): Promise<X509Certificate> {
  const { verificationMaterial } = JSON.parse(await readFile(bundle, 'utf8'));
  return new X509Certificate(Buffer.from(verificationMaterial.certificate.rawBytes, 'base64'));
}
