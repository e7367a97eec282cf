import { type Access, ask, hasStatus, Unsuccessful } from '@sigstand/store/api';
import { pathOf } from '@sigstand/store/bodies';
import { refusal } from '@sigstand/store/refusal';
import { type Named, show } from '@sigstand/store/store';
import { jobNameOf, type Naming, namespaceOf } from '../names.ts';
import { endOf, type JobStatus } from '../rotate/objects.ts';

/** What became of the Jobs that look for the trees of the logs. */
export interface TreeJobs {
  /** Deleted, for the manifests to make them anew. */
  readonly deleted: readonly string[];
  /** Those that the caller may not look at, or delete. */
  readonly left: readonly string[];
}

interface JobThere extends JobStatus {
  readonly metadata: { readonly uid: string; readonly labels?: Readonly<Record<string, string>> };
}

/**
 * Takes away the Jobs createtree that found the database empty: with 78 they look no second time. Who applies the
 * manifests makes them anew, whether or not Kubernetes has marked them as failed by then. One that still runs may have
 * looked too early as well, if the database was loaded just now. Nothing is lost: createtree has changed nothing.
 *
 * @throws {StoreError} Where the API server does not answer.
 */
export async function clearTreeJobs(
  access: Access,
  naming: Naming,
  { loaded }: { readonly loaded: boolean },
): Promise<TreeJobs> {
  const [deleted, left]: [string[], string[]] = [[], []];
  for (const system of ['rekor', 'ctlog'] as const) {
    const [namespace, name] = [
      namespaceOf(naming, system),
      jobNameOf(naming, system, 'createtree'),
    ];
    const ref: Named = { kind: 'Job', namespace, name };
    const done = await cleared(access, ref, loaded);
    if (done) (done === 'deleted' ? deleted : left).push(show(ref));
  }
  return { deleted, left };
}

async function cleared(access: Access, ref: Named, loaded: boolean) {
  try {
    const job = (await ask(access, { method: 'GET', path: pathOf(ref) })) as JobThere;
    const end = endOf(job);
    const { uid, labels = {} } = job.metadata;
    const isOurs = labels['app.kubernetes.io/part-of'] === 'sigstand';
    if (!isOurs || end === 'done' || (end === undefined && !loaded)) return;
    const content = { propagationPolicy: 'Background', preconditions: { uid } };
    const body = { type: 'application/json', content };
    await ask(access, { method: 'DELETE', path: pathOf(ref), body }).catch(gone);
    return 'deleted';
  } catch (error) {
    if (!(error instanceof Unsuccessful)) throw refusal('delete', ref, error);
    // It is gone, or another one by now.
    if (error.status === 404 || error.status === 409) return;
    if (error.status === 403) return 'left';
    throw refusal('delete', ref, error);
  }
}

/** Deleted by us, where the answer was lost on the way, or by whoever was quicker. */
function gone(error: unknown): void {
  if (!hasStatus(error, 404)) throw error;
}
