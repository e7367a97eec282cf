import { tufRepository } from '@sigstand/contracts/records';

/** The names in which the stacks of one cluster differ. */
export interface StackNames {
  /** The namespace of the TUF repository; every other address stands in what it publishes. */
  readonly tuf: string;
}

/** How the namespaces of a stack are named: this is the one place that knows. */
export function stackNames(): StackNames {
  return { tuf: tufRepository.namespace };
}
