import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { chmod, copyFile, mkdir, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type Rig, root } from '../../cluster/rig.ts';
import { binary } from '../../programs/binaries.ts';
import { end, spawnBound } from '../../programs/spawn.ts';
import { host, type Start } from './ground.ts';

const admin = 'admin';

export const realmUrl = (realm: string) => `${host}/realms/${realm}`;

/** Starts Keycloak with these realms, as its exports have them; whoever calls `kcadm` is its administrator. */
export const keycloakWith =
  (realms: readonly object[]): Start =>
  async (cluster, folder) => {
    const home = await homeIn(folder);
    await writeFile(join(home, 'data/import/realms.json'), JSON.stringify(realms));
    const settings = [
      ...[`--hostname=${host}`, '--https-port=8443', '--import-realm', '--log-level=warn'],
      `--https-certificate-file=${join(folder, 'tls.crt')}`,
      `--https-certificate-key-file=${join(folder, 'tls.key')}`,
    ];
    const command = ['exec', '--', join(home, 'bin/kc.sh'), 'start', '--optimized', ...settings];
    const keycloak = spawnBound(join(root, 'test/rig/rig'), command, {
      env: {
        ...{ ...process.env, ...cluster.env, JAVA: join(home, 'bin/java') },
        // It lives for minutes: the second compiler costs more than it gains.
        JAVA_OPTS_APPEND: '-XX:TieredStopAtLevel=1',
        ...{ KC_BOOTSTRAP_ADMIN_USERNAME: admin, KC_BOOTSTRAP_ADMIN_PASSWORD: admin },
      },
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    // 10 s of a quiet processor, and many more of a busy one.
    const ask = ['curl', '--retry', '550', '--retry-delay', '1', '--retry-connrefused', '-fsk'];
    await Promise.race([
      cluster.mustExec([...ask, 'https://10.200.0.1:8443/realms/master']),
      once(keycloak, 'exit').then(() => Promise.reject(new Error('Keycloak ended'))),
    ]);
    return { close: () => end(keycloak) };
  };

/** A place of its own for what Keycloak writes, with the programs of the rig's. */
async function homeIn(folder: string): Promise<string> {
  const [home, made] = [join(folder, 'keycloak'), dirname(binary('keycloak'))];
  await mkdir(join(home, 'data/import'), { recursive: true });
  await mkdir(join(home, 'bin'));
  for (const name of ['lib', 'conf', 'providers', 'themes']) {
    await symlink(join(made, name), join(home, name));
  }
  // It finds its home beside itself.
  await copyFile(join(made, 'bin/kc.sh'), join(home, 'bin/kc.sh'));
  // It starts Java as a child, which must not outlive it.
  const java = '#!/bin/sh\nexec setpriv --pdeathsig KILL -- java "$@"\n';
  await writeFile(join(home, 'bin/java'), java);
  for (const name of ['kc.sh', 'java']) await chmod(join(home, 'bin', name), 0o755);
  return home;
}

/** Logs an administrator in; gives what runs commands in a shell that has `kcadm.sh`, in a folder of its own. */
export async function administrator(
  cluster: Rig,
  folder: string,
): Promise<(command: string) => Promise<string>> {
  const home = join(folder, 'admin');
  await mkdir(home);
  const path = `${join(dirname(binary('kcadm')), 'bin')}:${process.env.PATH}`;
  const shell = (command: string) =>
    cluster.mustExec([
      'env',
      `HOME=${home}`,
      `PATH=${path}`,
      'sh',
      '-euc',
      `cd '${home}'\n${command}`,
    ]);
  await shell(`
    keytool -importcert -noprompt -file ../ca.pem -keystore trust.p12 -storepass changeit
    kcadm.sh config truststore --trustpass changeit trust.p12
    kcadm.sh config credentials --server ${host} --realm master --user ${admin} --password ${admin}`);
  return shell;
}

const page = readFileSync(join(root, 'docs/issuers.md'), 'utf8');

/** Has an administrator make the client of this name that the page has, as the page says. */
export async function makeClient(
  admin: (command: string) => Promise<string>,
  realm: string,
  name: string,
): Promise<void> {
  const blocks = [...page.matchAll(/^```json\n(.*?)^```$/gms)].map(([, text]) => text ?? '');
  const client = blocks.find((text) => JSON.parse(text).clientId === name);
  const [command] = /kcadm\.sh create clients .*/.exec(page) ?? [];
  if (!client || !command) throw new Error(`docs/issuers.md does not make ${name} at Keycloak`);
  const here = command.replace(/ staff /, ` ${realm} `).replace(/sigstore\.json/, `${name}.json`);
  await admin(`cat >${name}.json <<'JSON'\n${client}JSON\n${here}`);
}

/** The token that the page's words get for the client `release`. */
export async function tokenByPage(cluster: Rig, ca: string, secret: string): Promise<string> {
  const [, block] = /^```sh\n(issuer=.*?)^```$/ms.exec(page) ?? [];
  if (!block) throw new Error('docs/issuers.md does not get a token of Keycloak');
  const here = block.replaceAll('https://keycloak.example.com', host);
  const env = ['env', `CURL_CA_BUNDLE=${ca}`, `SECRET=${secret}`];
  const script = `${here}printf %s "$SIGSTORE_ID_TOKEN"`;
  return cluster.mustExec([...env, 'bash', '-euc', script]);
}
