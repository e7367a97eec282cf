import { StoreError, type StoreErrorCode } from '@sigstand/store/store';

/** How a Job ends, by sysexits; the manifests' podFailurePolicy reads the same numbers. */
export const exitStatus = {
  done: 0,
  /** The command line is wrong. */
  usage: 64,
  /** An input is wrong: it must change before another try can succeed. */
  data: 65,
  /** An input did not come in time. */
  unavailable: 69,
  /** A defect of this program. */
  bug: 70,
  /** Something outside failed in a way that may pass. */
  tryAgain: 75,
  /** The Job's identity may not do what it must. */
  forbidden: 77,
  /** What is stored contradicts itself: a person must decide. */
  contradiction: 78,
} as const;

export type Failure = Exclude<keyof typeof exitStatus, 'done'>;

/** What to do where nobody knows better. */
const next: Record<Failure, string> = {
  usage: 'correct the command line; --help lists the flags',
  data: 'correct it, then run this again',
  unavailable: 'see what the Job that makes it says, then run this again',
  bug: 'please report it',
  tryAgain: 'run it again, it goes on from what is stored',
  forbidden: 'check the Role and RoleBinding of whoever runs this',
  contradiction:
    'nothing was changed; find out which of the two the services use, and restore the other to match it',
};

/** Why a Job stops. The message says what is wrong with which thing, the hint what the reader can do. */
export class JobError extends Error {
  override readonly name = 'JobError';
  readonly failure: Failure;
  readonly hint: string;

  constructor(failure: Failure, message: string, options: ErrorOptions & { hint?: string } = {}) {
    super(message, options);
    this.failure = failure;
    this.hint = options.hint || next[failure];
  }
}

/** An error that a pure library throws for bytes it cannot take; it knows no record, so we add it. */
interface Fault extends Error {
  readonly fault: 'data' | 'contradiction';
  readonly hint?: string | undefined;
}

/**
 * Runs `read` on what stands at `place` (a record and key, a flag, a URL), and names the place in the
 * error where the bytes are bad. `hints` says what to do, where this place knows better.
 *
 * @throws {JobError}
 */
export function at<T>(
  place: string,
  read: () => T,
  hints: { readonly [F in Fault['fault']]?: string } = {},
): T {
  try {
    return read();
  } catch (error) {
    if (!isFault(error)) throw error;
    const hint = hints[error.fault] ?? error.hint;
    const options = { cause: error, ...(hint && { hint }) };
    throw new JobError(error.fault, `${place} ${error.message}`, options);
  }
}

function isFault(error: unknown): error is Fault {
  return error instanceof Error && 'fault' in error;
}

const ofStore: Record<StoreErrorCode, { failure: Failure; hint?: string }> = {
  CONFLICT: { failure: 'tryAgain', hint: 'something else keeps writing it; find out what' },
  FORBIDDEN: { failure: 'forbidden' },
  UNAUTHENTICATED: { failure: 'forbidden', hint: 'check the service account token or kubeconfig' },
  NO_NAMESPACE: { failure: 'unavailable', hint: 'create the namespace' },
  TERMINATING: { failure: 'data', hint: 'wait until the namespace is gone, then create it anew' },
  INVALID: { failure: 'data' },
  REFUSED: { failure: 'data', hint: 'change the rule that refuses it, then run this again' },
  IMMUTABLE: { failure: 'contradiction' },
  OWNED: { failure: 'contradiction' },
  UNAVAILABLE: {
    failure: 'tryAgain',
    hint: 'check that it runs and can be reached, then run this again',
  },
  UNEXPECTED: { failure: 'tryAgain' },
};

/** Any error as a reason to stop; what nobody foresaw is a bug of ours. */
export function asJobError(error: unknown): JobError {
  if (error instanceof JobError) return error;
  if (error instanceof StoreError) {
    const { failure, hint = '' } = ofStore[error.code];
    return new JobError(failure, error.message, { cause: error, hint: error.hint ?? hint });
  }
  if (isFault(error)) {
    return new JobError(error.fault, error.message, { cause: error, hint: error.hint ?? '' });
  }
  // The message of a foreign error may quote what it was given, so only its kind is told.
  const kind = error instanceof Error ? error.name : typeof error;
  return new JobError('bug', `unforeseen ${kind}`, {
    cause: error,
    hint: `please report it${whereOf(error)}`,
  });
}

function whereOf(error: unknown): string {
  const line = error instanceof Error ? error.stack?.match(/\n\s+at (.*)/)?.[1] : undefined;
  return line ? `, with where it was: ${line}` : '';
}
