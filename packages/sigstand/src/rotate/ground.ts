import type { Data, Named, Ref, Store } from '@sigstand/store/store';
import type { Way } from '../status/way.ts';
import type { JobObject } from './settings.ts';

/** What a rotation does with a cluster, besides its records: Kubernetes itself, and the services. */
export interface Ground {
  readonly store: Store;
  /** How a service is asked by its URL in the cluster; whoever answers was ready a moment ago. */
  readonly way: Way;
  readonly now: () => Date;
  /** Milliseconds. @throws {JobError} tryAgain, where the process is told to stop. */
  readonly pause: (time: number) => Promise<void>;
  /** A Job, the one that a CronJob makes, or the Pods of a Deployment. @throws {JobError} unavailable, where there is none. */
  readonly job: (ref: Named) => Promise<JobObject>;
  /** Runs a CronJob's Job, or a Job again, now, to its end; with more arguments, where some are given. @throws {JobError} */
  readonly run: (of: Named, args?: readonly string[]) => Promise<void>;
  /** Starts a Deployment's Pods anew, and waits until no old one is left. @throws {JobError} */
  readonly restart: (deployment: Named) => Promise<void>;
  /**
   * Starts new Pods of a Deployment beside the old ones, and resolves when they wait for something before they serve, or
   * serve. Those that do neither in time are not waited for.
   */
  readonly standBy: (deployment: Named) => Promise<void>;
  /** Has the Pods of a Deployment look for news at once, and waits until no old one is left. @throws {JobError} */
  readonly settle: (deployment: Named) => Promise<void>;
  /** Some files of the repository, as each web server has them. */
  readonly handedOut: (namespace: string, names: readonly string[]) => Promise<readonly Data[]>;
  /** Has the kubelet look for news at once in the volumes of the web servers. */
  readonly touch: (namespace: string) => Promise<void>;
  readonly remove: (ref: Ref) => Promise<void>;
}
