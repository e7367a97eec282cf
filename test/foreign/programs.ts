import { createHash } from 'node:crypto';
import { cp } from 'node:fs/promises';
import { join } from 'node:path';
import { root, run } from '../cluster/rig.ts';
import { kept } from '../programs/kept.ts';
import type { Suite } from './suites.ts';

const goEnv = { CGO_ENABLED: '0', GOFLAGS: '-mod=readonly', GOTOOLCHAIN: 'local', GOWORK: 'off' };

/** A test program of each package, in a folder of the cache; compiled with what the module's own go.mod and go.sum name. */
export async function testPrograms(suite: Suite): Promise<string> {
  const { directory, version } = await sourceOf(suite);
  const what = `${suite.module}@${version} ${suite.packages.join(' ')}`;
  const hash = createHash('sha256').update(what).digest('hex').slice(0, 16);
  return kept(`foreign/${suite.name.replaceAll(' ', '-')}-${hash}`, async (made) => {
    for (const name of suite.packages) {
      const flags = ['-c', '-trimpath', '-tags', 'e2e', '-o', join(made, programName(name))];
      await mustGo(['-C', directory, 'test', ...flags, `./${name}`]);
    }
  });
}

export const programName = (packagePath: string) => `${packagePath.replaceAll('/', '-')}.test`;

/** Copies the module's files; tests read what lies beside them, and some write there. */
export async function copySource(suite: Suite, to: string): Promise<void> {
  const { directory } = await sourceOf(suite);
  await cp(directory, to, { recursive: true });
  await run('chmod', ['-R', 'u+w', to]);
}

/** The module as the rig pins it, by its go.sum: what is tested is the version that the rig runs. */
async function sourceOf({ pinnedBy, module }: Suite) {
  const folder = join(root, 'test/rig', pinnedBy);
  const printed = await mustGo(['-C', folder, 'mod', 'download', '-json', module]);
  const { Dir: directory, Version: version } = JSON.parse(printed) as Record<string, string>;
  if (directory === undefined || version === undefined) throw new Error(`no source of ${module}`);
  return { directory, version };
}

async function mustGo(args: readonly string[]): Promise<string> {
  const { status, stdout, stderr } = await run('go', args, { env: goEnv, timeout: 3_600_000 });
  if (status !== 0) throw new Error(`go ${args.join(' ')}\n${stdout}${stderr}`);
  return stdout;
}
