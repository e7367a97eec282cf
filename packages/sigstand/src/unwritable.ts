import { JobError } from '@sigstand/job/errors';

/** What the operating system says where there is no room: there may be some later. */
const full = ['ENOSPC', 'EDQUOT'];

/** The error of a place that cannot be written: `data`, or `tryAgain` where it is full; `hint` is for all other reasons. */
export function unwritable(place: string, error: unknown, hint: string): JobError {
  const { code = 'unknown error' } = error as NodeJS.ErrnoException;
  const isFull = full.includes(code);
  return new JobError(isFull ? 'tryAgain' : 'data', `${place} cannot be written: ${code}`, {
    cause: error,
    hint: isFull ? 'make room there, and run it again' : hint,
  });
}
