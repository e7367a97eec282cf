import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { JobError } from '@sigstand/job/errors';
import type { Made } from './record.ts';

/** The record of a file; undefined where there is none yet. @throws {JobError} data, where it is no record. */
export function recordAt(path: string): Made | undefined {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return undefined;
    throw unusable(path, `cannot be read (${code})`, error);
  }
  const made = parsed(text);
  if (isMade(made)) return made;
  throw unusable(path, 'is no record of what sigstand up made');
}

/** Writes it as a whole: who is killed leaves the one before. @throws {JobError} data */
export function writeRecord(path: string, made: Made): void {
  try {
    writeFileSync(`${path}.new`, JSON.stringify(made));
    renameSync(`${path}.new`, path);
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException;
    throw unusable(path, `cannot be written (${code})`, error);
  }
}

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

function unusable(path: string, what: string, cause?: unknown): JobError {
  return new JobError('data', `--record ${path} ${what}`, {
    cause,
    hint: 'name the file that sigstand up --record wrote',
  });
}
