import type { Data } from '@sigstand/store/store';

/**
 * The files that nothing leads to any more but snapshots older than the newest `kept`. A client that
 * read the timestamp before this run goes on to the snapshot of that time, its targets and their files,
 * so some older ones stay. Every root stays: clients follow them from the first. So does what has no
 * name of ours.
 */
export function superseded(files: Data, newest: number, kept: number): string[] {
  const needed = new Set<string>();
  for (let version = newest; version > newest - kept && version > 0; version -= 1) {
    for (const name of ledTo(files, version)) needed.add(name);
  }
  return Object.keys(files).filter((name) => versioned.test(name) && !needed.has(name));
}

const versioned = /^(?:\d+\.(?:snapshot|targets)\.json|[0-9a-f]{64}\..+)$/s;

/** What a client reads that holds this snapshot to be the newest. */
function ledTo(files: Data, version: number): string[] {
  const snapshot = `${version}.snapshot.json`;
  const meta = signed(files, snapshot)?.meta as Record<string, { version?: number }> | undefined;
  const targets = `${meta?.['targets.json']?.version}.targets.json`;
  const listed = (signed(files, targets)?.targets ?? {}) as Record<string, Listed>;
  const paths = Object.entries(listed).map(([path, { hashes }]) => `${hashes?.sha256}.${path}`);
  return [snapshot, targets, ...paths];
}

interface Listed {
  readonly hashes?: { readonly sha256?: string };
}

/** Only what the newest snapshot leads to has been verified; of the others the names matter alone. */
function signed(files: Data, name: string): Record<string, unknown> | undefined {
  const bytes = files[name];
  if (bytes === undefined) return undefined;
  try {
    return JSON.parse(Buffer.from(bytes).toString()).signed;
  } catch {
    return undefined;
  }
}
