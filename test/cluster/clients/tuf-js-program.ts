// tuf-js as a program of its own: what it keeps lies in $HOME, what it knows beforehand in the file that is named.
// Brings its metadata up to date from the mirror and fetches targets by their names; says the path of each.
import { copyFileSync, existsSync, mkdirSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { Updater } from 'tuf-js';
import { told } from './told.ts';

const [mirror = '', rootJson = '', ...names] = process.argv.slice(2);
const metadataDir = join(homedir(), 'tuf');
const targetDir = join(metadataDir, 'targets');
mkdirSync(targetDir, { recursive: true });
// The first root is taken once; from then on the client has newer ones.
if (!existsSync(join(metadataDir, 'root.json'))) {
  copyFileSync(rootJson, join(metadataDir, 'root.json'));
}

await told(async () => {
  const updater = new Updater({
    metadataDir,
    metadataBaseUrl: mirror,
    targetDir,
    targetBaseUrl: `${mirror}/targets`,
  });
  await updater.refresh();
  for (const name of names) {
    const target = await updater.getTargetInfo(name);
    if (target === undefined) throw new Error(`the repository has no target ${name}`);
    const known = await updater.findCachedTarget(target);
    process.stdout.write(`${known ?? (await updater.downloadTarget(target))}\n`);
  }
});
