import { exitStatus, type Failure, JobError } from '@sigstand/job/errors';

/** What became of one check. */
export interface Finding {
  /** The check's name, which stays: alerts are written on it. */
  readonly check: string;
  /** What was looked at: a URL, a role, a certificate. */
  readonly subject: string;
  /** `none` is a check that could not be made, for a reason that another line has. */
  readonly outcome: 'ok' | 'warn' | 'fail' | 'none';
  /** Of a failure: of which kind it is. */
  readonly kind?: Failure;
  readonly says: string;
  /** What to do about it. */
  readonly todo?: string;
  /** Of a failure that may pass, for who would wait: why it failed. */
  readonly reason?: Reason;
}

/** `noReadyPod`: a Service has Pods, and none is ready yet. */
export type Reason = 'noReadyPod';

/** An error with a reason that programs tell from others. */
export class MayPass extends JobError {
  readonly reason: Reason;

  constructor(reason: Reason, message: string, options: { hint: string }) {
    super('unavailable', message, options);
    this.reason = reason;
  }
}

type Told = Pick<Finding, 'check' | 'subject' | 'says'>;

export const ok = (told: Told): Finding => ({ ...told, outcome: 'ok' });
export const none = (told: Told): Finding => ({ ...told, outcome: 'none' });
export const warn = (told: Told & { todo: string }): Finding => ({ ...told, outcome: 'warn' });
export const fail = (kind: Failure, told: Told & { todo: string }): Finding => ({
  ...told,
  ...{ outcome: 'fail', kind },
});

/** Two sides that differ, where a client believes one of them. */
export const contradicts = (told: Told & { todo: string }) => fail('contradiction', told);

/** A check that ended with an error. */
export function failed(check: string, subject: string, error: JobError): Finding {
  const told = fail(error.failure, { check, subject, says: error.message, todo: error.hint });
  return error instanceof MayPass ? { ...told, reason: error.reason } : told;
}

/** The kinds of failures, the one that has to be known first in front. */
const gravest: readonly Failure[] = [
  ...(['contradiction', 'data', 'bug', 'forbidden'] as const),
  ...(['unavailable', 'tryAgain', 'usage'] as const),
];

/** The kind by which the process ends; undefined where no check failed. */
export function worst(findings: readonly Finding[]): Failure | undefined {
  return gravest.find((kind) => findings.some((one) => one.kind === kind));
}

/** The exit status of a run with these findings. */
export function statusOf(findings: readonly Finding[]): number {
  return exitStatus[worst(findings) ?? 'done'];
}
