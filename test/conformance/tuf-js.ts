import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { MemoryFetcher } from '@sigstand/createtuf/client-check';
import type { Data } from '@sigstand/store/store';
import { Updater } from 'tuf-js';
import { vi } from 'vitest';
import { scratch } from './client.ts';

/** What a client keeps between two updates: root.json, timestamp.json, snapshot.json, targets.json. */
export type Cache = Data;

/** What a web server answers to a name. */
export type Serve = (name: string) => Uint8Array | undefined;

/**
 * Lets tuf-js with this cache update at some time, and fetch every target where that is wanted; resolves
 * to its cache afterwards. Its clock is the process's, which the caller has put into vitest's hands.
 *
 * @throws Whatever the client throws that refuses what it is served.
 */
export async function update(
  before: Cache,
  serve: Serve,
  { now, targets }: { now: Date; targets: boolean },
): Promise<Cache> {
  const metadataDir = mkdtempSync(join(scratch, 'sigstand-tuf-js-'));
  vi.setSystemTime(now);
  try {
    for (const [name, bytes] of Object.entries(before)) {
      writeFileSync(join(metadataDir, name), bytes);
    }
    const client = new Updater({
      metadataDir,
      metadataBaseUrl: nowhere,
      targetDir: metadataDir,
      targetBaseUrl: `${nowhere}/targets`,
      fetcher: new MemoryFetcher(serve, join(metadataDir, '.download')),
    });
    await client.refresh();
    const after = kept(metadataDir);
    if (targets) await fetchTargets(client, after);
    return after;
  } finally {
    rmSync(metadataDir, { recursive: true });
  }
}

async function fetchTargets(client: Updater, { 'targets.json': listing }: Cache): Promise<void> {
  const { signed } = JSON.parse(Buffer.from(listing ?? []).toString());
  const names = Object.keys(signed.targets);
  if (names.length === 0) throw new Error('there are no targets');
  for (const name of names) {
    const target = await client.getTargetInfo(name);
    if (target === undefined) throw new Error(`${name} is listed and not found`);
    // It verifies length and hash.
    await client.downloadTarget(target);
  }
}

function kept(folder: string): Cache {
  return Object.fromEntries(
    readdirSync(folder).map((name) => [name, new Uint8Array(readFileSync(join(folder, name)))]),
  );
}

const nowhere = 'http://repository.invalid';
