import { execFileSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '../..');

/**
 * Puts into `folder` what a Job's image has at /app, as the Dockerfile does.
 *
 * @throws {Error} Where the Job's bundle has not been built.
 */
export function assembleApp(job: string, folder: string): void {
  const bundle = join(root, 'dist', `${job}.cjs`);
  if (!existsSync(bundle)) throw new Error(`dist/${job}.cjs is not there: run npm run build`);
  mkdirSync(folder, { recursive: true });
  copyFileSync(bundle, join(folder, 'job.cjs'));
  for (const file of ['launch.cjs', 'write-code.cjs'])
    copyFileSync(join(root, 'scripts/image', file), join(folder, file));
  // V8 would write what it took.
  rmSync(join(folder, 'job.code'), { force: true });
  execFileSync(process.execPath, ['--predictable', 'write-code.cjs'], { cwd: folder });
}
