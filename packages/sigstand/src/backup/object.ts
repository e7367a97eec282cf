import type { Contract } from '@sigstand/contracts/contract';
import { ctlogKey, rekorMysqlCredentials, tufRepository } from '@sigstand/contracts/records';
import { type Ref, show } from '@sigstand/store/store';

/** What a backup keeps of an object: all that makes the same one again, on another cluster too. */
export interface Kept {
  readonly apiVersion: 'v1';
  readonly kind: 'Secret' | 'ConfigMap' | 'Namespace';
  readonly metadata: {
    readonly namespace?: string;
    readonly name: string;
    readonly labels?: Texts;
    readonly annotations?: Texts;
  };
  /** Of a Secret. */
  readonly type?: string;
  readonly immutable?: true;
  readonly data?: Texts;
  readonly binaryData?: Texts;
}

type Texts = Readonly<Record<string, string>>;

/** An object as the API server shows it, as far as it is read here. */
interface Shown {
  readonly kind?: string;
  readonly metadata?: {
    readonly namespace?: string;
    readonly name?: string;
    readonly labels?: Texts;
    readonly annotations?: Texts;
    readonly resourceVersion?: string;
  };
  readonly type?: string;
  readonly immutable?: boolean;
  readonly data?: Texts;
  readonly binaryData?: Texts;
}

/**
 * What is kept of a Secret or ConfigMap. An owner is not: on another cluster it is not there, and Kubernetes deletes what
 * has an owner that is gone.
 */
export function keptRecord({ kind, namespace, name }: Ref, shown: unknown): Kept {
  const { metadata = {}, type, immutable, data = {}, binaryData = {} } = shown as Shown;
  const { labels, annotations } = metadata;
  return {
    ...{ apiVersion: 'v1', kind },
    metadata: { namespace, name, ...some({ labels, annotations }) },
    ...(type && { type }),
    ...(immutable && { immutable }),
    ...some({ data, binaryData }),
  };
}

/** What is kept of a namespace: its labels, and what Helm and kubectl know it by. The rest is the cluster's own. */
export function keptNamespace(name: string, shown: unknown): Kept {
  const { metadata = {} } = shown as Shown;
  const own = (texts: Texts | undefined, isOwn: (key: string) => boolean) =>
    Object.fromEntries(Object.entries(texts ?? {}).filter(([key]) => isOwn(key)));
  const labels = own(metadata.labels, (key) => key !== 'kubernetes.io/metadata.name');
  const annotations = own(metadata.annotations, (key) =>
    /^(meta\.helm\.sh|kubectl\.kubernetes\.io)\//.test(key),
  );
  return {
    ...{ apiVersion: 'v1', kind: 'Namespace' },
    metadata: { name, ...some({ labels, annotations }) },
  };
}

/** Only the maps that hold something, in the order of their keys: the same object always makes the same text. */
function some(maps: Readonly<Record<string, Texts | undefined>>): Record<string, Texts> {
  const full = Object.entries(maps).flatMap(([name, map = {}]) => {
    const entries = Object.entries(map).sort(([a], [b]) => (a < b ? -1 : 1));
    return entries.length > 0 ? [[name, Object.fromEntries(entries)] as const] : [];
  });
  return Object.fromEntries(full);
}

/** Which version of an object was shown: it is another one after every change. */
export function versionOf(shown: unknown): string {
  return (shown as Shown).metadata?.resourceVersion ?? '';
}

/** An object's place in words, as kubectl would name it. */
export function showKept({ kind, metadata: { namespace, name } }: Kept): string {
  return kind === 'Namespace'
    ? `Namespace ${name}`
    : show({ kind, namespace: namespace ?? '', name });
}

/** The bytes under a key; undefined where there are none. */
export function valueIn({ kind, data, binaryData }: Kept, key: string): Buffer | undefined {
  const [text, encoded] = [data?.[key], binaryData?.[key]];
  const value =
    text === undefined
      ? Buffer.from(encoded ?? '', 'base64')
      : Buffer.from(text, kind === 'Secret' ? 'base64' : 'utf8');
  return value.length > 0 ? value : undefined;
}

/**
 * What a whole stack has and this one lacks, each in words. `ctlog-key` is empty in a whole stack; a database of somebody
 * else has no root password here. Where that is a PostgreSQL, Rekor has no credentials for it; in any other stack it gets
 * them anew from Trillian's.
 */
export function gapsIn(
  contracts: readonly Contract[],
  objects: readonly Kept[],
  { external }: { readonly external: boolean },
): string[] {
  return contracts.flatMap((contract) => {
    const { keys, name } = contract;
    const kept = objects.find((one) => showKept(one) === show(contract));
    if (name === ctlogKey.name) return [];
    if (kept === undefined) return external && isCopy(contract) ? [] : [show(contract)];
    const wanted: readonly string[] =
      name === tufRepository.name ? ['1.root.json', 'timestamp.json'] : keys;
    const lacking = wanted.filter(
      (key) => !(external && key === 'root-password') && valueIn(kept, key) === undefined,
    );
    return lacking.map((key) => `${show(contract)} key ${key}`);
  });
}

/** Whether a record is Rekor's copy of the database's credentials, whatever the stack calls its namespace. */
function isCopy({ keys }: Contract): boolean {
  return keys === rekorMysqlCredentials.keys;
}
