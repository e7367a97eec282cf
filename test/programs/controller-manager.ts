import { binary } from './binaries.ts';
import { end, spawnBound } from './spawn.ts';

/**
 * Kubernetes' own controllers of these names, on an API server. Without a kubelet a Pod stays as it was made.
 *
 * @returns What ends them.
 */
export function startControllers(
  kubeconfig: string,
  names: readonly string[],
): () => Promise<void> {
  const child = spawnBound(
    binary('kube-controller-manager'),
    [
      `--kubeconfig=${kubeconfig}`,
      `--controllers=${names.join(',')}`,
      '--leader-elect=false',
      '--secure-port=0',
    ],
    { stdio: 'ignore' },
  );
  return () => end(child);
}
