import { Option } from '@commander-js/extra-typings';
import type { Contract } from '@sigstand/contracts/contract';
import {
  copies,
  mysqlCredentials,
  records,
  rekorMysqlCredentials,
  tufRepository,
} from '@sigstand/contracts/records';
import { namespaceName } from '@sigstand/job/values';

/** The names in which the stacks of one cluster differ. */
export interface StackNames {
  /** The namespace of the TUF repository; every other address stands in what it publishes. */
  readonly tuf: string;
  /** The namespace of Trillian and its database. */
  readonly trillian: string;
}

/** How the chart was told to name namespaces: its values `namespaces.prefix` and `namespaces.single`. */
export interface Naming {
  readonly namespacePrefix?: string | undefined;
  readonly singleNamespace?: string | undefined;
}

/** How the namespaces of a stack are named: this is the one place that knows. */
export function stackNames({ namespacePrefix = '', singleNamespace }: Naming): StackNames {
  const named = (namespace: string) => singleNamespace ?? `${namespacePrefix}${namespace}`;
  return { tuf: named(tufRepository.namespace), trillian: named(mysqlCredentials.namespace) };
}

/**
 * Every record of a stack, where that stack has it. In one namespace Rekor reads Trillian's own credentials, and the
 * copies of public keys have a word before the names of their sources.
 */
export function stackRecords({ namespacePrefix = '', singleNamespace }: Naming): Contract[] {
  if (singleNamespace === undefined) {
    return records.map((one) => ({ ...one, namespace: `${namespacePrefix}${one.namespace}` }));
  }
  const copied: readonly Contract[] = Object.values(copies);
  return records
    .filter((one) => one !== rekorMysqlCredentials)
    .map((one) => ({
      ...one,
      namespace: singleNamespace,
      name: copied.includes(one) ? `trusted-${one.name}` : one.name,
    }));
}

/** The parts of a stack, each with a namespace of its own where there is more than one. */
export type System = 'trillian' | 'rekor' | 'fulcio' | 'ctlog' | 'tsa' | 'tuf';

/** The namespace of a part of the stack. */
export function namespaceOf({ namespacePrefix = '', singleNamespace }: Naming, system: System) {
  return singleNamespace ?? `${namespacePrefix}${system}-system`;
}

/** The name of a Job of a part: two of them are there twice, which one namespace tells apart. */
export function jobNameOf({ singleNamespace }: Naming, system: System, job: string): string {
  const twice = job === 'createsecret' || job === 'createtree';
  return singleNamespace !== undefined && twice ? `${system}-${job}` : job;
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
  // With every name behind it, it has to make a namespace.
  for (const { namespace } of records) namespaceName(`${text}${namespace}`);
  return text;
}
