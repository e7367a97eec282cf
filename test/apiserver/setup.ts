import type { TestProject } from 'vitest/node';
import { startKubeApiServer } from '../programs/kube-apiserver.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** A kubeconfig file for a real kube-apiserver; its user may do everything. */
    kubeconfig: string;
  }
}

/** A real etcd and kube-apiserver on loopback, for the tests of a project. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const { kubeconfig, stop } = await startKubeApiServer();
  project.provide('kubeconfig', kubeconfig);
  return stop;
}
