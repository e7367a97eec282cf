import { Command, Help, InvalidArgumentError, Option } from '@commander-js/extra-typings';
import { JobError } from './errors.ts';
import { variableOf } from './settings.ts';
import { duration, namespaceName } from './values.ts';

/** Which store `--store` means. */
export type Place =
  | { readonly kind: 'kubernetes' }
  | { readonly kind: 'dir'; readonly path: string };

/** A command with the flags that every Job has; a Job adds its own. */
export function jobCommand(
  name: string,
  summary: string,
  { version, namespace }: { version: string; namespace: string },
) {
  return new Command(name)
    .description(summary.replaceAll('\n', ' '))
    .addOption(
      new Option('--namespace <name>', 'namespace of the objects that this Job writes')
        .default(namespace)
        .argParser(namespaceName)
        .helpGroup(everyJob),
    )
    .addOption(
      new Option(
        '--store <place>',
        'where the objects live: kubernetes, or dir:PATH for plain files',
      )
        .default({ kind: 'kubernetes' } as Place, 'kubernetes')
        .argParser(place)
        .helpGroup(everyJob),
    )
    .addOption(
      new Option('--timeout <duration>', 'how long to wait for what other Jobs make')
        .default(300_000, '5m')
        .argParser(duration)
        .helpGroup(everyJob),
    )
    .addOption(
      new Option('--log-format <format>', 'how to write the log')
        .choices(['text', 'json'] as const)
        .default('text' as const)
        .helpGroup(everyJob),
    )
    .optionsGroup(everyJob)
    .version(version, '--version', 'print the version')
    .optionsGroup('Flags:')
    .addHelpOption(new Option('--help', 'print this help').helpGroup(everyJob))
    .configureHelp({ groupItems: ownFirst(everyJob) })
    .addHelpText('after', `${settingsHelp(name)}\n${exitHelp}`);
}

const everyJob = 'Flags that every Job has:';

/** A command's own flags before the group of those that others have as well. */
export function ownFirst(others: string) {
  return function grouped<T extends Command | Option>(
    this: Help,
    all: T[],
    visible: T[],
    groupOf: (item: T) => string,
  ): Map<string, T[]> {
    const groups = [...Help.prototype.groupItems.call(this, all, visible, groupOf as never)];
    const ordered = groups.sort(([a], [b]) => Number(a === others) - Number(b === others));
    return new Map(ordered) as Map<string, T[]>;
  };
}

const settingsHelp = (job: string) => `
A flag that is not given is read from the environment: --log-format from
${variableOf(job, 'log-format')} and so on, --namespace from NAMESPACE. A repeatable one
takes several values, with blanks or commas between. What asks for something to
be done once is a flag only.`;

const exitHelp = `
Exit status:
  0   done, also where it was done before
  64  the command line is wrong        69  an input did not come in time
  65  an input is wrong                75  something failed that may pass: try again
  77  forbidden                        78  what is stored contradicts itself
  70  a defect of this program
Flags may be written with _ for - as well.`;

/** A flag that upstream has and that would put a secret on the command line: said, not ignored. */
export function refusedFlag<const Usage extends string>(flags: Usage, why: string) {
  return new Option(flags, why).hideHelp().argParser((): string => {
    // Not an InvalidArgumentError, whose text repeats the value.
    throw new JobError('usage', `${flags.split(' ')[0]} is not taken: ${why}`);
  });
}

/**
 * The arguments as commander reads them: `_` in a flag's name becomes `-`, and Go's single dash
 * before a long name becomes two.
 */
export function gnuStyle(args: readonly string[]): string[] {
  const end = args.indexOf('--');
  return args.map((arg, index) => {
    if (end !== -1 && index >= end) return arg;
    const match = /^--?([A-Za-z][\w-]+)(=.*)?$/s.exec(arg);
    return match ? `--${match[1]?.replaceAll('_', '-')}${match[2] ?? ''}` : arg;
  });
}

/** The value of `--store`. */
export function place(text: string): Place {
  if (text === 'kubernetes') return { kind: 'kubernetes' };
  if (text.startsWith('dir:') && text.length > 4) return { kind: 'dir', path: text.slice(4) };
  throw new InvalidArgumentError('Write kubernetes or dir:PATH.');
}
