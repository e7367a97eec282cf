import {
  type Change,
  type Data,
  eventOf,
  type Named,
  type Notice,
  type Ref,
  type Snapshot,
} from './store.ts';

/** Each kind as the API server's URLs and Roles name it. */
export const resources: Record<Named['kind'], string> = {
  Secret: 'secrets',
  ConfigMap: 'configmaps',
  Event: 'events',
  ServiceAccount: 'serviceaccounts',
  Service: 'services',
  Pod: 'pods',
  Job: 'jobs',
  CronJob: 'cronjobs',
  Deployment: 'deployments',
  Lease: 'leases',
};

/** The API group of each kind that is not in the core. */
const groups: Partial<Record<Named['kind'], string>> = {
  Job: 'batch',
  CronJob: 'batch',
  Deployment: 'apps',
  Lease: 'coordination.k8s.io',
};

/** The API group of a kind; the core has none. */
export function groupOf(kind: Named['kind']): string {
  return groups[kind] ?? '';
}

/** Where the API server has an object, or with no name all of its kind in the namespace. */
export function pathOf({ kind, namespace, name }: Named): string[] {
  const group = groupOf(kind);
  const api = group ? ['apis', group, 'v1'] : ['api', 'v1'];
  return [...api, 'namespaces', namespace, resources[kind], ...(name ? [name] : [])];
}

/** What server-side apply makes a record from. */
export function creation(ref: Ref, change: Change): object {
  return {
    apiVersion: 'v1',
    kind: ref.kind,
    metadata: {
      namespace: ref.namespace,
      name: ref.name,
      labels: { 'app.kubernetes.io/part-of': 'sigstand' },
      ...(change.annotations && { annotations: change.annotations }),
    },
    ...content(ref, change),
  };
}

/** The merge patch (RFC 7396) that changes exactly the version that was read. */
export function replacement(ref: Ref, change: Change, replacing: Snapshot): object {
  const { data, binaryData, ...rest } = content(ref, change);
  // Null removes, and a ConfigMap may have the key in either map.
  const gone = Object.fromEntries((change.remove ?? []).map((key) => [key, null]));
  const binary = ref.kind === 'ConfigMap' ? { ...gone, ...binaryData } : {};
  return {
    metadata: {
      resourceVersion: replacing.version,
      ...(change.annotations && { annotations: change.annotations }),
    },
    data: { ...gone, ...data },
    ...(Object.keys(binary).length > 0 && { binaryData: binary }),
    ...rest,
  };
}

/** The Event that warns about a record. */
export function event(ref: Ref, notice: Notice, component: string): object {
  const { kind, namespace, name } = ref;
  const { reason, message } = notice;
  const now = new Date().toISOString();
  return {
    apiVersion: 'v1',
    kind: 'Event',
    metadata: { namespace, name: eventOf(ref, notice).name },
    involvedObject: { apiVersion: 'v1', kind, namespace, name },
    type: 'Warning',
    ...{ reason, message, source: { component } },
    ...{ firstTimestamp: now, lastTimestamp: now, count: 1 },
  };
}

interface Content {
  readonly data: Record<string, string>;
  readonly binaryData?: Record<string, string>;
  readonly immutable?: boolean;
}

function content(ref: Ref, { data = {}, immutable }: Change): Content {
  return {
    ...(ref.kind === 'Secret' ? sealed(data) : plain(data)),
    ...(immutable && { immutable }),
  };
}

function sealed(data: Data): Content {
  return { data: mapped(data, (value) => text(value, 'base64')) };
}

function plain(data: Data): Content {
  const entries = Object.entries(data);
  const readable = Object.fromEntries(entries.filter(([, value]) => isText(value)));
  const binary = Object.fromEntries(entries.filter(([, value]) => !isText(value)));
  return {
    data: mapped(readable, (value) => text(value, 'utf8')),
    ...(Object.keys(binary).length > 0 && {
      binaryData: mapped(binary, (value) => text(value, 'base64')),
    }),
  };
}

function mapped(data: Data, encode: (value: Uint8Array) => string): Record<string, string> {
  return Object.fromEntries(Object.entries(data).map(([key, value]) => [key, encode(value)]));
}

function isText(value: Uint8Array): boolean {
  return Buffer.compare(Buffer.from(text(value, 'utf8')), value) === 0;
}

function text(value: Uint8Array, encoding: BufferEncoding): string {
  return Buffer.from(value).toString(encoding);
}
