import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Rig, root } from '../cluster/rig.ts';
import { type Beside, beside, leadingTo, manifest, node } from './beside.ts';
import { nameOf, servers } from './company-database.ts';

/* A HAProxy of Debian before the company's two servers, as docs/database.md has it. */

/** Whom the proxy asks a server as. */
export const monitorAccount = "CREATE USER monitor@'%' IDENTIFIED BY 'PASSWORD' REQUIRE SSL;";

/** The page's blocks, with our names; what nobody uses for so many seconds is cut. */
export async function proxyBefore(cluster: Rig, folder: string, idle: number): Promise<Beside> {
  const [config, program] = onPage();
  const check = join(folder, 'writes');
  const names = servers.map(nameOf);
  const mine = (text: string) =>
    text
      .replaceAll('db-1.example.com', names[0]!)
      .replaceAll('db-2.example.com', names[1]!)
      .replaceAll('/etc/haproxy/writes', check)
      .replaceAll('/etc/haproxy/ca.crt', join(folder, 'ca.crt'))
      .replace('bind :3306', `bind ${node}:3306`)
      .replace(/^( *timeout (?:client|server)) .*$/gm, `$1 ${idle}s`);
  const file = join(folder, 'haproxy.cfg');
  await writeFile(file, mine(config));
  await writeFile(check, mine(program), { mode: 0o755 });
  await cluster.kubectl('delete', 'service', 'db', '-n', 'company');
  await cluster.apply(manifest(leadingTo('db', node, 3306)));
  return beside(cluster, ['haproxy', '-db', '-f', file], 3306);
}

/** What the page has for the proxy: its configuration, and the program that it asks. */
function onPage(): readonly [string, string] {
  const page = readFileSync(join(root, 'docs/database.md'), 'utf8');
  const [, section = ''] = /^## Behind a proxy\n([\s\S]*?)^## /m.exec(page) ?? [];
  const blocks = [...section.matchAll(/(?:^ {4}.*\n|^\n(?= {4}))+/gm)].map(([text]) =>
    text.replace(/^ {4}/gm, '').trimStart(),
  );
  const [config, program] = [/^global$/m, /^#!/].map((one) =>
    blocks.find((text) => one.test(text)),
  );
  if (!config || !program) throw new Error('docs/database.md has no proxy');
  return [config, program];
}
