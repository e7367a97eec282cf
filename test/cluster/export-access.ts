import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { parse } from 'yaml';
import { blockBelow } from './export-shell.ts';
import type { Exported } from './export-stack.ts';
import { type Rig, root, run } from './rig.ts';

const page = join(root, 'docs/clients.md');

/** Who may export: somebody with kubectl, Node and one right, on a machine where no stack was started. */
export function describeAccess(there: () => Exported): void {
  const exportBy = (kubeconfig: string, to: string, how: 'flag' | 'environment' = 'flag') => {
    const { cluster, work } = there();
    const flags = how === 'flag' ? ['--kubeconfig', kubeconfig] : [];
    const env = {
      SIGSTAND_OUT: join(work, 'nothing-was-started'),
      ...(how === 'environment' && { KUBECONFIG: kubeconfig }),
    };
    // The rig sets KUBECONFIG for what it runs.
    const own = Object.entries(env).map(([name, value]) => `${name}=${value}`);
    const command = ['bash', 'scripts/export.sh', '--to', to, '--timeout=1s', ...flags];
    return cluster.exec(['env', ...own, ...command]);
  };

  it.each(['flag', 'environment'] as const)(
    'needs no right but to get that one Secret, with a kubeconfig by %s',
    async (how) => {
      const { cluster, folder, work } = there();
      const name = `reader-by-${how}`;
      const file = await kubeconfigOf(cluster, name, work);
      await cluster.apply(await blockBelow(page, 'Who may', 'yaml'));
      const to = ['--role=tuf-root-reader', `--serviceaccount=default:${name}`];
      await cluster.kubectl('create', 'rolebinding', '-n', 'tuf-system', name, ...to);
      const { status, stderr } = await exportBy(file, join(work, name), how);
      expect({ status, stderr }).toMatchObject({ status: 0 });
      const { stdout } = await run('diff', ['-r', '--exclude=cache', folder, join(work, name)]);
      expect(stdout).toBe('');
    },
  );

  it('ends with 77 where that is forbidden, and with 75 where nobody answers', async () => {
    const { cluster, work } = there();
    const file = await kubeconfigOf(cluster, 'nobody', work);
    const to = join(work, 'by-nobody');
    expect(await exportBy(file, to)).toMatchObject({
      status: 77,
      stderr: expect.stringContaining('cannot get resource "secrets"'),
    });
    const config = await readFile(file, 'utf8');
    const away = config.replace(/"server":"[^"]+"/, '"server":"https://127.0.0.1:1"');
    expect(away).not.toBe(config);
    await writeFile(file, away);
    expect(await exportBy(file, to)).toMatchObject({
      status: 75,
      stderr: expect.stringContaining('127.0.0.1:1'),
    });
    await expect(readdir(to)).rejects.toThrow('ENOENT');
  });
}

interface Kubeconfig {
  readonly users: readonly { readonly name: string }[];
}

/** A service account's own kubeconfig. */
async function kubeconfigOf(cluster: Rig, name: string, work: string): Promise<string> {
  await cluster.kubectl('create', 'serviceaccount', name, '-n', 'default');
  const token = (await cluster.kubectl('create', 'token', name, '-n', 'default')).trim();
  const config = parse(await cluster.kubectl('config', 'view', '--raw')) as Kubeconfig;
  const users = config.users.map((user) => ({ ...user, user: { token } }));
  const file = join(work, `${name}.kubeconfig`);
  await writeFile(file, JSON.stringify({ ...config, users }), { mode: 0o600 });
  return file;
}
