import type { Data } from '@sigstand/store/store';
import { JobError } from './errors.ts';

/**
 * Whether a record has something under all of the keys that belong together, or under none.
 *
 * @throws {JobError} contradiction, where some are there and others are not: what is there may be in
 *   use, so nothing is made beside it.
 */
export function allOrNone(
  place: string,
  data: Data | undefined,
  keys: readonly string[],
): 'all' | 'none' {
  const present = keys.filter((key) => (data?.[key]?.length ?? 0) > 0);
  if (present.length === keys.length) return 'all';
  if (present.length === 0) return 'none';
  const absent = keys.filter((key) => !present.includes(key));
  throw new JobError(
    'contradiction',
    `${place} has ${present.join(', ')} but lacks ${absent.join(', ')}`,
    { hint: 'nothing was changed; restore what is lacking, or delete it all to start over' },
  );
}
