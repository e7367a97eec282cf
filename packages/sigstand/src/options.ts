import { Option } from '@commander-js/extra-typings';
import { duration } from '@sigstand/job/values';
import { text } from './values.ts';

/** The manifests of a stack, for those of this version. */
export const manifestsOption = () =>
  new Option(
    '--manifests <file>',
    'what helm template printed of the chart; - reads standard input',
  ).argParser(text);

/** For a verb that holds the Lease while it works. */
export const takeOverOption = () =>
  new Option('--take-over', 'take the place of a run that was killed, and still holds the lease');

/** How long a verb waits, at most. */
export const timeoutOption = (what: string) =>
  new Option('--timeout <duration>', what).default(300_000, '5m').argParser(duration);
