import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { bundleAt } from '../../scripts/bundles.ts';

const root = join(import.meta.dirname, '../..');

/**
 * Puts into `folder` what a Job's image has at /app, as the Dockerfile does.
 *
 * @throws {Error} Where dist/ is older than the sources.
 */
export function assembleApp(job: string, folder: string): void {
  mkdirSync(folder, { recursive: true });
  copyFileSync(bundleAt(job), join(folder, 'job.cjs'));
  for (const file of ['launch.cjs', 'write-code.cjs'])
    copyFileSync(join(root, 'scripts/image', file), join(folder, file));
  // V8 would write what it took.
  rmSync(join(folder, 'job.code'), { force: true });
  execFileSync(process.execPath, ['--predictable', 'write-code.cjs'], { cwd: folder });
}
