import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { must } from './programs.ts';

/** What takes the place of the placeholders of a namespace's Secrets, in base64. */
export type Keys = Readonly<Record<string, Readonly<Record<string, string>>>>;

/** Keys as the peer's script makes them outside the cluster. */
export async function scriptKeys(): Promise<Keys> {
  const folder = await mkdtemp(join(tmpdir(), 'sigstand-peer-keys-'));
  try {
    await must('bash', ['test/bench/peer/keys.sh', folder]);
    const namespaces = await readdir(folder);
    const all = namespaces.map(async (one) => [one, await encoded(join(folder, one))] as const);
    return Object.fromEntries(await Promise.all(all));
  } finally {
    await rm(folder, { recursive: true });
  }
}

async function encoded(folder: string): Promise<Record<string, string>> {
  const files = (await readdir(folder)).map(
    async (name) => [name, await readFile(join(folder, name), 'base64')] as const,
  );
  return Object.fromEntries(await Promise.all(files));
}
