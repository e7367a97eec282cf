import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { records } from '@sigstand/contracts/records';
import { show } from '@sigstand/store/store';
import { generateIdentity, identityToRecipient } from 'age-encryption';
import { builtCli } from './cli.ts';
import { cosign } from './cosign.ts';
import { openLedger, type Signature } from './ledger.ts';
import { verify } from './restoring.ts';
import type { Result, Rig } from './rig.ts';
import { mirror, type Stack } from './stack.ts';

/** The CLI where the cluster is, as an operator has it: built, and run by the machine's own Node. */
export interface Hands {
  cli(...args: readonly string[]): Promise<Result>;
  /** What is backed up, and the file of the identity that opens it. */
  readonly backup: readonly string[];
  readonly restore: readonly string[];
}

/** Builds the CLI, and makes a key. */
export async function handsOn(cluster: Rig, work: string): Promise<Hands> {
  const folder = join(work, 'cli');
  await mkdir(folder, { recursive: true });
  const command = await builtCli();
  const identity = await generateIdentity();
  await writeFile(join(folder, 'key.txt'), `${identity}\n`, { mode: 0o600 });
  const file = join(folder, 'stack.age');
  return {
    cli: (...args) => cluster.exec([...command, ...args], { timeout: 120_000 }),
    backup: [
      'backup',
      '--json',
      `--to=${file}`,
      `--recipient=${await identityToRecipient(identity)}`,
    ],
    restore: ['restore', '--json', `--from=${file}`, `--identity-file=${join(folder, 'key.txt')}`],
  };
}

/** What a backup and what is done by it were told to be. */
export interface Done {
  readonly size: number;
  readonly stack: { readonly rekorTree: string };
  readonly database: {
    readonly heads: readonly { readonly tree: string; readonly size: number }[];
  };
}

/** Backs up while somebody signs; resolves to what was saved, and what was signed meanwhile. */
export async function backUpWhileSigning(
  { cluster, logs, rootJson }: Stack,
  { cli, backup }: Hands,
): Promise<{ saved: Done; meanwhile: readonly Signature[]; remove: () => Promise<void> }> {
  const client = await cosign(cluster, 'cosign3');
  await client.must(['initialize', '--mirror', mirror, '--root', rootJson]);
  const ledger = await openLedger(cluster, client, logs);
  let over = false;
  const signing = (async () => {
    while (!over) await ledger.sign();
  })();
  // One is on its way when it begins.
  while (ledger.counts.tries < 2) await new Promise((soon) => setTimeout(soon, 20));
  const { status, stdout, stderr } = await cli(...backup);
  over = true;
  await signing;
  if (status !== 0) throw new Error(stderr);
  return { saved: JSON.parse(stdout), meanwhile: ledger.signatures, remove: client.remove };
}

/** Loses all that is stored: every object, and what the database holds. The servers go on. */
export async function loseAllThatIsStored({ cluster }: Pick<Stack, 'cluster'>): Promise<void> {
  const database = ['-n', 'trillian-system', 'mysql-trillian-0'];
  await cluster.kubectl('exec', ...database, '--', 'rm', '-rf', '/var/lib/mysql/data');
  const namespaces = [...new Set(records.map(({ namespace }) => namespace))];
  await Promise.all(
    namespaces.map((namespace) => {
      const own = records.filter((one) => one.namespace === namespace);
      const names = own.map(({ kind, name }) => `${kind.toLowerCase()}/${name}`);
      return cluster.kubectl('delete', '-n', namespace, ...new Set(names), '--wait=false');
    }),
  );
  await cluster.kubectl('delete', 'pod', ...database, '--grace-period=0', '--force');
}

/** What is wrong after it: what was signed before is to be found in the logs, and what comes new as well. */
export async function wrongsIn(
  { ledger, client }: Stack,
  saved: Done,
  meanwhile: readonly Signature[],
): Promise<string[]> {
  const size = saved.database.heads.find(({ tree }) => tree === saved.stack.rekorTree)?.size ?? 0;
  const kept = meanwhile.filter(({ entry }) => entry.logIndex < size);
  const before = [...ledger.signatures];
  // The servers lost their connections with the database, and find that out one request at a time.
  await ledger.signWithin(60_000);
  const found = await ledger.violations([...before, ...kept], 'log');
  const last = ledger.signatures.at(-1) as Signature;
  if (last.entry.logIndex < size) found.push(`index ${last.entry.logIndex} was given before`);
  found.push(...(await ledger.violations([last])));
  // What was signed and is in the log no more is signed all the same.
  for (const one of [ledger.signatures[0] as Signature, ...meanwhile]) await verify(client, one);
  return found;
}

/** Every object of a stack that is there. */
export async function objectsThere({ cluster }: Stack): Promise<string[]> {
  const list = await cluster.get<{
    items: { kind: string; metadata: { namespace: string; name: string } }[];
  }>('secrets,configmaps', '-A');
  const there = list.items.map(
    ({ kind, metadata }) => `${kind} ${metadata.namespace}/${metadata.name}`,
  );
  return records.map(show).filter((one) => there.includes(one));
}
