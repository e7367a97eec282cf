import { JobError } from '@sigstand/job/errors';
import { PkiError } from '@sigstand/pki/error';
import fc from 'fast-check';
import { afterAll, expect, it } from 'vitest';
import { ProtoTextError } from '../../../packages/createctconfig/src/prototext.ts';
import { figure, trials } from '../../faults/profile.ts';
import { type ReaderName, startReaders } from '../../programs/readers.ts';

/* FUZZ_SEED and FUZZ_PATH, which a failure prints, try one case again. */
const seed = Number(process.env.FUZZ_SEED ?? Math.floor(Math.random() * 2 ** 31));
const path = process.env.FUZZ_PATH;

/** What a Job takes: the files that it leaves for the reader, and the key that it publishes. */
export interface Taken {
  readonly files: Readonly<Record<string, Uint8Array>>;
  /** Its fingerprint; undefined where the reader looks for none. */
  readonly key?: string;
}

const readers = startReaders();
const counts = { trials: 0, both: 0, job: 0, reader: 0, neither: 0 };

/** Prints, when the file is done, how often our decisions and the readers' were the same. */
export function tellAgreement(): void {
  afterAll(async () => {
    await readers.stop();
    const { both, job, reader, neither } = counts;
    figure(
      `readers: ${counts.trials} trials, ${both} taken by a Job and by its reader, ${job} by the Job alone, ` +
        `${reader} by the reader alone, ${neither} by neither, seed ${seed}`,
    );
  });
}

interface Trial<T> {
  readonly reader: ReaderName;
  /** How many trials there are in every run, and in the long one. */
  readonly few: number;
  readonly many: number;
  readonly generator: fc.Arbitrary<T>;
  /** The Job's own decision: throws an error of ours where it refuses. */
  readonly take: (value: T) => Taken | Promise<Taken>;
  /** What the reader is asked where the Job refuses, to see how strict that is. */
  readonly offered?: (value: T) => Taken['files'];
  /** The least share of the trials that the Job has to take: else they prove nothing. */
  readonly least: number;
}

/** A test that the reader takes whatever the Job takes, and finds the same key in it. */
export function agrees<T>(
  name: string,
  { reader, few, many, generator, take, offered, least }: Trial<T>,
): void {
  it(name, { timeout: 3_600_000 }, async () => {
    const numRuns = trials(few, many);
    let taken = 0;
    const property = fc.asyncProperty(generator, async (value) => {
      counts.trials += 1;
      const ours = await decided(() => take(value));
      if (ours === undefined) {
        const theirs = offered && (await readers.ask(reader, offered(value)));
        counts[theirs?.accepted ? 'reader' : 'neither'] += 1;
        return;
      }
      const theirs = await readers.ask(reader, ours.files);
      const same = theirs.accepted && (ours.key === undefined || theirs.key === ours.key);
      counts[same ? 'both' : 'job'] += 1;
      expect(theirs, theirs.why ?? 'which key the reader finds').toEqual({
        accepted: true,
        ...(ours.key && { key: ours.key }),
      });
      taken += 1;
    });
    await fc.assert(property, {
      numRuns,
      seed,
      ...(path && { path }),
      includeErrorInReport: true,
    });
    // A few trials say nothing of a share.
    if (numRuns > 1_000) expect(taken / numRuns).toBeGreaterThanOrEqual(least);
  });
}

async function decided(take: () => Taken | Promise<Taken>): Promise<Taken | undefined> {
  try {
    return await take();
  } catch (error) {
    const isOurs = [PkiError, JobError, ProtoTextError].some((kind) => error instanceof kind);
    if (!isOurs) throw error;
    return undefined;
  }
}
