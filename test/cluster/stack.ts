import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { applyAll, bringUp } from './bring-up.ts';
import { type Cosign, cosign } from './cosign.ts';
import { type Gateway, openGateway } from './gateway.ts';
import { type Ledger, openLedger } from './ledger.ts';
import { type Logs, openLogs } from './logs.ts';
import { type Rig, rig } from './rig.ts';

export const mirror = 'http://tuf.tuf-system.svc';

/** A stack that runs, and who watches it from outside. */
export interface Stack {
  readonly cluster: Rig;
  /** The folder of what is applied. */
  readonly manifests: string;
  readonly work: string;
  readonly gateway: Gateway;
  readonly logs: Logs;
  /** cosign, which took its trust from the TUF mirror before any fault. */
  readonly client: Cosign;
  readonly ledger: Ledger;
  readonly rootJson: string;
  remove(): Promise<void>;
}

/** The value of a Secret's key. */
export async function secretValue(cluster: Rig, ref: string, key: string): Promise<Buffer> {
  const [namespace = '', name = ''] = ref.split('/');
  const path = `jsonpath={.data.${key.replaceAll('.', '\\.')}}`;
  const encoded = await cluster.kubectl('get', 'secret', name, '-n', namespace, '-o', path);
  return Buffer.from(encoded, 'base64');
}

/** Brings up an instance of the rig with the whole stack on it. */
export async function startStack(instance: string): Promise<Stack> {
  const cluster = rig(instance);
  const work = await mkdtemp(join(tmpdir(), `sigstand-${instance}-`));
  const manifests = await bringUp(cluster, work);
  await applyAll(cluster, manifests);

  const rootJson = join(work, 'root.json');
  await writeFile(rootJson, await secretValue(cluster, 'tuf-system/tuf-root', 'root'));
  const client = await cosign(cluster, 'cosign3');
  await client.must(['initialize', '--mirror', mirror, '--root', rootJson]);

  const gateway = await openGateway(cluster, work);
  const rekorKey = await secretValue(cluster, 'rekor-system/rekor-pub-key', 'public');
  const logs = await openLogs(gateway, rekorKey.toString());
  return {
    ...{ cluster, manifests, work, gateway, logs, client, rootJson },
    ledger: await openLedger(cluster, client, logs),
    async remove() {
      await gateway.close();
      await client.remove();
      await rm(work, { recursive: true, force: true });
    },
  };
}

/** Every object of the stack that no controller writes, and its resourceVersion. */
export async function versions(cluster: Rig): Promise<Record<string, string>> {
  const kinds = 'secrets,configmaps,services,serviceaccounts,roles,rolebindings,networkpolicies';
  const { items } = await cluster.get<{
    items: {
      kind: string;
      metadata: { namespace: string; name: string; resourceVersion: string };
    }[];
  }>(kinds, '-A', '-l', 'app.kubernetes.io/part-of=sigstand');
  return Object.fromEntries(
    items.map(({ kind, metadata: { namespace, name, resourceVersion } }) => [
      `${kind} ${namespace}/${name}`,
      resourceVersion,
    ]),
  );
}
