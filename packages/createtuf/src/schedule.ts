import { JobError } from '@sigstand/job/errors';
import { clockSkew } from '@sigstand/pki/validity';
import { tufDate } from './metadata.ts';
import type { Role } from './role-keys.ts';

/** When a role's metadata is signed again. All lengths in milliseconds. */
export interface Schedule {
  /** How long it is valid. */
  readonly lifetime: number;
  /** With less than this left, it is signed again. */
  readonly renew: number;
}

export type Schedules = Readonly<Record<Role, Schedule>>;

/** Whether metadata with that end has to be signed again. */
export function isDue(expires: string, { renew }: Schedule, now: Date): boolean {
  return Date.parse(expires) - now.getTime() < renew;
}

/** Whether it ends later than anything that could be signed now. */
export function isTooLate(expires: string, { lifetime }: Schedule, now: Date): boolean {
  return Date.parse(expires) - now.getTime() > lifetime + clockSkew;
}

/**
 * What to say where something would be signed for less long than it is already: by a clock that went
 * back, the newest version would be the first to expire.
 */
export function clockWentBack(
  role: Role,
  { expires, schedule, now }: { expires: string; schedule: Schedule; now: Date },
): JobError {
  const end = tufDate(now.getTime() + schedule.lifetime);
  return new JobError(
    'tryAgain',
    `the ${role} is signed until ${expires}, and signed now it would end at ${end}`,
    {
      hint:
        'nothing was changed; this clock runs behind the one that signed it: set it right, ' +
        `or, where --${role}-expiry is shorter than before, give --shorten once`,
    },
  );
}
