import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type Rig, root, run } from './rig.ts';

/**
 * Starts an instance of the rig with the seven images, and `more`; resolves to the folder of manifests as it takes them.
 *
 * @throws {Error} Where an image cannot be built: `npm run build` makes what goes into it.
 */
export async function bringUp(cluster: Rig, work: string, ...more: string[]): Promise<string> {
  await cluster.must(['up']);
  const out = join(work, 'out');
  const env = { ...cluster.env, SIGSTAND_OUT: out };
  await mkdir(out, { recursive: true });
  await writeFile(join(out, 'cluster'), 'rig');
  const images = await run('bash', ['scripts/images.sh', ...more], { env });
  if (images.status !== 0) throw new Error(`images.sh: ${images.stdout}${images.stderr}`);
  const render = 'source scripts/lib.sh; source scripts/cluster.sh; render_manifests';
  await run('bash', ['-c', render], { env });
  return join(out, 'manifests');
}

/** The folder that manifests are in, made a place where the commands of the docs run; resolves to it. */
export async function checkoutOf(manifests: string): Promise<string> {
  const folder = dirname(manifests);
  for (const one of ['dist', 'scripts', 'node_modules']) {
    await symlink(join(root, one), join(folder, one));
  }
  return folder;
}

/** Applies all of the manifests in one go, and waits for every Job and every server. */
export async function applyAll(cluster: Rig, manifests: string): Promise<void> {
  await cluster.kubectl('apply', '-f', manifests);
  await jobsComplete(cluster);
  await cluster.kubectl(
    ...['wait', '--for=condition=Available', 'deployments', '--all', '-A', '--timeout=5m'],
  );
}

export async function jobsComplete(cluster: Rig): Promise<void> {
  await cluster.kubectl(
    ...['wait', '--for=condition=Complete', 'jobs', '--all', '-A', '--timeout=5m'],
  );
}
