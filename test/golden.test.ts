import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { goldenFiles, goldenStates } from './golden/build.ts';

const hint = 'if this change is wanted: bash scripts/with-node.sh node scripts/golden.ts';

// Clients pin the first of these bytes for years: a change of a library must not change them unseen.
describe.each(Object.entries(goldenStates()))('the golden repository %s', (state, files) => {
  const folder = join(import.meta.dirname, 'golden/tuf', state);

  it('has the same files', async () => {
    expect(Object.keys(await goldenFiles(files)).sort(), hint).toEqual(readdirSync(folder).sort());
  });

  it.each(readdirSync(folder))('has the same bytes in %s', async (name) => {
    const made = (await goldenFiles(files))[name] ?? new Uint8Array();
    const golden = readFileSync(join(folder, name));
    // Not the bytes themselves: a difference of a tar is nothing to read.
    expect(Buffer.compare(made, golden) === 0, `${name} differs; ${hint}`).toBe(true);
  });
});
