import { describe, expect, it } from 'vitest';
import { converge } from './converge.ts';
import { memoryStore } from './memory.ts';
import { type Store, StoreError } from './store.ts';

const ref = { kind: 'Secret', namespace: 'ns', name: 'x' } as const;
const bytes = (text: string) => new Uint8Array(Buffer.from(text));

describe('converge', () => {
  it('writes again what was asked for and is not all there', async () => {
    const inner = memoryStore();
    let writes = 0;
    // Somebody takes a part of the first write back, before it is read again.
    const store: Store = {
      ...inner,
      write(where, { immutable, ...change }, replacing) {
        writes += 1;
        const whole = immutable && writes > 1 ? { ...change, immutable } : change;
        return inner.write(where, whole, replacing);
      },
    };
    const wanted = { data: { key: bytes('v') }, immutable: true };
    const stored = await converge(store, ref, (current) =>
      current?.immutable ? undefined : wanted,
    );
    expect(stored).toMatchObject({ data: { key: bytes('v') }, immutable: true });
    expect(writes).toBe(2);
  });

  it('knows its own write whose answer was lost, and does not take it for somebody else’s', async () => {
    const inner = memoryStore();
    await inner.write(ref, { data: { key: bytes('old') } });
    let asked = 0;
    const store: Store = {
      ...inner,
      async write(...write) {
        await inner.write(...write);
        // As who asks again of an API server that has done it.
        throw new StoreError('CONFLICT', 'no');
      },
    };
    const stored = await converge(store, ref, (current) => {
      asked += 1;
      expect(current?.data.key).toEqual(bytes('old'));
      return { data: { key: bytes('new') } };
    });
    expect(stored.data.key).toEqual(bytes('new'));
    expect(asked).toBe(1);
  });

  it('goes on with no record that is not there', async () => {
    await expect(converge(memoryStore(), ref, () => undefined)).rejects.toMatchObject({
      code: 'UNEXPECTED',
      message: 'Secret ns/x was wanted empty',
    });
  });

  it('passes on what is no conflict, after one try', async () => {
    let tries = 0;
    const store: Store = {
      ...memoryStore(),
      write() {
        tries += 1;
        return Promise.reject(new Error('no'));
      },
    };
    await expect(converge(store, ref, () => ({ data: {} }))).rejects.toThrow('no');
    expect(tries).toBe(1);
  });
});
