import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Rig, root } from '../cluster/rig.ts';
import { type Beside, beside, leadingTo, manifest, node } from './beside.ts';
import { host, nameOf } from './company-database.ts';

/* A PgBouncer of Debian before the company's PostgreSQL, as docs/database.md has it. */

export const port = 6432;

/** The name of the proxy; `host` stays that of the server which writes. */
export const bouncerHost = nameOf('db');

/** The page's configuration, with our names, in the folder of the certificates. */
export async function bouncerBefore(
  cluster: Rig,
  folder: string,
  password: string,
): Promise<Beside> {
  const file = join(folder, 'pgbouncer.ini');
  const text = onPage()
    .replaceAll('db.example.com', host)
    .replaceAll('/etc/pgbouncer/', `${folder}/`);
  writeFileSync(file, `${text}unix_socket_dir =\n`);
  writeFileSync(join(folder, 'users.txt'), `"sigstand" "${password}"\n`);
  execFileSync('chown', ['-R', 'postgres:', folder]);
  const [name = ''] = bouncerHost.split('.');
  await cluster.apply(manifest(leadingTo(name, node, port)));
  const account = ['setpriv', '--reuid=postgres', '--clear-groups'];
  return beside(cluster, [...account, '/usr/sbin/pgbouncer', '--quiet', file], port);
}

function onPage(): string {
  const page = readFileSync(join(root, 'docs/database.md'), 'utf8');
  const [block] = /^ {6}\[databases\]\n(?: {6}.*\n)+/m.exec(page) ?? [];
  if (!block) throw new Error('docs/database.md has no PgBouncer');
  return block.replace(/^ {6}/gm, '');
}
