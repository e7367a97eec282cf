import type { Data } from '@sigstand/store/store';
import { JobError } from './errors.ts';
import { listed } from './listed.ts';

/** What a record should hold, for somebody who may have put it there under other names. */
export interface Expected {
  /** The names under which it is looked for, and nothing is there. */
  readonly wanted: readonly string[];
  /** Further names that the record may have. */
  readonly known?: readonly string[];
  /** What such a name or value looks like, where a record may hold things of all kinds. */
  readonly alike?: RegExp;
}

/** The names in a record that are not its own; tools put notes under names that begin with `_` or `.`. */
export function strangers(
  data: Data | undefined,
  { wanted, known = [], alike = /./ }: Expected,
): string[] {
  return Object.entries(data ?? {})
    .filter(([key, value]) => {
      if (value.length === 0 || wanted.includes(key) || known.includes(key)) return false;
      return !/^[_.]/.test(key) && (alike.test(key) || alike.test(beginning(value)));
    })
    .map(([key]) => key);
}

/** As much of a value as tells what it is. */
function beginning(value: Uint8Array): string {
  return Buffer.from(value.subarray(0, 100)).toString('latin1');
}

/**
 * Refuses a record that lacks what is wanted and holds something under other names, such as `tls.key`:
 * that is somebody's own, and would be passed over.
 *
 * @throws {JobError} contradiction, with the names that were found and those that are expected.
 */
export function refuseStrangers(place: string, data: Data | undefined, expected: Expected): void {
  const found = strangers(data, expected);
  if (found.length === 0) return;
  throw new JobError(
    'contradiction',
    `${place} lacks ${expected.wanted.join(', ')}, and has ${listed(found)}, which nothing here reads`,
    {
      hint: 'nothing was changed; give what is meant the names that are lacking, and move the rest elsewhere',
    },
  );
}
