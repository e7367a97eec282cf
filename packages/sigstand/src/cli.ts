import { Readable } from 'node:stream';
import { JobError } from '@sigstand/job/errors';
import { conclude, type Terminal } from '@sigstand/job/main';
import { Command } from 'commander';
import { backup } from './backup/verb.ts';
import { down } from './down/verb.ts';
import { exporting } from './export/verb.ts';
import { restore } from './restore/verb.ts';
import { graceNow } from './rotate/lease.ts';
import { rotate } from './rotate/verb.ts';
import { status } from './status/verb.ts';
import { token } from './token.ts';
import { up } from './up/verb.ts';
import type { Verb, VerbContext } from './verb.ts';
import { version } from './version.ts';

/** What `sigstand` can do, by its verb. */
const verbs: Readonly<Record<string, () => Verb>> = {
  ...{ up, down, status, token, export: exporting, rotate, backup, restore },
};

/** Runs the verb that the command line names, to its exit status. */
export function sigstand(terminal: Terminal & Pick<VerbContext, 'outage'>): Promise<number> {
  const words = asked(terminal.args);
  const [name = '', ...args] = words;
  const made = isVerb(name) ? verbs[name]?.() : undefined;
  const { env, stdin = nothing, stdout: print, signal, now, outage } = terminal;
  // No flag comes from the environment: SIGSTAND_OUT and its like are the scripts'.
  if (made === undefined) return withoutVerb({ ...terminal, args: words, env: {} });
  const unhurried = { ...terminal, args, env: {}, grace: graceNow };
  return conclude(made.command, unhurried, (options, log) =>
    made.run({ stdin, print, log, now, signal, env, outage }, options),
  );
}

/** The command line, where `help VERB` is `VERB --help`. */
function asked(args: readonly string[]): readonly string[] {
  const [first, second = ''] = args;
  if (first !== 'help') return args;
  if (isVerb(second)) return [second, '--help'];
  return second === '' || second.startsWith('-') ? ['--help'] : [second];
}

function isVerb(name: string): boolean {
  return Object.hasOwn(verbs, name);
}

const nothing = () => Readable.from([]);

/** Help, the version, or what is wrong. */
function withoutVerb(terminal: Terminal): Promise<number> {
  const command = new Command('sigstand')
    .description('Looks after a private Sigstore on Kubernetes that Sigstand has set up.')
    .usage('VERB [flags]')
    .version(version, '--version', 'print the version')
    .helpOption('--help', 'print this help')
    .option('--log-format <format>', 'how to write an error: text or json', 'text')
    .allowExcessArguments()
    .addHelpText('after', `\nVerbs:\n${listed()}\n\nsigstand VERB --help has the flags of each.`);
  return conclude(command, terminal, async () => {
    const [first] = terminal.args;
    // What was given is not repeated: it may be a token that went to the wrong place.
    throw new JobError(
      'usage',
      first === undefined ? 'no verb is given' : 'there is no such verb',
      {
        hint: 'sigstand --help lists the verbs',
      },
    );
  });
}

function listed(): string {
  return Object.entries(verbs)
    .map(([name, verb]) => `  ${name.padEnd(8)} ${verb().summary}`)
    .join('\n');
}
