import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { figure } from '../faults/profile.ts';
import { type Machine, seconds, startMachine, wasteOfStack } from './machine.ts';

// The engine of Debian 12, of 2021: no buildx, and a BuildKit that knows no named contexts.

let machine: Machine;
beforeAll(async () => {
  machine = await startMachine('kindtest-debian', '--debian');
});
afterAll(() => machine?.down());

describe('npm start with Debian’s docker.io', () => {
  it('makes a cluster and a stack, signs and verifies', async () => {
    expect((await machine.exec(['docker', 'buildx', 'version'])).status).not.toBe(0);
    const start = await machine.start('');
    expect(start.status, start.said).toBe(0);
    expect(start.said).toContain('Sigstand on kind');
    expect(start.said).toMatch(/✔ signed and verified, and all in order/);
    const { failedPods, restarts } = await wasteOfStack(machine.cluster());
    expect({ failedPods, restarts }).toEqual({ failedPods: [], restarts: [] });
    figure(`kind with Debian's engine, cold: ${seconds(start, 'in all')} s`);
  });

  it('ends with npm stop', async () => {
    expect(await machine.stop()).toMatchObject({ status: 0 });
    expect(await machine.must(['docker', 'ps', '--all', '--quiet'])).toBe('');
  });
});
