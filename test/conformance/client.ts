import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import type { Data } from '@sigstand/store/store';
import type { Flight } from './flights.ts';

/** What a web server hands out, and from when until when. */
export interface Served {
  readonly files: Data;
  readonly begins: Date;
  readonly ends: Date;
}

export interface Count {
  readonly tried: number;
  readonly accepted: number;
}

/** What an implementation's clients made of a history. */
export interface Report {
  /** The implementation and its version. */
  readonly client: string;
  /** Clients that have the first root and nothing else. */
  readonly fresh: Count;
  /** Clients that keep what they read of an earlier state, or of this one, at this one's end. */
  readonly updates: Count;
  readonly flights: Count;
  readonly refused: number;
  /** The first of them. */
  readonly refusals: readonly Refusal[];
}

export interface Refusal {
  readonly client: string;
  readonly served: string;
  readonly why: string;
}

/** Lets clients of one implementation follow a history: of each age, at each time, and in flight. */
export type Follow = (served: readonly Served[], flights: readonly Flight[]) => Promise<Report>;

/** Where thousands of small files come and go: in memory, where the system has that. */
export const scratch = existsSync('/dev/shm') ? '/dev/shm' : tmpdir();
