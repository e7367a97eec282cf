import { tufRoot } from '@sigstand/contracts/records';
import { runJob } from '@sigstand/job/testing';
import type { Store } from '@sigstand/store/store';
import { expect, it } from 'vitest';
import { createTuf } from './job.ts';
import { lackingMirror, mirrorOf } from './mirror.ts';
import { supplied } from './testing.ts';

const run = (store: Store, ...args: string[]) => runJob(createTuf(), store, { args });
const noted = async (store: Store) => mirrorOf(await store.read(tufRoot));

it('notes where clients reach the repository, beside the root that they start from', async () => {
  const store = await supplied();
  const { status, stderr } = await run(store, '--mirror-url=https://tuf.example.com/');
  expect({ status, stderr }).toMatchObject({ status: 0 });
  expect(stderr).toContain('the export names the repository at https://tuf.example.com\n');
  expect(await noted(store)).toBe('https://tuf.example.com');
});

it('follows it, without another signature, and writes nothing where it is the same', async () => {
  const store = await supplied();
  expect(await run(store)).toMatchObject({ status: 0 });
  expect(await noted(store)).toBeUndefined();
  const { data } = (await store.read(tufRoot))!;
  await run(store, '--mirror-url=https://tuf.example.com');
  const once = (await store.read(tufRoot))!;
  expect(await noted(store)).toBe('https://tuf.example.com');
  expect(await run(store, '--mirror-url=https://tuf.example.com')).toMatchObject({ status: 0 });
  expect((await store.read(tufRoot))?.version).toBe(once.version);
  const moved = await run(store, '--mirror-url=https://trust.example.com');
  expect(moved.stderr).toContain(
    'the export names the repository at https://trust.example.com, no longer at https://tuf.example.com\n',
  );
  const back = await run(store);
  expect(back.stderr).toContain('no longer names the repository at https://trust.example.com\n');
  expect(await noted(store)).toBeUndefined();
  expect((await store.read(tufRoot))?.data).toEqual(data);
});

it('leaves the notes of a record that another program manages', () => {
  const found = { annotations: {}, owner: 'ExternalSecret theirs' };
  expect(lackingMirror(found, 'https://tuf.example.com')).toBeUndefined();
});
