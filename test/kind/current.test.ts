import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { figure } from '../faults/profile.ts';
import { type Machine, registry, seconds, startMachine, wasteOfStack } from './machine.ts';

// A kind cluster of the user's own as the current one, with a registry that takes pushes.

let machine: Machine;
beforeAll(async () => {
  machine = await startMachine('kindtest-current');
});
afterAll(() => machine?.down());

describe('npm start -- --cluster current', () => {
  const current = (args = '') =>
    machine.start(`--cluster current ${args}`, 'export KUBECONFIG=$PWD/own.kubeconfig');
  const kinds =
    'namespaces,secrets,configmaps,jobs,cronjobs,deployments,statefulsets,pods,serviceaccounts,services,pvc,pv,' +
    'roles,rolebindings,clusterroles,clusterrolebindings,networkpolicies';
  const objects = async () => {
    const list = await machine.cluster('own.kubeconfig').kubectl('get', '-A', '-o', 'name', kinds);
    return list.split('\n').sort();
  };
  let there: string[] = [];

  beforeAll(async () => {
    const cluster = ['--name', 'own', '--kubeconfig', 'own.kubeconfig', '--wait', '3m'];
    await machine.must([
      'kind',
      'create',
      'cluster',
      ...cluster,
      '--config',
      'scripts/kind/cgroup-v1.yaml',
    ]);
    // What the cluster makes for itself is to be there before it is compared.
    await machine
      .cluster('own.kubeconfig')
      .kubectl('wait', '-A', '--all', '--for=condition=Available', '--timeout=3m', 'deployments');
    there = await objects();
  });

  it('says within seconds which image cannot be pulled, and why', async () => {
    const start = await current();
    expect(start.status).toBe(1);
    expect(start.said).toMatch(/the image ghcr\.io\/sigstand\/\S+ cannot be pulled: .*not found/);
    expect(await machine.stop()).toMatchObject({ status: 0 });
  });

  it('pushes the images to a registry, and the stack takes them from there', async () => {
    const start = await current(`--registry http://${registry}/team`);
    expect(start.status, start.said).toBe(0);
    expect(start.said).toMatch(/✔ signed and verified, and all in order/);
    const { failedPods, restarts } = await wasteOfStack(machine.cluster());
    expect({ failedPods, restarts }).toEqual({ failedPods: [], restarts: [] });
    figure(`current: ${seconds(start, 'in all')} s`);
  });

  it('leaves nothing in the cluster after npm stop', async () => {
    expect(await machine.stop()).toMatchObject({ status: 0 });
    expect(await objects()).toEqual(there);
  });
});
