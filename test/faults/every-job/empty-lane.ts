import { RbacAuthorizationV1Api } from '@kubernetes/client-node';
import { kubeconfigAt } from '../../programs/kubeconfig.ts';
import { outlines, violations } from '../checker.ts';
import { type History, openHistory, type StoredObject } from '../history.ts';
import { type Lane, openLane } from '../lane.ts';

/** A lane where nothing has run, on the Trillian of another. */
export interface EmptyLane {
  readonly lane: Lane;
  readonly history: History;
  /** What is wrong with all that has happened in it; `earlier` is from another watch. */
  faults(earlier?: History): Promise<string[]>;
  state(): Promise<Map<string, StoredObject>>;
  close(): void;
}

export async function openEmptyLane(name: string, kubeconfig: string): Promise<EmptyLane> {
  const lane = await openLane(name, kubeconfig);
  const history = await openHistory(kubeconfig, lane.admin, (one) => one.endsWith(`-${name}`));
  return {
    lane,
    history,
    faults: async (earlier) => {
      await history.mark();
      return violations(new Map(), [...(earlier?.since(0) ?? []), ...history.since(0)]);
    },
    state: async () => {
      await history.mark();
      return history.state();
    },
    close: () => history.close(),
  };
}

/** The outlines of what is stored, with the lane's name left out. */
export function plainOutlines(state: ReadonlyMap<string, StoredObject>, lane: string): string[] {
  return outlines(state.values()).map((one) => one.replaceAll(`-${lane}/`, '-system/'));
}

/** Takes from every service account of the lane what its RoleBinding gives. */
export async function unbind({ jobs }: Lane, kubeconfig: string): Promise<void> {
  const config = kubeconfigAt(kubeconfig);
  const rbac = config.makeApiClient(RbacAuthorizationV1Api);
  const namespaces = new Set(jobs.map(({ namespace }) => namespace));
  for (const namespace of namespaces)
    await rbac.deleteCollectionNamespacedRoleBinding({ namespace });
}
