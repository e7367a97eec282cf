import { copies, tufKeys, tufRepository, tufRoot } from '@sigstand/contracts/records';
import { runJob } from '@sigstand/job/testing';
import { memoryStore } from '@sigstand/store/memory';
import type { Ref, Snapshot, Store } from '@sigstand/store/store';
import { beforeAll, describe, expect, it } from 'vitest';
import { unarchived } from './archive.ts';
import { createTuf } from './job.ts';
import { sha256 } from './metadata.ts';
import { inputs, put, supplied } from './testing.ts';

const run = (store: Store) =>
  runJob(createTuf({ check: async () => {} }), store, { args: ['--timeout=200ms'] });
const records: readonly Ref[] = [tufKeys, tufRepository, tufRoot, ...Object.values(copies)];
const note = 'sigstand.dev/first-root';
let made: Store;
let firstRoot = '';

beforeAll(async () => {
  made = await supplied();
  expect(await run(made)).toMatchObject({ status: 0 });
  firstRoot = sha256((await made.read(tufRoot))!.data.root!);
});

/** What a restore brought back: these records, as they were or changed. */
async function restored(
  refs: readonly Ref[],
  changed: (ref: Ref, snapshot: Snapshot) => Partial<Snapshot> = (_ref, one) => one,
): Promise<Store> {
  const store = memoryStore();
  for (const ref of refs) await store.write(ref, changed(ref, (await made.read(ref))!));
  return store;
}

const without = (...lost: readonly Ref[]) => records.filter((one) => !lost.includes(one));
const contents = (store: Store) => Promise.all(records.map((ref) => store.read(ref)));

async function refusal(store: Store): Promise<string> {
  const before = await contents(store);
  const { status, stderr } = await run(store);
  expect({ status, stderr }).toMatchObject({ status: 78 });
  expect(await contents(store)).toEqual(before);
  return stderr.trimEnd().split('\n').at(-1)!;
}

describe('createtuf, where an older repository comes back,', () => {
  it('says which one clients were given since, and changes nothing', async () => {
    const store = await supplied();
    expect(await run(store)).toMatchObject({ status: 0 });
    const old = (await store.read(tufRepository))!;
    await put(store, { rekor: inputs('second').rekor });
    expect(await run(store)).toMatchObject({ status: 0 });
    const back = memoryStore();
    for (const ref of records) {
      await back.write(ref, ref === tufRepository ? old : (await store.read(ref))!);
    }
    expect(await refusal(back)).toContain(
      'tuf-repository is at timestamp 1, but Secret tuf-system/tuf-root has given clients 2; ' +
        'nothing was changed; restore the ConfigMap from the archive in Secret tuf-system/tuf-root',
    );
  });
});

it('createtuf gives clients no second first root, whoever wrote one while it signed', async () => {
  const [store, other] = [await supplied(), await supplied()];
  await run(other);
  const theirs = (await other.read(tufRoot))!;
  const racing: Store = {
    ...store,
    write: async (ref, ...change) => {
      await store.write(ref, ...change);
      if (ref.name === tufRepository.name) await store.write(tufRoot, { data: theirs.data });
    },
  };
  const { status, stderr } = await run(racing);
  expect(status).toBe(78);
  expect(stderr).toMatch(
    /tuf-repository begins with root .*, but Secret tuf-system\/tuf-root has given/,
  );
  expect((await store.read(tufRoot))!.data).toEqual(theirs.data);
});

describe('createtuf, where the repository is lost,', () => {
  it('says how to unpack the archive that clients were given', async () => {
    const error = await refusal(await restored(without(tufRepository)));
    expect(error).toContain(`has given clients root ${firstRoot}; nothing was changed`);
    expect(error).toMatch(
      /restore the ConfigMap from the archive in Secret tuf-system\/tuf-root, .*kubectl get secret -n tuf-system tuf-root /,
    );
  });

  it('knows from the archive alone that clients have a root', async () => {
    const store = await restored(without(tufRepository), (ref, { data, ...rest }) => {
      const { root: _, ...others } = data;
      return { ...rest, data: ref === tufRoot ? others : data };
    });
    expect(await refusal(store)).toContain(`has given clients root ${firstRoot}`);
  });

  it('says that the keys are lost as well', async () => {
    const error = await refusal(await restored(without(tufRepository, tufKeys)));
    expect(error).toMatch(
      /signed it are not in Secret tuf-system\/tuf-keys; .*restore Secret .*restore the ConfigMap/,
    );
  });

  it('knows from the keys alone that clients have a root', async () => {
    const error = await refusal(await restored(without(tufRepository, tufRoot)));
    expect(error).toContain(
      `ConfigMap tuf-system/tuf-repository is gone, and clients start from root ${firstRoot}`,
    );
    expect(error).toContain('restore ConfigMap tuf-system/tuf-repository from your backup');
  });

  it('signs nothing with keys whose note was not restored', async () => {
    const store = await restored(without(tufRepository, tufRoot), (_ref, { data }) => ({ data }));
    expect(await refusal(store)).toContain(`has no note ${note}`);
    const keys = (await store.read(tufKeys))!;
    await store.write(tufKeys, { annotations: { [note]: '' } }, keys);
    expect(await run(store)).toMatchObject({ status: 0 });
  });
});

describe('createtuf, on a stack that was published,', () => {
  it('notes the first root on keys that lack the note', async () => {
    const store = await restored(records, (_ref, { data }) => ({ data }));
    expect(await run(store)).toMatchObject({ status: 0 });
    expect((await store.read(tufKeys))!.annotations).toEqual({ [note]: firstRoot });
  });

  it('hands out the same root and archive where they were lost', async () => {
    const store = await restored(without(tufRoot));
    expect(await run(store)).toMatchObject({ status: 0 });
    expect((await store.read(tufRoot))!.data.root).toEqual((await made.read(tufRoot))!.data.root);
  });

  it('refuses a repository with another first root of the same keys', async () => {
    const store = await restored(records, (ref, snapshot) =>
      ref === tufKeys ? { ...snapshot, annotations: { [note]: '0'.repeat(64) } } : snapshot,
    );
    const gone = (await store.read(tufRoot))!;
    await store.write(tufRoot, { remove: ['root', 'repository'] }, gone);
    expect(await refusal(store)).toContain(
      `begins with root ${firstRoot}, but the keys in Secret tuf-system/tuf-keys have signed root 000`,
    );
  });

  it('goes on from the files of its own archive', async () => {
    const store = await restored(without(tufRepository));
    const packed = (await made.read(tufRoot))!.data.repository!;
    await store.write(tufRepository, { data: await unarchived(packed) });
    expect(await run(store)).toMatchObject({ status: 0 });
    expect(await contents(store)).toMatchObject(
      (await contents(made)).map((one) => ({ data: one!.data })),
    );
  });

  it('waits for copies that were lost, and changes nothing', async () => {
    const store = await restored(without(copies.rekor));
    const before = await contents(store);
    const { status, stderr } = await run(store);
    expect({ status, stderr }).toMatchObject({
      status: 69,
      stderr: expect.stringContaining('Secret tuf-system/rekor-pub-key did not come'),
    });
    expect(await contents(store)).toEqual(before);
  });
});
