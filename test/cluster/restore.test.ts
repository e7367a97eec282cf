import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { records } from '@sigstand/contracts/records';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bringUp } from './bring-up.ts';
import { type Cosign, cosign, identityOf, issuer } from './cosign.ts';
import { openGateway } from './gateway.ts';
import { openLedger } from './ledger.ts';
import { openLogs } from './logs.ts';
import { openPage } from './page.ts';
import { type Rig, rig } from './rig.ts';
import { mirror, type Stack, secretValue, startStack } from './stack.ts';

const instance = 'restore';
const page = openPage('backup.md');
let stack: Stack;

beforeAll(async () => {
  stack = await startStack(instance);
  for (let nth = 0; nth < 2; nth++) await stack.ledger.signWithin(60_000);
});
afterAll(async () => {
  await stack?.remove();
  await rig(instance).must(['down']);
});

/** What the stack's public objects and trees are: all that clients hold on to. */
async function identity(cluster: Rig) {
  const shown = records.filter((one) => one.public || one.name === 'tsa-cert-chain');
  const values = shown.flatMap(({ kind, namespace, name, keys }) =>
    keys
      .filter((key) => !/signing-secret/.test(key) && key !== 'repository')
      .map((key) => ({ kind, namespace, name, key })),
  );
  return Promise.all(
    values.map(async ({ kind, namespace, name, key }) => {
      const path = `jsonpath={.data.${key.replaceAll('.', '\\.')}}`;
      const value = await cluster.kubectl('get', kind, name, '-n', namespace, '-o', path);
      return `${kind} ${namespace}/${name} ${key} ${value}`;
    }),
  );
}

async function verifies(client: Cosign, { blob, bundle }: { blob: string; bundle: string }) {
  const identityFlags = ['--certificate-identity', identityOf('default')];
  const issuerFlags = ['--certificate-oidc-issuer', issuer];
  const args = ['--bundle', bundle, '--use-signed-timestamps', ...identityFlags, ...issuerFlags];
  return client.must(['verify-blob', ...args, blob]);
}

describe('docs/backup.md', () => {
  it('brings a stack back into an empty cluster as if nothing had been', async () => {
    const { cluster, work, client, ledger } = stack;
    const folder = join(work, 'out');
    const before = await identity(cluster);
    expect(before.length).toBeGreaterThan(10);
    await page.follow(cluster, folder, 'Save');

    await stack.gateway.close();
    await cluster.must(['down']);
    await bringUp(cluster, work);
    expect(await cluster.kubectl('get', 'namespaces')).not.toContain('rekor-system');

    await page.follow(cluster, folder, 'Restore');
    const available = ['--for=condition=Available', 'deployments', '--all', '-A', '--timeout=5m'];
    await cluster.kubectl('wait', ...available);
    expect(await identity(cluster)).toEqual(before);

    const gateway = await openGateway(cluster, work);
    const other = await cosign(cluster, 'cosign3');
    try {
      await other.must(['initialize', '--mirror', mirror, '--root', stack.rootJson]);
      const rekorKey = await secretValue(cluster, 'rekor-system/rekor-pub-key', 'public');
      const logs = await openLogs(gateway, rekorKey.toString());
      const after = await openLedger(cluster, other, logs);
      await after.signWithin(60_000);
      // The entries from before the restore are found and proven in the log that goes on.
      expect(await after.violations([...ledger.signatures, ...after.signatures])).toEqual([]);
      const [last] = after.signatures.slice(-1);
      expect(last!.entry.logIndex).toBeGreaterThan(ledger.signatures.at(-1)!.entry.logIndex);
      // A client that was initialised before follows the repository, and so does the next signature of it.
      for (const one of [...ledger.signatures, last!]) await verifies(client, one);
      await signAgain(cluster);
      await verifies(client, last!);
    } finally {
      await gateway.close();
      await other.remove();
    }
  });

  it('unpacks a repository that was lost from its archive', async () => {
    const { cluster, work, client, ledger } = stack;
    const before = await identity(cluster);
    await cluster.kubectl('delete', 'configmap', '-n', 'tuf-system', 'tuf-repository');
    const folder = join(work, 'archive');
    await mkdir(folder);
    await page.follow(cluster, folder, 'The repository alone');
    await signAgain(cluster);
    expect(await identity(cluster)).toEqual(before);
    await verifies(client, ledger.signatures[0]!);
  });
});

/** Has createtuf sign the timestamp anew, as it will some day. */
async function signAgain(cluster: Rig): Promise<void> {
  const made = ['create', 'job', '-n', 'tuf-system', '--from=cronjob/createtuf', 'again'];
  const job = await cluster.kubectl(...made, '--dry-run=client', '-o', 'json');
  const spec = JSON.parse(job);
  const [container] = spec.spec.template.spec.containers;
  container.args = [...(container.args ?? []), '--timestamp-renew=6d23h59m50s'];
  await cluster.apply(JSON.stringify(spec));
  const wait = [
    'wait',
    '--for=condition=Complete',
    '-n',
    'tuf-system',
    'job/again',
    '--timeout=2m',
  ];
  await cluster.kubectl(...wait);
  expect(await cluster.kubectl('logs', '-n', 'tuf-system', 'job/again')).toMatch(
    /signed timestamp/,
  );
  await cluster.kubectl('delete', 'job', '-n', 'tuf-system', 'again');
}
