import { JobError } from '@sigstand/job/errors';
import { fileAt } from '@sigstand/job/file';
import { isThere, writeWhole } from '../whole-file.ts';
import type { Made } from './record.ts';

const flag = '--record';
const most = 16 << 20; // bytes

/** The record of a file; undefined where there is none yet. @throws {JobError} usage or data, where it is no record. */
export function recordAt(path: string): Made | undefined {
  if (!isThere(flag, path)) return undefined;
  const made = parsed(Buffer.from(fileAt(flag, path, { most, failure: 'data' })).toString());
  if (isMade(made)) return made;
  throw new JobError('data', `${flag} ${path} is no record of what sigstand up made`, {
    hint: 'name the file that sigstand up --record wrote',
  });
}

/** Writes it as a whole: who is killed leaves the one before. @throws {JobError} data */
export const writeRecord = (path: string, made: Made) =>
  writeWhole(flag, path, JSON.stringify(made));

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isMade(value: unknown): value is Made {
  const { objects, before } = (value ?? {}) as Partial<Made>;
  const isIdentity = (one: Made['objects'][number] | null) =>
    [one?.apiVersion, one?.kind, one?.name].every((word) => typeof word === 'string');
  return Array.isArray(objects) && Array.isArray(before) && objects.every(isIdentity);
}
