// Writes test/golden/tuf anew: whole repositories from fixed keys, inputs and clock.
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { goldenFiles, goldenStates } from '../test/golden/build.ts';

const root = 'test/golden/tuf';
await rm(root, { recursive: true, force: true });
for (const [state, files] of Object.entries(goldenStates())) {
  await mkdir(`${root}/${state}`, { recursive: true });
  for (const [name, bytes] of Object.entries(await goldenFiles(files))) {
    await writeFile(`${root}/${state}/${name}`, bytes);
  }
  console.log(`${root}/${state}`.padEnd(28), Object.keys(files).length, 'files');
}
