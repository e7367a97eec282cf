import { fileAt } from '@sigstand/job/file';
import { isThere, writeWhole } from '../whole-file.ts';
import { readSeen, type Seen, seenText } from './seen.ts';

const most = 16 << 20; // bytes

/** What a run has left in the file that a flag names. @throws {JobError} */
export function seenAt(flag: string, path: string): Seen {
  return readSeen(Buffer.from(fileAt(flag, path, { most, failure: 'usage' })).toString(), flag);
}

/** What a run before left; nothing where there is no such file yet. @throws {JobError} */
export function seenBefore(flag: string, path: string): Seen {
  return isThere(flag, path) ? seenAt(flag, path) : {};
}

/** @throws {JobError} data, where the file cannot be written. */
export const keep = (path: string, seen: Seen) => writeWhole('--state', path, seenText(seen));

/** What Prometheus reads, by node_exporter, at any moment. @throws {JobError} data, where the file cannot be written. */
export const writeMetrics = (path: string, text: string) => writeWhole('--metrics', path, text);
