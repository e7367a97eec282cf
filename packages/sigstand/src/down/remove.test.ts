import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { standIn } from '../testing.ts';
import { removeWave } from './remove.ts';

describe('what is told while a server ends', () => {
  beforeEach(() => vi.useFakeTimers({ toFake: ['Date'], now: 0 }));
  afterEach(() => vi.useRealTimers());

  const metadata = { namespace: 'tuf-system', name: 'tuf', uid: '1' };
  const server = { apiVersion: 'apps/v1', kind: 'Deployment', metadata };

  /** Removes it, where its Pods go on for so long. */
  const told = async (seconds: number): Promise<string[]> => {
    const held = { ...server, metadata: { ...metadata, finalizers: ['foregroundDeletion'] } };
    const api = await standIn(({ method }) => {
      if (method === 'DELETE') return { body: '{}' };
      vi.setSystemTime(Date.now() + 4_000);
      return Date.now() <= seconds * 1_000
        ? { body: JSON.stringify(held) }
        : { status: 404, body: '{}' };
    });
    const lines: string[] = [];
    await removeWave(
      { what: 'workloads', objects: [server] },
      {
        access: { server: api.url, options: async () => ({}), forget: () => {} },
        kinds: { has: () => true, all: () => [], at: (_kind, { name }) => [name] },
        ...{ end: 60_000, signal: new AbortController().signal, gone: () => {} },
        waiting: (title, says) => lines.push(`${title}: ${says}`),
      },
    );
    api.close();
    return lines;
  };

  it('is nothing, as long as it takes what each takes', async () => {
    expect(await told(12)).toEqual([]);
  });

  it('is what holds it, where that takes longer', async () => {
    const line = 'Deployment tuf-system/tuf: its Pods are not gone yet';
    expect(await told(20)).toEqual([line]);
  });
});
