import { JobError } from '@sigstand/job/errors';
import type { Seen } from './seen.ts';
import type { Answer, Asked, Way } from './way.ts';

/** What a real stack answered once, for tests that change one answer of it. */
export interface Recording {
  /** When it was. */
  readonly now: string;
  /** What the timestamp authority stamped, in base64. */
  readonly nonce: string;
  /** What had been seen before. */
  readonly seen: Seen;
  /** By method and URL. */
  readonly answers: Readonly<Record<string, Kept>>;
}

interface Kept {
  readonly status: number;
  readonly type: string;
  /** In base64. */
  readonly body: string;
}

const keyOf = ({ method = 'GET', url }: Asked) => `${method} ${url}`;

/** Passes everything on, and keeps the answers. */
export function recording(way: Way, kept: Record<string, Kept>): Way {
  return async (asked) => {
    const { status, type, body } = await way(asked);
    kept[keyOf(asked)] = { status, type, body: body.toString('base64') };
    return { status, type, body };
  };
}

/** Answers as it was recorded. What is not there does not answer; `change` may say something else of a URL. */
export function replay(
  { answers }: Pick<Recording, 'answers'>,
  change: (asked: Asked, was: Answer | undefined) => Answer | undefined = (_asked, was) => was,
): Way {
  return async (asked) => {
    const kept = answers[keyOf(asked)];
    const was = kept && { ...kept, body: Buffer.from(kept.body, 'base64') };
    const answer = change(asked, was);
    if (answer) return answer;
    const { origin } = new URL(asked.url);
    throw new JobError('unavailable', `${origin} does not answer (ENOTFOUND)`, {
      hint: 'see whether its Pod runs and the name leads there',
    });
  };
}
