import type { Annotations, Snapshot } from '@sigstand/store/store';

/** Beside the root that clients start from: where they follow it. No document of the repository says so. */
const note = 'sigstand.dev/mirror';

/** Where clients reach the repository; undefined where nobody told it. */
export function mirrorOf(found: Pick<Snapshot, 'annotations'> | undefined): string | undefined {
  return found?.annotations[note] || undefined;
}

/** What the record's note lacks of `mirror`; who manages the record keeps its notes. */
export function lackingMirror(
  found: Pick<Snapshot, 'annotations' | 'owner'> | undefined,
  mirror: string | undefined,
): Annotations | undefined {
  if (found?.owner !== undefined || mirrorOf(found) === mirror) return undefined;
  return { [note]: mirror ?? '' };
}

/** What a change of it is to clients, in words. */
export function movedMirror(before: string | undefined, now: string | undefined): string[] {
  if (before === now) return [];
  if (now === undefined) return [`the export no longer names the repository at ${before}`];
  return [`the export names the repository at ${now}${before ? `, no longer at ${before}` : ''}`];
}
