import type { TestProject } from 'vitest/node';
import { startKubeApiServer } from '../programs/kube-apiserver.ts';
import { copyBundles } from './bundles.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** A real kube-apiserver that the files of this project share, each in lanes of its own. */
    apiserver: { url: string; authority: string; kubeconfig: string };
    /** A folder with the Jobs' bundles, which seal with few rounds. */
    bundles: string;
  }
}

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const { url, authority, kubeconfig, stop } = await startKubeApiServer();
  const { folder, remove } = copyBundles();
  project.provide('apiserver', { url, authority, kubeconfig });
  project.provide('bundles', folder);
  return async () => {
    remove();
    await stop();
  };
}
