import type { Data } from '@sigstand/store/store';

/**
 * The field of signed metadata that has the time of its signature, which TUF itself has no place for. Clients pass over
 * fields that they do not know (specification §4.2.1); the public Sigstore's root has such ones, with `x-` as well.
 */
export const signedField = 'x-sigstand-signed';

/** The time that stands in a file of metadata; undefined where there is none. */
export function signedAt(bytes: Uint8Array | undefined): Date | undefined {
  try {
    const { signed } = JSON.parse(Buffer.from(bytes ?? []).toString());
    const time = Date.parse(signed[signedField]);
    return time >= 0 ? new Date(time) : undefined;
  } catch {
    return undefined;
  }
}

/**
 * When each file of a repository was signed, by its name: metadata by its own word, a target by the newest list of
 * targets. What was signed without such a word has 1970.
 */
export function signingTimes(files: Data): (name: string) => Date {
  const list = newestList(files);
  return (name) => signedAt(files[isTarget(name) ? list : name]) ?? new Date(0);
}

/** Whether a name in a flat repository is that of a target: it begins with the hash of the content. */
export function isTarget(name: string): boolean {
  return /^[0-9a-f]{64}\./.test(name);
}

function newestList(files: Data): string {
  const versions = Object.keys(files).flatMap((name) => {
    const version = /^(\d+)\.targets\.json$/.exec(name)?.[1];
    return version ? [Number(version)] : [];
  });
  return `${Math.max(0, ...versions)}.targets.json`;
}
