import { JobError } from '@sigstand/job/errors';
import { type Access, ask, hasStatus } from '@sigstand/store/api';
import { resources } from '@sigstand/store/bodies';
import { refusal } from '@sigstand/store/refusal';
import { type Data, type Ref, StoreError } from '@sigstand/store/store';
import { type Kept, keptNamespace, keptRecord, showKept, valueIn } from '../backup/object.ts';
import { namespaceRefused } from '../backup/objects.ts';
import { type Different, differences } from './plan.ts';

const query = { fieldManager: 'sigstand-restore' };

/** Creates an object; one that is there by now, and is the same, is as good. @throws {JobError | StoreError} */
export async function create(access: Access, kept: Kept): Promise<void> {
  try {
    await ask(access, { method: 'POST', path: folderOf(kept), query, body: bodyOf(kept) });
  } catch (error) {
    if (!hasStatus(error, 409)) throw refused('create', kept, error);
    if (await isThere(access, kept)) return;
    throw new JobError('contradiction', `${showKept(kept)} was made by somebody else meanwhile`, {
      hint: 'end the Jobs of this stack, delete what they made, and run it again before the manifests are applied',
    });
  }
}

/** Puts the backup's object in the place of exactly the one that was found. @throws {JobError | StoreError} */
export async function overwrite(access: Access, { kept, found }: Different): Promise<void> {
  const metadata = { ...kept.metadata, resourceVersion: found.version };
  const path = [...folderOf(kept), kept.metadata.name];
  const body = bodyOf({ ...kept, metadata } as Kept);
  try {
    await ask(access, { method: 'PUT', path, query, body });
  } catch (error) {
    // It was written, and the answer was lost on the way; or somebody else wrote the same.
    if (hasStatus(error, 409) && (await isThere(access, kept))) return;
    throw refused('update', kept, error);
  }
}

/** Whether the object is there as the backup has it. @throws {StoreError} */
async function isThere(access: Access, kept: Kept): Promise<boolean> {
  const path = [...folderOf(kept), kept.metadata.name];
  try {
    const found = await ask(access, { method: 'GET', path });
    return differences(kept, keptFrom(kept, found)).length === 0;
  } catch (error) {
    if (hasStatus(error, 404)) return false;
    throw refused('get', kept, error);
  }
}

function keptFrom(kept: Kept, shown: unknown): Kept {
  const { kind, metadata } = kept;
  if (kind === 'Namespace') return keptNamespace(metadata.name, shown);
  return keptRecord({ kind, namespace: metadata.namespace ?? '', name: metadata.name }, shown);
}

function folderOf({ kind, metadata: { namespace } }: Kept): string[] {
  if (kind === 'Namespace') return ['api', 'v1', 'namespaces'];
  return ['api', 'v1', 'namespaces', namespace ?? '', resources[kind]];
}

function bodyOf(content: Kept) {
  return { type: 'application/json', content };
}

function refused(verb: string, kept: Kept, error: unknown): unknown {
  const { kind, metadata } = kept;
  if (kind === 'Namespace') return namespaceRefused(verb, metadata.name, error);
  const ref: Ref = { kind, namespace: metadata.namespace ?? '', name: metadata.name };
  const keys = Object.keys({ ...kept.data, ...kept.binaryData });
  const sent: Data = Object.fromEntries(
    keys.map((key) => [key, valueIn(kept, key) ?? Buffer.alloc(0)]),
  );
  const why = refusal(verb, ref, error, sent);
  if (why !== 'absent') return why;
  return verb === 'create'
    ? new StoreError('NO_NAMESPACE', `there is no namespace ${ref.namespace}`)
    : new StoreError('CONFLICT', `${showKept(kept)} was deleted meanwhile`);
}
