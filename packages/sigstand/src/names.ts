import { Option } from '@commander-js/extra-typings';
import { tufRepository } from '@sigstand/contracts/records';
import { namespaceName } from '@sigstand/job/values';

/** The names in which the stacks of one cluster differ. */
export interface StackNames {
  /** The namespace of the TUF repository; every other address stands in what it publishes. */
  readonly tuf: string;
}

/** How the chart was told to name namespaces: its values `namespaces.prefix` and `namespaces.single`. */
export interface Naming {
  readonly namespacePrefix?: string | undefined;
  readonly singleNamespace?: string | undefined;
}

/** How the namespaces of a stack are named: this is the one place that knows. */
export function stackNames({ namespacePrefix = '', singleNamespace }: Naming): StackNames {
  return { tuf: singleNamespace ?? `${namespacePrefix}${tufRepository.namespace}` };
}

/** The flag for a stack whose namespaces have something before their names. */
export const prefixOption = () =>
  new Option(
    '--namespace-prefix <text>',
    'what stands before the name of each namespace',
  ).argParser(prefix);

/** The flag for a stack that has one namespace for all. */
export const singleOption = () =>
  new Option('--single-namespace <name>', 'the one namespace of all, where the stack has but one')
    .argParser(namespaceName)
    .conflicts('namespacePrefix');

function prefix(text: string): string {
  // With any name behind it, it has to make a namespace.
  namespaceName(`${text}${tufRepository.namespace}`);
  return text;
}
