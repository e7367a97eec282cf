import { type Failure, JobError } from '@sigstand/job/errors';

/** Trillian's refusal, or its silence, by gRPC's name for it. */
export class TrillianError extends Error {
  override readonly name = 'TrillianError';
  readonly code: string;

  constructor(code: string, details: string, options?: ErrorOptions) {
    super(`${code}: ${details.replaceAll(/\s+/g, ' ').slice(0, 300)}`, options);
    this.code = code;
  }
}

// Everything else may pass: a server or database that starts, a tree that another process deletes.
// A database that is not ready is told as UNKNOWN or INTERNAL, so these are waited out as well.
const final: Readonly<Record<string, { failure: Failure; hint: string }>> = {
  INVALID_ARGUMENT: { failure: 'data', hint: 'Trillian takes no such tree; check the flags' },
  UNIMPLEMENTED: { failure: 'data', hint: 'check that --admin-server names a Trillian log server' },
  PERMISSION_DENIED: { failure: 'forbidden', hint: 'check what Trillian allows this client' },
  UNAUTHENTICATED: { failure: 'forbidden', hint: 'check what Trillian allows this client' },
};

/** Why the Job stops at this answer; undefined where the next answer may be another. */
export function stopAt(server: string, { code, message }: TrillianError): JobError | undefined {
  const reason = final[code];
  return reason && new JobError(reason.failure, `${server} answered ${message}`, reason);
}
