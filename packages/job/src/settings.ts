import type { Command, Option } from 'commander';
import { JobError } from './errors.ts';
import { isRepeatable } from './values.ts';

/** Variables by name, as a process has them. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** A command line, and which of its flags came from the environment: each with its variable. */
export interface Settled {
  readonly args: readonly string[];
  readonly variables: ReadonlyMap<string, string>;
}

const acts = new WeakSet<object>();

/**
 * A flag that asks for something to be done once. No variable gives it: a variable stays, and would ask
 * again at every run.
 */
export function act<O extends object>(option: O): O {
  acts.add(option);
  return option;
}

/** The variable that gives a flag where the command line does not; Kubernetes' own for the namespace. */
export function variableOf(job: string, flag: string): string {
  if (flag === 'namespace') return 'NAMESPACE';
  return `${job}_${flag}`.replaceAll('-', '_').toUpperCase();
}

/**
 * The command line with what the environment gives before it, for each flag that it lacks. An empty
 * variable gives nothing. Flags that can be repeated take several values, with blanks or commas between.
 *
 * @throws {JobError} usage, where a variable has the Job's name before it and is none of its settings.
 */
export function settled(
  command: Pick<Command, 'name' | 'options'>,
  args: readonly string[],
  env: Environment,
): Settled {
  if (args.includes('--help') || args.includes('--version')) return { args, variables: new Map() };
  const job = command.name();
  const known = new Map(command.options.map((one) => [variableOf(job, one.name()), one]));
  refuseUnknown(job, known, env);
  const given = flagsIn(args, command.options);
  const before: string[] = [];
  const variables = new Map<string, string>();
  for (const [variable, option] of known) {
    const text = env[variable] ?? '';
    if (text === '' || given.has(option.name())) continue;
    variables.set(`--${option.name()}`, variable);
    const values = isRepeatable(option.parseArg) ? text.split(/[\s,]+/).filter(Boolean) : [text];
    before.push(...values.map((value) => `--${option.name()}=${value}`));
  }
  return { args: [...before, ...args], variables };
}

/** The names of the flags in a command line; a word behind a flag that takes a value is its value. */
function flagsIn(args: readonly string[], options: readonly Option[]): Set<string> {
  const given = new Set<string>();
  for (let index = 0; index < args.length && args[index] !== '--'; index += 1) {
    const [, name, value] = /^--([^=]+)(=.*)?$/s.exec(args[index] ?? '') ?? [];
    const option = options.find((one) => one.name() === name);
    if (option === undefined) continue;
    given.add(option.name());
    if (option.required && value === undefined) index += 1;
  }
  return given;
}

function refuseUnknown(job: string, known: ReadonlyMap<string, Option>, env: Environment): void {
  const prefix = variableOf(job, '');
  for (const variable of Object.keys(env)) {
    const option = known.get(variable);
    if (option ? isSetting(option) : !variable.startsWith(prefix)) continue;
    const hint = `see ${job} --help`;
    if (option === undefined || option.name() === 'version') {
      throw new JobError('usage', `${printable(variable)} is no setting of ${job}`, { hint });
    }
    const why = option.hidden
      ? option.description
      : `it would ask for --${option.name()} at every run; give the flag, for one`;
    throw new JobError('usage', `${variable} is not taken: ${why}`);
  }
}

function isSetting(option: Option): boolean {
  return !option.hidden && !option.isBoolean() && !acts.has(option);
}

/** A variable's name is its own text, and of any length. */
function printable(variable: string): string {
  return variable.replaceAll(/[^\w-]/g, '?').slice(0, 60);
}
