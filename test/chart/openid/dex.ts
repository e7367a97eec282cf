import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse, stringify } from 'yaml';
import { root } from '../../cluster/rig.ts';
import { binary } from '../../programs/binaries.ts';
import { end, spawnBound } from '../../programs/spawn.ts';
import { host, type Start } from './ground.ts';

export const dexUrl = `${host}/dex`;

/** Who has an account there, and the password: Chromium types one, and the program that logs in by forms the address. */
export const people = {
  'ada@example.com': 'any',
  'eve@example.com': 'eve@example.com',
} as const;

/** Dex, with the clients that docs/issuers.md has for it, and people whose passwords it has itself. */
export const startDex: Start = async (cluster, folder) => {
  const config = join(folder, 'dex.yaml');
  const passwords = Object.entries(people).map(([email, password], index) => ({
    ...{ email, hash: bcrypt(password), username: email, userID: `${index}` },
  }));
  const settings = {
    ...{ issuer: dexUrl, storage: { type: 'memory' }, logger: { level: 'error' } },
    web: { https: ':8443', tlsCert: join(folder, 'tls.crt'), tlsKey: join(folder, 'tls.key') },
    ...{ enablePasswordDB: true, staticPasswords: passwords, ...onPage() },
  };
  await writeFile(config, stringify(settings), { mode: 0o600 });
  const command = ['exec', '--', binary('dex'), 'serve', config];
  const env = { ...process.env, ...cluster.env };
  const dex = spawnBound(join(root, 'test/rig/rig'), command, {
    ...{ env, stdio: ['ignore', 'ignore', 'inherit'] },
  });
  const ask = ['curl', '--retry', '60', '--retry-delay', '1', '--retry-connrefused', '-fsSk'];
  await cluster.mustExec([...ask, 'https://10.200.0.1:8443/dex/healthz']);
  return { close: () => end(dex) };
};

/** The block of the page that is for Dex's own configuration. */
function onPage(): object {
  const page = readFileSync(join(root, 'docs/issuers.md'), 'utf8');
  const [, block] = /^```yaml\n# Dex\n(.*?)^```$/ms.exec(page) ?? [];
  if (!block) throw new Error('docs/issuers.md has no block for Dex');
  return parse(block);
}

/** As Dex keeps a password. */
function bcrypt(password: string): string {
  const salt = '$2a$10$abcdefghijklmnopqrstuu';
  const made = execFileSync('perl', ['-e', 'print crypt($ARGV[0], $ARGV[1])', password, salt]);
  return made.toString();
}
