import { rekorConfig } from '@sigstand/contracts/records';
import { memoryStore } from '@sigstand/store/memory';
import { recording } from '@sigstand/store/recording';
import { describe, expect, it } from 'vitest';
import { newToken, oneProcess, world } from './testing.ts';
import { present } from './tree.ts';

const named = '--display-name=rekortree';

/** A log with entries whose record is lost, and a way to run createtree without it. */
async function lost(size = 7n) {
  const { run, recorded, change, ...rest } = world();
  expect(await run([named])).toMatchObject({ status: 0 });
  const id = (await recorded())!;
  change(id, { size });
  const store = memoryStore();
  return { ...rest, id, store, change, again: (...args: string[]) => run(args, { store }) };
}

describe('createtree, where the record of a log with entries is lost,', () => {
  it('makes no second tree, writes nothing, and says both ways out', async () => {
    const { again, id, store, live } = await lost();
    const { status, stderr } = await again(named);
    expect({ status, stderr }).toMatchObject({ status: 78 });
    expect(stderr).toContain(
      `Trillian at log-server.trillian-system.svc:80 has tree ${id} with 7 entries, named rekortree, and ` +
        'ConfigMap rekor-system/rekor-config names no tree; nothing was changed',
    );
    expect(stderr).toContain(
      `put its ID back: kubectl create configmap -n rekor-system rekor-config --from-literal=treeID=${id};`,
    );
    expect(stderr).toContain('start a new and empty log with --force');
    expect(await store.read(rekorConfig)).toBeUndefined();
    expect(live()).toHaveLength(1);
  });

  it('says so as well where the record is there and empty, or its reservation found no tree', async () => {
    const { again, id, store, live } = await lost();
    await store.write(rekorConfig, { annotations: { [present.intent]: newToken() } });
    const { status, stderr } = await again(named);
    expect({ status, stderr }).toMatchObject({ status: 78 });
    expect(stderr).toContain(
      `kubectl patch configmap -n rekor-system rekor-config -p '{"data": {"treeID": "${id}"}}'`,
    );
    expect(live()).toHaveLength(1);
  });

  it('goes on with the ID that was put back', async () => {
    const { again, id, store, live } = await lost();
    await store.write(rekorConfig, { data: { treeID: new Uint8Array(Buffer.from(id)) } });
    expect(await again(named)).toMatchObject({ status: 0 });
    expect(live()).toHaveLength(1);
  });

  it('starts a new log with force, and leaves the old one', async () => {
    const { again, id, live } = await lost();
    expect(await again(named, '--force')).toMatchObject({ status: 0 });
    expect(live().map((tree) => tree.id)).toContain(id);
    expect(live()).toHaveLength(2);
  });

  it('names every tree that may be meant', async () => {
    const { again, id, live, change } = await lost();
    await again(named, '--force');
    const [other] = live().filter((tree) => tree.id !== id);
    change(other!.id, { size: 1n });
    const { trillian, run } = world();
    const both = {
      ...trillian,
      listTrees: async () => live(),
      latestRoot: async () => ({ size: 1n }),
    };
    const { status, stderr } = await run([named], { trillian: both });
    expect({ status, stderr }).toMatchObject({ status: 78 });
    expect(stderr).toContain(`tree ${id} with 1 entry, tree ${other!.id} with 1 entry, named`);
    expect(stderr).toContain('--from-literal=treeID=ID;');
  });

  it.each([['--display-name=another'], []])('makes a tree of another name: %j', async (...args) => {
    const { again, live } = await lost();
    expect(await again(...args)).toMatchObject({ status: 0 });
    expect(live()).toHaveLength(2);
  });

  it('takes a log without a name for one that may be this one', async () => {
    const { run, recorded, change } = world();
    await run();
    change((await recorded())!, { size: 1n });
    const { status, stderr } = await run([], { store: memoryStore() });
    expect({ status, stderr }).toMatchObject({
      status: 78,
      stderr: expect.stringContaining('with 1 entry, without a name,'),
    });
  });

  it('leaves an empty tree of its name alone, since it may be another stack’s', async () => {
    const { again, id, live } = await lost(0n);
    const { status, stderr } = await again(named);
    expect({ status, stderr }).toMatchObject({
      status: 0,
      stderr: expect.stringContaining(`warning: Trillian has ${id} of the same name`),
    });
    expect(live()).toHaveLength(2);
  });

  it('does not take for lost what a parallel run has just recorded', async () => {
    const { store, trillian, run, recorded, change, live } = world();
    const process = oneProcess({ store, trillian });
    let looked = 0;
    const slow = {
      ...process.trillian,
      // Between its first look at the record and this one, another run makes the log, and it gets entries.
      listTrees: async () => {
        if (looked++ === 0) {
          expect(await run([named])).toMatchObject({ status: 0 });
          change((await recorded())!, { size: 3n });
        }
        return trillian.listTrees();
      },
    };
    expect(await run([named], { store: recording(store, () => {}), trillian: slow })).toMatchObject(
      {
        status: 0,
      },
    );
    expect(live()).toHaveLength(1);
  });
});

describe('createtree, with a record of another database or log,', () => {
  it('names the trees that may be meant', async () => {
    const { run, record, recorded, change } = world();
    await run([named]);
    const id = (await recorded())!;
    change(id, { size: 5n });
    await record('4711');
    const { status, stderr } = await run([named]);
    expect({ status, stderr }).toMatchObject({ status: 78 });
    expect(stderr).toContain(`names tree 4711, which Trillian does not have`);
    expect(stderr).toContain(`(Trillian has tree ${id} with 5 entries of its name)`);
    expect(stderr).toContain("restore Trillian's database, or this record, from your backup");
  });

  it('warns where the recorded tree has another name', async () => {
    const { run } = world();
    await run([named]);
    const { status, stderr } = await run(['--display-name=ctlogtree']);
    expect({ status, stderr }).toMatchObject({
      status: 0,
      stderr: expect.stringContaining('is named "rekortree" in Trillian: look whose it is'),
    });
  });
});
