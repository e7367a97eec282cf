import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { memoryStore } from './memory.ts';
import { patient } from './patient.ts';
import { type Store, StoreError, type StoreErrorCode } from './store.ts';

const ref = { kind: 'Secret', namespace: 'ns', name: 'x' } as const;

function refusing(times: number, code: StoreErrorCode): Store {
  const store = memoryStore();
  let left = times;
  const refuse = async () => {
    left -= 1;
    if (left >= 0) throw new StoreError(code, 'no');
  };
  return {
    ...store,
    read: (one) => refuse().then(() => store.read(one)),
    write: (one, change, replacing) => refuse().then(() => store.write(one, change, replacing)),
  };
}

describe('a patient store', () => {
  it('waits out a refusal that passes, and tells once', async () => {
    const told: string[] = [];
    const store = patient(refusing(3, 'FORBIDDEN'), {
      limits: { FORBIDDEN: 10_000 },
      onWait: ({ code }) => told.push(code),
    });
    expect(await store.read(ref)).toBeUndefined();
    expect(told).toEqual(['FORBIDDEN']);
  });

  it('tries again however long the refusal took to come', async () => {
    const slow = memoryStore();
    const refused = refusing(1, 'UNAUTHENTICATED');
    const late: Store = { ...slow, read: (one) => sleep(150).then(() => refused.read(one)) };
    const store = patient(late, { limits: { UNAUTHENTICATED: 100 }, onWait: () => {} });
    expect(await store.read(ref)).toBeUndefined();
  });

  it('passes a refusal on that lasts', async () => {
    const store = patient(refusing(1_000, 'UNAVAILABLE'), {
      limits: { UNAVAILABLE: 200 },
      onWait: () => {},
    });
    await expect(store.read(ref)).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  });

  it('does not wait for what will not pass', async () => {
    const store = patient(refusing(1, 'INVALID'), {
      limits: { FORBIDDEN: 10_000 },
      onWait: () => {},
    });
    await expect(store.read(ref)).rejects.toMatchObject({ code: 'INVALID' });
  });

  it('stops waiting when it is told to', async () => {
    const store = patient(refusing(1_000, 'UNAVAILABLE'), {
      limits: { UNAVAILABLE: 60_000 },
      onWait: () => {},
      signal: AbortSignal.timeout(50),
    });
    await expect(store.read(ref)).rejects.toMatchObject({ name: 'AbortError' });
  });
});
