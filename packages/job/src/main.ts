import type { Readable } from 'node:stream';
import type { Store } from '@sigstand/store/store';
import { type Command, CommanderError } from 'commander';
import { gnuStyle, type jobCommand, type Place } from './command.ts';
import { asJobError, exitStatus, JobError } from './errors.ts';
import { ending, type Log, logTo } from './log.ts';
import { refuseDefaults } from './outside.ts';
import { type Environment, settled, variableOf } from './settings.ts';
import { refuseLong, usageMessage } from './usage.ts';
import { type WaitFor, waiting } from './wait.ts';

/** What a Job gets from outside; everything else it needs is a parameter of the Job. */
export interface JobContext {
  readonly store: Store;
  readonly log: Log;
  readonly now: Date;
  readonly signal: AbortSignal;
  readonly waitFor: WaitFor;
}

/** The process, as far as a program may know it. */
export interface Terminal {
  /** The arguments after the program's name. */
  readonly args: readonly string[];
  /** What gives the flags that are not among them. */
  readonly env: Environment;
  readonly stdout: (text: string) => void;
  readonly stderr: (text: string) => void;
  /** Standard input, which is opened when it is asked for. */
  readonly stdin?: () => Readable;
  /** Waits until standard output has all of it; why it has not, where a reader that has gone is no reason. */
  readonly written?: () => Promise<string | undefined>;
  /** Aborts when the process is told to stop. */
  readonly signal: AbortSignal;
  /** How many milliseconds the work has from then on, where a request under way is not all that it has to end. */
  readonly grace?: () => number;
  readonly now: () => Date;
}

/** The process, as far as a Job may know it. */
export interface Host extends Terminal {
  readonly openStore: (
    place: Place,
    use: { job: string; log: Log; signal: AbortSignal; timeout: number },
  ) => Promise<Store>;
}

type JobCommand = ReturnType<typeof jobCommand>;

/** A command and what it does with its options. */
export interface Job<Options extends object = object> {
  readonly command: { opts(): Options; name(): string };
  run(context: JobContext, options: Options): Promise<void>;
}

/** Ties a command to what it does; the options' types follow from the command's flags. */
export function defineJob<Options extends object>(
  command: { opts(): Options; name(): string },
  run: (context: JobContext, options: Options) => Promise<void>,
): Job<Options> {
  return { command, run };
}

/** Runs a Job to its exit status. Every error ends here, as one line. */
export async function main(job: Job, host: Host): Promise<number> {
  const command = job.command as JobCommand;
  return conclude(command as never, host, async (options: CommonOptions, log) => {
    if (options.store.kind === 'kubernetes') refuseDefaults(command as never, options);
    await run(job, host, { options, log });
  });
}

/**
 * Reads the command line, does the work and resolves to the exit status; every error ends here, as one line. Help and
 * the version are work that is done.
 */
export async function conclude<Options extends { readonly logFormat: 'text' | 'json' }>(
  command: Command,
  terminal: Terminal,
  work: (options: Options, log: Log) => Promise<void>,
): Promise<number> {
  const job = command.name();
  const tell = (format: 'text' | 'json'): Log =>
    logTo(terminal.stderr, { job, format, now: terminal.now });
  let log = tell(formatAsked(job, terminal));
  try {
    const options = parse<Options>(command, terminal);
    if (options !== undefined) {
      log = tell(options.logFormat);
      await untilStopped(terminal, work(options, log));
    }
    await refuseLost(terminal);
    return exitStatus.done;
  } catch (error) {
    const reason = stopped(error, terminal.signal) ?? asJobError(error);
    log(ending(reason));
    return exitStatus[reason.failure];
  }
}

/** @throws {JobError} tryAgain, where what was asked for has not come to standard output. */
async function refuseLost({ written }: Terminal): Promise<void> {
  const lost = await written?.();
  if (lost === undefined) return;
  throw new JobError('tryAgain', `standard output cannot be written: ${lost}`, {
    hint: 'make room where it leads, and run it again',
  });
}

/** The log's format, for an error in the flags that say so. */
function formatAsked(job: string, { args, env }: Terminal): 'text' | 'json' {
  const words = [`--log-format=${env[variableOf(job, 'log-format')]}`, ...args];
  return words.some(
    (word, index) =>
      /^--?log[-_]format(=json)?$/.test(word) &&
      (word.endsWith('=json') || words[index + 1] === 'json'),
  )
    ? 'json'
    : 'text';
}

type CommonOptions = ReturnType<JobCommand['opts']>;

/** The options, or undefined where help or the version was all that was asked for. */
function parse<Options extends object>(command: Command, terminal: Terminal): Options | undefined {
  command.exitOverride().configureOutput({ writeOut: terminal.stdout, writeErr: () => {} });
  refuseLong(terminal.args);
  const { args, variables } = settled(command, gnuStyle(terminal.args), terminal.env);
  refuseLong(args);
  try {
    command.parse(args, { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode === 0) return undefined;
    const hint = `see ${command.name()} --help`;
    throw new JobError('usage', usageMessage(error, variables), { cause: error, hint });
  }
  return command.opts<Options>();
}

async function run(
  job: Job,
  host: Host,
  { options, log }: { options: CommonOptions; log: Log },
): Promise<void> {
  const { signal } = host;
  const waitFor = waiting({ timeout: options.timeout, signal, log });
  const { timeout } = options;
  const use = { job: job.command.name(), log, signal, timeout };
  const store = await host.openStore(options.store, use);
  await job.run({ store, log, now: host.now(), signal, waitFor }, options);
}

/** How long a request under way may take to end, in milliseconds. */
export const aRequest = 500;

/**
 * What `work` comes to; but once the signal comes, it has only as long as a request under way needs.
 * Whatever that leaves half done, the next run goes on from.
 */
function untilStopped(
  { signal, grace = () => aRequest }: Terminal,
  work: Promise<void>,
): Promise<void> {
  const { promise: late, reject } = Promise.withResolvers<never>();
  let timer: ReturnType<typeof setTimeout> | undefined;
  const count = () => {
    timer = setTimeout(() => reject(signal.reason), grace());
  };
  signal.addEventListener('abort', count, { once: true });
  if (signal.aborted) count();
  return Promise.race([work, late]).finally(() => {
    signal.removeEventListener('abort', count);
    clearTimeout(timer);
  });
}

function stopped(error: unknown, signal: AbortSignal): JobError | undefined {
  if (!signal.aborted || error instanceof JobError) return undefined;
  return new JobError('tryAgain', 'stopped before it was done', {
    cause: error,
    hint: 'run it again, it goes on from what is stored',
  });
}
