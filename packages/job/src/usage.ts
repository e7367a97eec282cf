import type { CommanderError } from 'commander';
import { JobError } from './errors.ts';

const longest = 4_096;

/**
 * Refuses arguments that no flag takes, before anything looks for a pattern in them.
 *
 * @throws {JobError}
 */
export function refuseLong(args: readonly string[]): void {
  const long = args.find((arg) => arg.length > longest);
  if (long === undefined) return;
  const flag = flagIn(long);
  const what = flag ? `the value of ${flag}` : 'an argument';
  throw new JobError('usage', `${what} has ${long.length} characters; at most ${longest} are read`);
}

/**
 * Commander's message without what was given: a value may be a password that went to the wrong flag,
 * and a mistyped `--pasword=x` is told as `--pasword`. A flag that the environment gave is told with its
 * variable.
 */
export function usageMessage(
  error: CommanderError,
  variables: ReadonlyMap<string, string> = new Map(),
): string {
  return plainMessage(error).replace(/^option '(--[a-z-]+)[^']*'/, (told, flag: string) => {
    const variable = variables.get(flag);
    return variable ? `${told} (env ${variable})` : told;
  });
}

function plainMessage({ code, message }: CommanderError): string {
  const plain = message.replace(/^error: /, '').replace(/\.$/, '');
  switch (code) {
    case 'commander.invalidArgument': {
      const [option = 'a flag'] = /^option '[^']*'/.exec(plain) ?? [];
      // What follows is ours, and the value before it may be anything.
      const reason = plain.slice(plain.lastIndexOf(' is invalid. ') + ' is invalid. '.length);
      return `${option} has a value that is invalid: ${reason}`;
    }
    case 'commander.unknownOption': {
      const flag = flagIn(plain.slice("unknown option '".length).split("'")[0] ?? '');
      const [suggestion = ''] = /\(Did you mean [^()]*\?\)$/.exec(plain) ?? [];
      return `unknown option${flag ? ` '${flag}'` : ''} ${suggestion}`.trimEnd();
    }
    case 'commander.excessArguments':
      return 'too many arguments: all that is taken are flags';
    default:
      return plain;
  }
}

/** The flag's name alone, where it looks like one: its length and letters are those that flags have. */
function flagIn(arg: string): string | undefined {
  return /^(--?[a-z][a-z0-9_-]{0,39})(=|$)/.exec(arg)?.[1];
}
