import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { chart } from '../../scripts/chart/rendered.ts';
import { startInside } from '../cluster/inside.ts';
import { type Rig, root } from '../cluster/rig.ts';

const namespace = 'flux-system';
const [node, port] = ['10.200.0.1', '3000'];

/** The chart in a repository, as Flux's source-controller serves it to whoever installs it. */
export interface Served {
  /** Commits the chart, after `change` in its folder; resolves to the archive that is served then, as a file. */
  commit(change: (folder: string) => void): Promise<{ file: string; version: string }>;
  close(): Promise<void>;
}

/** What a HelmRelease with docs/gitops.md's `chart` has source-controller make. */
const objects = `
apiVersion: source.toolkit.fluxcd.io/v1
kind: GitRepository
metadata: {name: chart, namespace: ${namespace}}
spec:
  interval: 1h
  url: http://${node}:${port}/sigstand.git
  ref: {branch: main}
---
apiVersion: source.toolkit.fluxcd.io/v1
kind: HelmChart
metadata: {name: chart, namespace: ${namespace}}
spec:
  interval: 1h
  chart: ./chart
  sourceRef: {kind: GitRepository, name: chart}
  reconcileStrategy: Revision
`;

export async function serveChart(cluster: Rig, work: string): Promise<Served> {
  const [bare, tree] = [join(work, 'git/sigstand.git'), join(work, 'tree')];
  const git = (...args: string[]) =>
    execFileSync('git', ['-c', 'user.name=Ada', '-c', 'user.email=ada@example.com', ...args], {
      encoding: 'utf8',
    }).trim();
  mkdirSync(bare, { recursive: true });
  git('init', '--quiet', '--bare', '--initial-branch=main', bare);
  git('init', '--quiet', '--initial-branch=main', tree);
  const program = join(root, 'test/chart/git-server.ts');
  const server = await startInside(cluster, program, [join(work, 'git'), node, port]);

  const ask = async (kind: string) => {
    const at = `${Date.now()}`;
    const named = [kind, 'chart', '-n', namespace];
    await cluster.kubectl(
      'annotate',
      ...named,
      '--overwrite',
      `reconcile.fluxcd.io/requestedAt=${at}`,
    );
    const handled = `--for=jsonpath={.status.lastHandledReconcileAt}=${at}`;
    await cluster.kubectl('wait', ...named, handled, '--timeout=2m');
    await cluster.kubectl('wait', ...named, '--for=condition=Ready', '--timeout=2m');
  };

  return {
    async commit(change) {
      const folder = join(tree, 'chart');
      rmSync(folder, { recursive: true, force: true });
      cpSync(chart, folder, { recursive: true });
      change(folder);
      git('-C', tree, 'add', '--all');
      git('-C', tree, 'commit', '--quiet', '--message=chart');
      git('-C', tree, 'push', '--quiet', bare, 'main');
      await cluster.apply(objects);
      await ask('gitrepository');
      await ask('helmchart');
      const { status } = await cluster.get<{
        status: { artifact: { url: string; revision: string } };
      }>('helmchart', 'chart', '-n', namespace);
      const { url, revision } = status.artifact;
      const file = join(work, `${revision}.tgz`);
      await cluster.mustExec(['curl', '-fsS', '-o', file, url]);
      const head = git('-C', tree, 'rev-parse', 'HEAD');
      if (!revision.endsWith(`+${head.slice(0, 12)}`))
        throw new Error(`${revision} is not ${head}`);
      return { file, version: revision };
    },
    close: () => server.close(),
  };
}
