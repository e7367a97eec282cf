import type { Data } from '@sigstand/store/store';
import { JobError } from './errors.ts';
import { listed } from './listed.ts';
import { refuseStrangers, strangers } from './strangers.ts';

/**
 * Whether a record has something under all of the keys that belong together, or under none. Where it
 * has none, it may hold nothing under other names than `known` either.
 *
 * @throws {JobError} contradiction, where some are there and others are not, or others are there
 *   instead: what is there may be in use, so nothing is made beside it.
 */
export function allOrNone(
  place: string,
  data: Data | undefined,
  keys: readonly string[],
  known: readonly string[] = keys,
): 'all' | 'none' {
  const present = keys.filter((key) => (data?.[key]?.length ?? 0) > 0);
  if (present.length === keys.length) return 'all';
  if (present.length === 0) {
    refuseStrangers(place, data, { wanted: keys, known });
    return 'none';
  }
  const absent = keys.filter((key) => !present.includes(key));
  const others = strangers(data, { wanted: keys, known });
  const beside = others.length > 0 ? `; it also has ${listed(others)}` : '';
  throw new JobError(
    'contradiction',
    `${place} has ${present.join(', ')} but lacks ${absent.join(', ')}${beside}`,
    { hint: 'nothing was changed; restore what is lacking from your backup (docs/backup.md)' },
  );
}
