import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'vitest';
import { chart } from '../../scripts/chart/rendered.ts';
import { cosign } from '../cluster/cosign.ts';
import { openGateway } from '../cluster/gateway.ts';
import { openLedger } from '../cluster/ledger.ts';
import { openLogs } from '../cluster/logs.ts';
import { type Rig, run } from '../cluster/rig.ts';
import { mirror, secretValue } from '../cluster/stack.ts';
import { host } from './company-database.ts';
import { byTag, helmOn } from './on-rig.ts';
import { flags } from './sets.ts';

/* A stack on that database, step by step as docs/database.md has it. */

const inTrillian = ['-n', 'trillian-system'];

/** Installs or upgrades it, with more values of `database.external`, and other images. */
export async function helm(
  cluster: Rig,
  { work, ca }: { work: string; ca: string },
  verb: 'install' | 'upgrade',
  more: object = {},
  images: object = {},
): Promise<void> {
  const external = { host, ca: { pem: ca }, ...more };
  const names = { ...(await byTag()), ...images };
  const values = flags({ database: { external }, images: { names } });
  await helmOn(cluster, join(work, 'helm'), 'helm', verb, 'sigstand', chart, ...values);
}

/** Its credentials, as somebody writes them. */
export async function give(cluster: Rig, password: string): Promise<void> {
  const parts = ['user=sigstand', `password=${password}`, 'database=sigstore'];
  const literals = parts.map((part) => `--from-literal=${part}`);
  const made = ['create', 'secret', 'generic', 'trillian-mysql', ...inTrillian, ...literals];
  await cluster.apply(await cluster.kubectl(...made, '--dry-run=client', '-o', 'yaml'));
}

export async function up(cluster: Rig): Promise<void> {
  const all = ['-A', '-l', 'app.kubernetes.io/part-of=sigstand', '--timeout=10m'];
  await cluster.kubectl('wait', '--for=condition=Complete', 'jobs', ...all);
  await cluster.kubectl('wait', '--for=condition=Available', 'deployments', ...all);
}

/** What clients trust, by `npm run export`; resolves to the file of the first root. */
export async function exported(cluster: Rig, work: string): Promise<string> {
  const to = join(work, 'trust');
  const env = { ...cluster.env, SIGSTAND_OUT: join(work, 'out') };
  const args = ['run', '--silent', 'export', '--', '--to', to];
  const { status, stdout, stderr } = await run('npm', args, { env });
  if (status !== 0) throw new Error(`export ended with ${status}\n${stdout}${stderr}`);
  return join(to, '1.root.json');
}

/** Who signs there, trusting what was exported, and watches both logs. */
export async function watched(cluster: Rig, work: string) {
  const rootJson = await exported(cluster, work);
  const client = await cosign(cluster, 'cosign3');
  await client.must(['initialize', '--mirror', mirror, '--root', rootJson]);
  const gateway = await openGateway(cluster, work);
  const key = await secretValue(cluster, 'rekor-system/rekor-pub-key', 'public');
  const logs = await openLogs(gateway, key.toString());
  const ledger = await openLedger(cluster, client, logs);
  const close = async () => {
    await gateway.close();
    await client.remove();
  };
  /** Each signature verifies and is where its log said, and both logs only grew. */
  const nothingIsLost = async () => {
    expect(await ledger.violations(ledger.signatures)).toEqual([]);
    expect(await logs.grew()).toEqual({ rekor: true, ctlog: true });
  };
  return { gateway, logs, ledger, nothingIsLost, close };
}

/** @throws {Error} Where it does not hold within three minutes. */
export async function until(holds: () => Promise<boolean>, what: string): Promise<void> {
  for (const deadline = Date.now() + 180_000; !(await holds()); await sleep(1_000)) {
    if (Date.now() > deadline) throw new Error(`not within three minutes: ${what}`);
  }
}
