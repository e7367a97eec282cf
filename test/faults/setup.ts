import type { TestProject } from 'vitest/node';
import { startKubeApiServer } from '../programs/kube-apiserver.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** A real kube-apiserver that the files of this project share, each in lanes of its own. */
    apiserver: { url: string; authority: string; kubeconfig: string };
  }
}

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const { url, authority, kubeconfig, stop } = await startKubeApiServer();
  project.provide('apiserver', { url, authority, kubeconfig });
  return stop;
}
