import { access, mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';

/**
 * A folder of the rig's cache, which `make` fills where it is not there yet; what was left half made is not found under
 * its name. Resolves to the folder.
 */
export async function kept(name: string, make: (made: string) => Promise<void>): Promise<string> {
  const folder = join(process.env.SIGSTAND_CACHE ?? join(homedir(), '.cache/sigstand'), name);
  const there = await access(folder).then(
    () => true,
    () => false,
  );
  if (there) return folder;
  await mkdir(dirname(folder), { recursive: true });
  const made = await mkdtemp(`${folder}.`);
  try {
    await make(made);
    await rename(made, folder);
  } finally {
    await rm(made, { recursive: true, force: true });
  }
  return folder;
}
