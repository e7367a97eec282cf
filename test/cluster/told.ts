import { canaries, type Hit } from '../faults/canary.ts';
import { hitsIn, type Seen } from '../faults/canary-places.ts';
import { privateKeys, secretsOf } from '../faults/canary-secrets.ts';
import { processes } from './processes.ts';
import type { Rig } from './rig.ts';

interface Items {
  readonly items: readonly {
    readonly kind: string;
    readonly metadata: { readonly namespace?: string; readonly name: string };
    readonly data?: Readonly<Record<string, string>>;
  }[];
}

/** What was looked through for secrets, how many there were, and where one was told. */
export interface Told {
  readonly hits: readonly Hit[];
  readonly secrets: number;
  readonly places: readonly string[];
}

/**
 * Looks for every private key and password of the stack in what a cluster shows beside the data of
 * Secrets: objects with their managedFields, events, termination messages, logs, command lines.
 */
export async function toldInCluster(cluster: Rig): Promise<Told> {
  const shown = ['-A', '--show-managed-fields'];
  const all = await cluster.get<Items>(
    'secrets,configmaps,pods,jobs,deployments,statefulsets,events,serviceaccounts',
    ...shown,
  );
  const secrets = all.items.flatMap(({ kind, metadata: { namespace = '', name }, data = {} }) => {
    const [, keys = []] =
      privateKeys.find(
        ([ref]) => kind === ref.kind && namespace === ref.namespace && name === ref.name,
      ) ?? [];
    const bytes = Object.entries(data).map(([key, value]) => [key, Buffer.from(value, 'base64')]);
    return keys.length === 0
      ? []
      : secretsOf(`${namespace}/${name}`, Object.fromEntries(bytes), keys);
  });
  const objects = all.items.map(({ data, ...object }): Seen => {
    const { kind, metadata } = object;
    const told = kind === 'Secret' ? object : { ...object, data };
    return [`${kind} ${metadata.namespace}/${metadata.name}`, JSON.stringify(told)];
  });
  const seen = [...objects, ...(await logs(cluster, all)), ...commandLines()];
  return {
    hits: hitsIn(canaries(secrets), seen),
    secrets: secrets.length,
    places: seen.map(([place]) => place),
  };
}

async function logs(cluster: Rig, { items }: Items): Promise<Seen[]> {
  const pods = items.filter(
    ({ kind, metadata }) => kind === 'Pod' && metadata.namespace?.endsWith('-system'),
  );
  return Promise.all(
    pods.map(async ({ metadata: { namespace = '', name } }): Promise<Seen> => {
      const log = await cluster.kubectl('logs', '-n', namespace, name, '--all-containers');
      return [`log of ${namespace}/${name}`, log];
    }),
  );
}

function commandLines(): Seen[] {
  return processes().map(({ command }) => [`command line of ${command.split(' ')[0]}`, command]);
}
