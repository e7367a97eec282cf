import { type Result, run } from '../cluster/rig.ts';
import { binary } from './binaries.ts';

/** kubectl on an API server, by a file that names it; resolves however kubectl ends. */
export function kubectlOn(kubeconfig: string) {
  return (args: readonly string[], input?: string): Promise<Result> =>
    run(
      binary('kubectl'),
      ['--kubeconfig', kubeconfig, ...args],
      input === undefined ? {} : { input },
    );
}
