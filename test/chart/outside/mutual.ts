import { mkdtemp, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import type { Client } from '../../cluster/export-shell.ts';
import { sessionOf } from './session.ts';
import type { Led } from './stack.ts';

/** What cosign 3 signs sigstore-java verifies, and the reverse. */
export function describeMutual(there: () => Led): void {
  it('what cosign 3 signs sigstore-java verifies', async () => {
    const blob = await blobIn(there());
    await signs(there(), 'cosign 3', blob);
    await verifies(there(), 'sigstore-java', blob);
  });

  it('what sigstore-java signs cosign 3 verifies, by the time of Rekor', async () => {
    const blob = await blobIn(there());
    await signs(there(), 'sigstore-java', blob);
    await verifies(there(), 'cosign 3', blob, (script) =>
      script.replaceAll(`\${TSA_URL:+--use-signed-timestamps}`, ''),
    );
  });
}

type Change = (script: string) => string;

/** The path of a file to sign. */
export async function blobIn({ work }: Led): Promise<string> {
  const blob = join(await mkdtemp(join(work, 'blob-')), 'blob');
  await writeFile(blob, 'a blob');
  return blob;
}

/** Has a client sign a file that is there, by the commands of its file in the folder. */
export const signs = (led: Led, client: Client, blob: string, change?: Change) =>
  does(led, client, changed(without('verify', blob), change));

/** Has a client verify what was signed. */
export async function verifies(led: Led, client: Client, blob: string, change?: Change) {
  const said = await does(led, client, changed(without('sign', blob), change));
  expect(said).toMatch(/Verified OK|OK: |was signed by/);
}

async function does(led: Led, client: Client, change: Change): Promise<string> {
  const { status, stdout, stderr } = await sessionOf(led, client, change);
  expect({ client, status, stdout, stderr }).toMatchObject({ status: 0 });
  return stdout + stderr;
}

const changed =
  (first: Change, second: Change = (same) => same): Change =>
  (script) =>
    second(first(script));

/** The script for that file, without the commands that sign, or those that verify. */
const without = (verb: 'sign' | 'verify', blob: string) => (script: string) =>
  script
    .replaceAll('\\\n', ' ')
    .replace(/^export FILE=.*\ndate >.*$/m, `export FILE=${blob}`)
    .split('\n')
    .filter((line) => !new RegExp(`^[^#:].* ${verb}(-blob)? `).test(line))
    .join('\n');
