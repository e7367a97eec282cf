import { describe, expect, it } from 'vitest';
import { converge } from './converge.ts';
import { type Ref, type Store, StoreError, type StoreErrorCode } from './store.ts';

/**
 * What every adapter promises; each adapter's test is one call to it. `open` gives a store over the
 * same place each time it is called, as another process would have it; `namespace` is one that exists.
 */
export function behavesLikeAStore(
  name: string,
  { open, namespace }: { open: () => Store; namespace: string },
): void {
  let count = 0;
  const fresh = (kind: Ref['kind'] = 'Secret'): Ref => {
    count += 1;
    return { kind, namespace, name: `record-${process.pid}-${count}` };
  };
  const bytes = (text: string) => new Uint8Array(Buffer.from(text));

  describe(`${name} as a store`, () => {
    it('has nothing where nothing was written', async () => {
      expect(await open().read(fresh())).toBeUndefined();
    });

    it.each(['Secret', 'ConfigMap'] as const)('gives back what a %s was given', async (kind) => {
      const ref = fresh(kind);
      const data = {
        text: bytes('a\nb'),
        binary: new Uint8Array([0, 255, 128, 10]),
        empty: bytes(''),
      };
      await open().write(ref, { data, annotations: { 'sigstand.dev/note': 'first' } });
      const found = await open().read(ref);
      expect(found?.data).toEqual(data);
      expect(found?.annotations['sigstand.dev/note']).toBe('first');
    });

    it('keeps the keys and annotations that a change does not name', async () => {
      const ref = fresh();
      const store = open();
      await store.write(ref, {
        data: { a: bytes('1'), b: bytes('2') },
        annotations: { 'x.io/n': 'n' },
      });
      await store.write(ref, { data: { b: bytes('3') } }, await store.read(ref));
      const found = await open().read(ref);
      expect(found?.data).toEqual({ a: bytes('1'), b: bytes('3') });
      expect(found?.annotations['x.io/n']).toBe('n');
    });

    it.each(['Secret', 'ConfigMap'] as const)(
      'removes the keys of a %s that a change says, in the same step as it adds others',
      async (kind) => {
        const ref = fresh(kind);
        const store = open();
        const data = { a: bytes('1'), b: new Uint8Array([0, 255]), c: bytes('3') };
        await store.write(ref, { data });
        const change = { data: { d: bytes('4') }, remove: ['a', 'b', 'never there'] };
        await converge(store, ref, (current) => (current?.data.d ? undefined : change));
        expect((await open().read(ref))?.data).toEqual({ c: bytes('3'), d: bytes('4') });
      },
    );

    it('takes a warning, and leaves the record as it is', async () => {
      const ref = fresh('ConfigMap');
      const store = open();
      await store.write(ref, { data: { key: bytes('1') } });
      const before = await store.read(ref);
      await store.warn(ref, { reason: 'Expiry', message: 'it ends soon' });
      await store.warn(ref, { reason: 'Expiry', message: 'it ends sooner' });
      expect(await open().read(ref)).toEqual(before);
    });

    it('can hold a note before there is any data', async () => {
      const ref = fresh('ConfigMap');
      const store = open();
      await store.write(ref, { annotations: { 'sigstand.dev/note': 'reserved' } });
      const reserved = await store.read(ref);
      expect(reserved?.data).toEqual({});
      await store.write(ref, { data: { treeID: bytes('7') } }, reserved);
      expect((await open().read(ref))?.annotations['sigstand.dev/note']).toBe('reserved');
    });

    it('refuses to create what somebody else created', async () => {
      const ref = fresh();
      await open().write(ref, { data: { key: bytes('theirs') } });
      await expect(open().write(ref, { data: { key: bytes('ours') } })).rejects.toSatisfy(
        isCode('CONFLICT'),
      );
      expect((await open().read(ref))?.data.key).toEqual(bytes('theirs'));
    });

    it('refuses to replace a version that is no longer there', async () => {
      const ref = fresh();
      const store = open();
      await store.write(ref, { data: { key: bytes('1') } });
      const stale = await store.read(ref);
      await open().write(ref, { data: { key: bytes('2') } }, stale);
      await expect(store.write(ref, { data: { key: bytes('3') } }, stale)).rejects.toSatisfy(
        isCode('CONFLICT'),
      );
      expect((await open().read(ref))?.data.key).toEqual(bytes('2'));
    });

    it.each(['Secret', 'ConfigMap'] as const)(
      'makes a %s immutable as it is made',
      async (kind) => {
        const ref = fresh(kind);
        await open().write(ref, { data: { key: bytes('1') }, immutable: true });
        expect(await open().read(ref)).toMatchObject({
          immutable: true,
          data: { key: bytes('1') },
        });
      },
    );

    it('makes a record immutable that is there, and changes nothing else of it', async () => {
      const ref = fresh();
      const store = open();
      await store.write(ref, { data: { key: bytes('1') }, annotations: { 'x.io/n': 'n' } });
      const before = await store.read(ref);
      expect(before?.immutable).toBe(false);
      await store.write(ref, { immutable: true }, before);
      const after = await open().read(ref);
      expect(after).toMatchObject({ immutable: true, data: before?.data });
      expect(after?.annotations['x.io/n']).toBe('n');
    });

    it.each([
      ['other bytes', { key: 'other' }],
      ['a new key', { more: 'new' }],
    ])('gives %s no way into an immutable record', async (_what, data) => {
      const ref = fresh();
      const store = open();
      await store.write(ref, { data: { key: bytes('1') }, immutable: true });
      const change = {
        data: Object.fromEntries(Object.entries(data).map(([k, v]) => [k, bytes(v)])),
      };
      const before = await store.read(ref);
      await expect(store.write(ref, change, before)).rejects.toSatisfy(isCode('IMMUTABLE'));
      await expect(converge(store, ref, () => change)).rejects.toSatisfy(isCode('IMMUTABLE'));
      expect((await open().read(ref))?.data).toEqual({ key: bytes('1') });
    });

    it('takes no key out of an immutable record', async () => {
      const ref = fresh();
      const store = open();
      await store.write(ref, { data: { key: bytes('1') }, immutable: true });
      const before = await store.read(ref);
      await expect(store.write(ref, { remove: ['key'] }, before)).rejects.toSatisfy(
        isCode('IMMUTABLE'),
      );
      expect((await open().read(ref))?.data).toEqual({ key: bytes('1') });
    });

    it('keeps a record immutable whatever is noted beside its data', async () => {
      const ref = fresh();
      const store = open();
      await store.write(ref, { data: { key: bytes('1') }, immutable: true });
      const note = { data: { key: bytes('1') }, annotations: { 'x.io/n': 'n' }, immutable: false };
      await store.write(ref, note, await store.read(ref));
      expect(await open().read(ref)).toMatchObject({
        immutable: true,
        annotations: { 'x.io/n': 'n' },
      });
    });

    it('lets eight writers at once agree on one record', async () => {
      const ref = fresh();
      const writers = Array.from({ length: 8 }, (_, index) =>
        converge(open(), ref, (current) =>
          current === undefined ? { data: { winner: bytes(`writer ${index}`) } } : undefined,
        ),
      );
      const seen = await Promise.all(writers);
      expect(new Set(seen.map(({ data }) => Buffer.from(data.winner ?? '').toString())).size).toBe(
        1,
      );
    });

    it('loses no key when eight writers each add one', async () => {
      const ref = fresh('ConfigMap');
      const writers = Array.from({ length: 8 }, (_, index) =>
        converge(open(), ref, (current) =>
          current?.data[`key-${index}`] ? undefined : { data: { [`key-${index}`]: bytes('here') } },
        ),
      );
      await Promise.all(writers);
      expect(Object.keys((await open().read(ref))?.data ?? {})).toHaveLength(8);
    });
  });
}

function isCode(code: StoreErrorCode) {
  return (error: unknown) => error instanceof StoreError && error.code === code;
}
