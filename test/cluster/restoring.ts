import { mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';
import { records } from '@sigstand/contracts/records';
import { applyAll, bringUp } from './bring-up.ts';
import { type Cosign, cosign, identityOf, issuer } from './cosign.ts';
import { openGateway } from './gateway.ts';
import { openLedger, type Signature } from './ledger.ts';
import { openLogs } from './logs.ts';
import { openPage } from './page.ts';
import type { Rig } from './rig.ts';
import { mirror, type Stack, secretValue } from './stack.ts';

const page = openPage('backup.md');

/** What clients hold on to: every public value, and the trees' IDs. */
export async function identity(cluster: Rig): Promise<string[]> {
  const values = records
    .filter((one) => one.public)
    .flatMap(({ kind, namespace, name, keys }) =>
      keys.filter((key) => key !== 'repository').map((key) => ({ kind, namespace, name, key })),
    );
  return Promise.all(
    values.map(async ({ kind, namespace, name, key }) => {
      const path = `jsonpath={.data.${key.replaceAll('.', '\\.')}}`;
      const value = await cluster.kubectl('get', kind, name, '-n', namespace, '-o', path);
      return `${kind} ${namespace}/${name} ${key} ${value}`;
    }),
  );
}

/** Saves the stack as the page says, loses its cluster with all volumes, and restores it into a new one from that alone. */
export async function saveLoseRestore({ cluster, work, manifests, gateway }: Stack): Promise<void> {
  const folder = join(work, 'out');
  await page.follow(cluster, folder, 'Save');
  await gateway.close();
  await cluster.must(['down']);
  await bringUp(cluster, work);
  const there = await cluster.kubectl('get', 'namespaces,persistentvolumeclaims', '-A');
  if (/(rekor|tuf|trillian)-system/.test(there)) throw new Error(`it is no new one:\n${there}`);
  await page.follow(cluster, folder, 'Restore');
  await applyAll(cluster, manifests);
}

/** What is wrong with signatures from before, with a new one, and with an old client. */
export async function wrongsAfter(stack: Stack): Promise<string[]> {
  const { cluster, work, client, ledger, rootJson } = stack;
  const gateway = await openGateway(cluster, await mkdtemp(join(work, 'gateway-')));
  const other = await cosign(cluster, 'cosign3');
  try {
    await other.must(['initialize', '--mirror', mirror, '--root', rootJson]);
    const rekorKey = await secretValue(cluster, 'rekor-system/rekor-pub-key', 'public');
    const logs = await openLogs(gateway, rekorKey.toString());
    const after = await openLedger(cluster, other, logs);
    await after.signWithin(60_000);
    const [last] = after.signatures as [Signature];
    // Old entries are found and proven in the log that goes on; it has not begun anew.
    const found = await after.violations([...ledger.signatures, last], 'log');
    const before = [ledger.signatures[0], ledger.signatures.at(-1)] as Signature[];
    found.push(...(await after.violations([...before, last])));
    const index = Math.max(...ledger.signatures.map(({ entry }) => entry.logIndex));
    if (last.entry.logIndex <= index) found.push(`the log has index ${last.entry.logIndex} again`);
    // A client from before follows the repository, and so it does once that is signed again.
    for (const one of [...before, last]) await verify(client, one);
    await signAgain(cluster);
    await verify(client, last);
    return found;
  } finally {
    await gateway.close();
    await other.remove();
  }
}

/** Loses the repository and unpacks it from the archive that clients are given, as the page says. */
export async function unpackRepository({ cluster }: Stack, folder: string): Promise<void> {
  await cluster.kubectl('delete', 'configmap', '-n', 'tuf-system', 'tuf-repository');
  await page.follow(cluster, folder, 'The repository alone');
  await signAgain(cluster);
}

/** @throws {Error} Where cosign refuses. */
export function verify(client: Cosign, { blob, bundle }: Signature): Promise<string> {
  const identityFlags = ['--certificate-identity', identityOf('default')];
  const issuerFlags = ['--certificate-oidc-issuer', issuer];
  const args = ['--bundle', bundle, '--use-signed-timestamps', ...identityFlags, ...issuerFlags];
  return client.must(['verify-blob', ...args, blob]);
}

/** Has createtuf sign the timestamp anew, as it will some day. */
async function signAgain(cluster: Rig): Promise<void> {
  const made = ['create', 'job', '-n', 'tuf-system', '--from=cronjob/createtuf', 'again'];
  const job = JSON.parse(await cluster.kubectl(...made, '--dry-run=client', '-o', 'json'));
  const [container] = job.spec.template.spec.containers;
  container.args = [...(container.args ?? []), '--timestamp-renew=6d23h59m59s'];
  await cluster.apply(JSON.stringify(job));
  const complete = ['--for=condition=Complete', '-n', 'tuf-system', 'job/again', '--timeout=2m'];
  await cluster.kubectl('wait', ...complete);
  const said = await cluster.kubectl('logs', '-n', 'tuf-system', 'job/again');
  await cluster.kubectl('delete', 'job', '-n', 'tuf-system', 'again');
  if (!/signed timestamp/.test(said)) throw new Error(`createtuf signed nothing:\n${said}`);
}
