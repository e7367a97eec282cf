import type { Readable } from 'node:stream';
import { Command, Option } from '@commander-js/extra-typings';
import { ownFirst } from '@sigstand/job/command';
import { fileAt } from '@sigstand/job/file';
import type { Log } from '@sigstand/job/log';
import type { Environment } from '@sigstand/job/settings';
import { clusterAccess } from '@sigstand/store/access';
import type { Access } from '@sigstand/store/api';
import type { Command as AnyCommand } from 'commander';
import { patient } from './outage.ts';
import { text } from './values.ts';

/** What a verb gets from outside. */
export interface VerbContext {
  readonly stdin: () => Readable;
  /** For what was asked for; the log goes elsewhere. */
  readonly print: (text: string) => void;
  readonly log: Log;
  readonly now: () => Date;
  readonly signal: AbortSignal;
  readonly env: Environment;
  /** How long an API server that goes away is waited for, in milliseconds. */
  readonly outage?: number | undefined;
}

/** One thing that the CLI does. It resolves, or throws a JobError whose failure is the exit status. */
export interface Verb {
  readonly summary: string;
  readonly command: AnyCommand;
  run(context: VerbContext, options: object): Promise<void>;
}

/** Ties a command to what it does; the options' types follow from the command's flags. */
export function defineVerb<Options extends VerbOptions>(
  command: { opts(): Options },
  run: (context: VerbContext, options: Options) => Promise<void>,
): Verb {
  const own = command as unknown as AnyCommand;
  return { summary: own.summary(), command: own, run: run as Verb['run'] };
}

const everyVerb = 'Flags that every verb has:';

/** A command with the flags that every verb has; a verb adds its own. */
export function verbCommand(name: string, summary: string, description: string) {
  return new Command(`sigstand ${name}`)
    .summary(summary)
    .description(description.replaceAll('\n', ' '))
    .addOption(
      new Option('--kubeconfig <file>', 'the kubeconfig to use, for those of KUBECONFIG')
        .argParser(text)
        .helpGroup(everyVerb),
    )
    .addOption(
      new Option('--context <name>', 'a context of it, for the current one')
        .argParser(text)
        .helpGroup(everyVerb),
    )
    .addOption(new Option('--json', 'print the result as JSON').helpGroup(everyVerb))
    .addOption(
      new Option('--log-format <format>', 'how to write the log')
        .choices(['text', 'json'] as const)
        .default('text' as const)
        .helpGroup(everyVerb),
    )
    .optionsGroup('Flags:')
    .addHelpOption(new Option('--help', 'print this help').helpGroup(everyVerb))
    .configureHelp({ groupItems: ownFirst(everyVerb) });
}

export type VerbOptions = ReturnType<ReturnType<typeof verbCommand>['opts']>;

const mostBytes = 16 << 20; // of a kubeconfig

/**
 * The API server that the flags name, else the one that kubectl would ask.
 *
 * @throws {JobError} usage, where there is no such file.
 * @throws {StoreError} INVALID, where no cluster is selected.
 */
export function accessTo(
  { kubeconfig, context }: Pick<VerbOptions, 'kubeconfig' | 'context'>,
  env: Environment,
): Promise<Access> {
  // Of a list, kubectl passes over a file that is not there; of one that a flag names, it does not.
  if (kubeconfig) fileAt('--kubeconfig', kubeconfig, { most: mostBytes, failure: 'usage' });
  const hint = kubeconfig
    ? 'name the one that is meant by --context, as kubectl config get-contexts lists them'
    : 'give --kubeconfig, or set KUBECONFIG to the files that kubectl takes';
  return clusterAccess(
    { ...env, ...(kubeconfig && { KUBECONFIG: kubeconfig }) },
    { context, hint },
  );
}

/** The same, for who works on a stack: where it goes away meanwhile, it is waited for. @throws As above. */
export async function patientAccessTo(
  flags: Pick<VerbOptions, 'kubeconfig' | 'context'>,
  context: Pick<VerbContext, 'env' | 'log' | 'signal' | 'outage'>,
): Promise<Access> {
  return patient(await accessTo(flags, context.env), context);
}
