import { randomUUID } from 'node:crypto';
import { type ClusterEnvironment, clusterAccess } from './access.ts';
import { type Access, ask } from './api.ts';
import { creation, event, pathOf, replacement } from './bodies.ts';
import { refusal } from './refusal.ts';
import { eventOf, type Named, type Ref, type Snapshot, type Store, StoreError } from './store.ts';

/**
 * A store in the cluster that kubectl would ask from here.
 *
 * @throws {StoreError} INVALID where there is none.
 */
export async function clusterStore(job: string, env: ClusterEnvironment): Promise<Store> {
  return storeOver(await clusterAccess(env), job);
}

/** A store behind one API server; `job` names the writer in managedFields. */
export function storeOver(access: Access, job: string): Store {
  // Under server-side apply, two writers of the same name silently overwrite each other; two names
  // conflict, and the second learns that it came second. So every process has a name of its own.
  const fieldManager = `sigstand-${job}-${randomUUID().slice(0, 8)}`;

  return {
    async read(ref) {
      try {
        const stored = await ask(access, { method: 'GET', path: pathOf(ref) });
        return snapshot(ref, stored as Stored);
      } catch (error) {
        const refused = refusal('get', ref, error);
        if (refused === 'absent') return undefined;
        throw refused;
      }
    },

    async write(ref, change, replacing) {
      const body = replacing
        ? { type: mergePatch, content: replacement(ref, change, replacing) }
        : { type: serverSideApply, content: creation(ref, change) };
      try {
        await ask(access, { method: 'PATCH', path: pathOf(ref), query: { fieldManager }, body });
      } catch (error) {
        // Who refuses it may quote the object, which is what was there and what we add.
        const sent = { ...replacing?.data, ...change.data };
        const refused = refusal('patch', ref, error, sent);
        if (refused !== 'absent') throw refused;
        throw replacing
          ? new StoreError('CONFLICT', `${ref.name} was deleted meanwhile`)
          : noNamespace(ref);
      }
    },

    async warn(ref, notice) {
      const target = eventOf(ref, notice);
      const content = event(ref, notice, `sigstand-${job}`);
      // Whoever warned before, the newest warning counts.
      const query = { fieldManager: `sigstand-${job}`, force: 'true' };
      const body = { type: serverSideApply, content };
      try {
        await ask(access, { method: 'PATCH', path: pathOf(target), query, body });
      } catch (error) {
        const refused = refusal('patch', target, error);
        throw refused === 'absent' ? noNamespace(target) : refused;
      }
    },
  };
}

const mergePatch = 'application/merge-patch+json'; // RFC 7396
const serverSideApply = 'application/apply-patch+yaml'; // JSON is YAML

function noNamespace({ namespace }: Named): StoreError {
  return new StoreError('NO_NAMESPACE', `there is no namespace ${namespace}`);
}

interface Stored {
  readonly metadata?: {
    readonly annotations?: Record<string, string>;
    readonly labels?: Record<string, string>;
    readonly ownerReferences?: readonly { kind: string; name: string; controller?: boolean }[];
    readonly resourceVersion?: string;
  };
  readonly immutable?: boolean;
  readonly data?: Record<string, string>;
  readonly binaryData?: Record<string, string>;
}

function snapshot({ kind }: Ref, stored: Stored): Snapshot {
  const data: Record<string, Uint8Array> = {};
  for (const [key, text] of Object.entries(stored.data ?? {})) {
    data[key] = bytes(text, kind === 'Secret' ? 'base64' : 'utf8');
  }
  for (const [key, text] of Object.entries(stored.binaryData ?? {}))
    data[key] = bytes(text, 'base64');
  return {
    data,
    annotations: stored.metadata?.annotations ?? {},
    immutable: stored.immutable === true,
    owner: ownerOf(stored),
    version: stored.metadata?.resourceVersion ?? '',
  };
}

/**
 * By an owner reference: that object's controller writes this one, and Kubernetes deletes it after its owner. Or by
 * the label that says which tool manages it.
 */
function ownerOf({ metadata = {} }: Stored): string | undefined {
  const { ownerReferences = [], labels = {} } = metadata;
  const owner = ownerReferences.find(({ controller }) => controller) ?? ownerReferences[0];
  if (owner) return `${owner.kind} ${owner.name}`;
  return labels['app.kubernetes.io/managed-by'] || undefined;
}

function bytes(value: string, encoding: BufferEncoding): Uint8Array {
  return new Uint8Array(Buffer.from(value, encoding));
}
