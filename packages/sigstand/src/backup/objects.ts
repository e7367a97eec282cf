import { type Access, ask, hasStatus, Unsuccessful } from '@sigstand/store/api';
import { resources } from '@sigstand/store/bodies';
import { refusal, silence } from '@sigstand/store/refusal';
import { type Ref, StoreError } from '@sigstand/store/store';
import { type Kept, keptNamespace, keptRecord, versionOf } from './object.ts';

/** An object as it was read. */
export interface Read {
  readonly kept: Kept;
  readonly version: string;
}

/** Every object of a stack that is there. @throws {StoreError} */
export async function readAll(access: Access, refs: readonly Ref[]): Promise<Read[]> {
  const namespaces = [...new Set(refs.map(({ namespace }) => namespace))];
  const all = await Promise.all([
    ...namespaces.map((name) => readNamespace(access, name)),
    ...refs.map((one) => readRecord(access, one)),
  ]);
  return all.filter((one) => one !== undefined);
}

async function readRecord(access: Access, ref: Ref): Promise<Read | undefined> {
  const { kind, namespace, name } = ref;
  const path = ['api', 'v1', 'namespaces', namespace, resources[kind], name];
  try {
    const shown = await ask(access, { method: 'GET', path });
    return { kept: keptRecord(ref, shown), version: versionOf(shown) };
  } catch (error) {
    const refused = refusal('get', ref, error);
    if (refused === 'absent') return undefined;
    throw refused;
  }
}

async function readNamespace(access: Access, name: string): Promise<Read | undefined> {
  try {
    const shown = await ask(access, { method: 'GET', path: ['api', 'v1', 'namespaces', name] });
    return { kept: keptNamespace(name, shown), version: versionOf(shown) };
  } catch (error) {
    if (hasStatus(error, 404)) return undefined;
    throw namespaceRefused('get', name, error);
  }
}

/** What a namespace's refusal means. */
export function namespaceRefused(verb: string, name: string, error: unknown): unknown {
  if (error instanceof StoreError) return error;
  const place = `${verb} Namespace ${name}`;
  if (!(error instanceof Unsuccessful)) {
    return new StoreError('UNAVAILABLE', `${place}: ${silence(error)}`, { cause: error });
  }
  const forbidden = error.status === 403 || error.status === 401;
  const message = `${place}: the API server answered ${error.status}`;
  return new StoreError(forbidden ? 'FORBIDDEN' : 'UNEXPECTED', message, {
    hint: forbidden ? `grant verbs [${verb}], resources [namespaces] in a ClusterRole` : '',
  });
}
