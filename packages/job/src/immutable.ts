import { Option } from '@commander-js/extra-typings';
import type { Change, Data, Snapshot } from '@sigstand/store/store';
import { yesNo } from './values.ts';

/** The flag of Jobs that make Secrets with keys. */
export const immutableFlag = () =>
  new Option(
    '--immutable [bool]',
    'make the Secrets with private parts immutable, also those that are there, once they are checked',
  )
    .preset('true')
    .argParser(yesNo)
    .default(false);

/**
 * The change, with which the record becomes immutable as well, where that is asked for and is not so
 * yet. What is there and stays as it is, is checked first: a mistake would be there for good.
 */
export function frozen(
  current: Snapshot | undefined,
  change: Change | undefined,
  { immutable, check = () => {} }: { immutable: boolean; check?: (stored: Data) => void },
): Change | undefined {
  if (!immutable || current?.immutable) return change;
  if (change === undefined && current !== undefined) check(current.data);
  return { ...change, immutable: true };
}
