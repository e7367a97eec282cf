import type { Command } from 'commander';
import { JobError } from './errors.ts';
import { listed } from './listed.ts';
import { variableOf } from './settings.ts';

type Unless = (options: never) => boolean;

const outside = new WeakMap<object, Unless>();

/**
 * A flag that leads out of what the Job is told is its own: to another namespace, to a server, to what
 * clients are told. On a cluster it has no default, since another stack may live at that name; in a
 * directory, where there is one stack, its default holds. `unless` says which options make it idle.
 */
export function leadsOut<O extends object>(option: O, unless: Unless = () => false): O {
  outside.set(option, unless);
  return option;
}

/** How `--help` tells the default of such a flag. */
export const inDirectory = (standard: string) => `${standard}, but not on a cluster`;

/** @throws {JobError} usage, where such a flag is not given. */
export function refuseDefaults(
  command: Pick<Command, 'name' | 'options' | 'getOptionValueSource'>,
  options: object,
): void {
  const missing = command.options.filter((option) => {
    const unless = outside.get(option);
    if (unless === undefined || unless(options as never)) return false;
    return command.getOptionValueSource(option.attributeName()) !== 'cli';
  });
  if (missing.length === 0) return;
  const flags = missing.map((option) => `--${option.name()}`);
  const variables = missing.map((option) => variableOf(command.name(), option.name()));
  throw new JobError(
    'usage',
    `${listed(flags)} must be given on a cluster, where a default could lead to another stack`,
    { hint: `give the flag, or in the environment ${listed(variables)}` },
  );
}
