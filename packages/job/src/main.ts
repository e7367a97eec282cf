import type { Store } from '@sigstand/store/store';
import { CommanderError } from 'commander';
import { gnuStyle, type jobCommand, type Place } from './command.ts';
import { asJobError, exitStatus, JobError } from './errors.ts';
import { type Log, logTo } from './log.ts';
import { type WaitFor, waiting } from './wait.ts';

/** What a Job gets from outside; everything else it needs is a parameter of the Job. */
export interface JobContext {
  readonly store: Store;
  readonly log: Log;
  readonly now: Date;
  readonly signal: AbortSignal;
  readonly waitFor: WaitFor;
}

/** The process, as far as a Job may know it. */
export interface Host {
  /** The arguments after the program's name. */
  readonly args: readonly string[];
  readonly stdout: (text: string) => void;
  readonly stderr: (text: string) => void;
  /** Aborts when the process is told to stop. */
  readonly signal: AbortSignal;
  readonly now: () => Date;
  readonly openStore: (
    place: Place,
    use: { job: string; log: Log; signal: AbortSignal },
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
  const name = job.command.name();
  const tell = (format: 'text' | 'json'): Log =>
    logTo(host.stderr, { job: name, format, now: host.now });
  let log = tell('text');
  try {
    const options = parse(job, host);
    if (options === undefined) return exitStatus.done;
    log = tell(options.logFormat);
    await run(job, host, { options, log });
    return exitStatus.done;
  } catch (error) {
    const reason = stopped(error, host.signal) ?? asJobError(error);
    log(`error: ${reason.message}${reason.hint ? `; ${reason.hint}` : ''}`);
    return exitStatus[reason.failure];
  }
}

type CommonOptions = ReturnType<JobCommand['opts']>;

/** The options, or undefined where help or the version was all that was asked for. */
function parse(job: Job, host: Host): CommonOptions | undefined {
  const command = job.command as JobCommand;
  command.exitOverride().configureOutput({ writeOut: host.stdout, writeErr: () => {} });
  try {
    command.parse(gnuStyle(host.args), { from: 'user' });
    return command.opts();
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode === 0) return undefined;
    const hint = `see ${command.name()} --help`;
    throw new JobError('usage', withoutValue(error.message), { cause: error, hint });
  }
}

/**
 * Commander's message without what may be a secret: a mistyped `--pasword=x` is told as `--pasword`, and
 * a URL without its credentials.
 */
function withoutValue(message: string): string {
  return message
    .replace(/^error: /, '')
    .replace(/(unknown option '[^=']*)=[^']*'/, "$1'")
    .replace(/:\/\/.*@/s, '://...@')
    .replace(/\.$/, '');
}

async function run(
  job: Job,
  host: Host,
  { options, log }: { options: CommonOptions; log: Log },
): Promise<void> {
  const { signal } = host;
  const waitFor = waiting({ timeout: options.timeout, signal, log });
  const store = await host.openStore(options.store, { job: job.command.name(), log, signal });
  await job.run({ store, log, now: host.now(), signal, waitFor }, options);
}

function stopped(error: unknown, signal: AbortSignal): JobError | undefined {
  if (!signal.aborted || error instanceof JobError) return undefined;
  return new JobError('tryAgain', 'stopped before it was done', {
    cause: error,
    hint: 'run it again, it goes on from what is stored',
  });
}
