import { frozenNote, nextTree, readFrozen } from '@sigstand/contracts/shards';
import { type OldLog, readConfig, type StoredConfig } from '@sigstand/createctconfig/ct-config';
import { at } from '@sigstand/job/errors';
import { type Snapshot, show } from '@sigstand/store/store';
import { leafHash, rootOfInclusion } from '../merkle.ts';
import { readSth } from '../status/judge-ctlog.ts';
import type { Ground } from './ground.ts';
import { answer, treeless } from './log-see.ts';
import type { Moving } from './next.ts';
import type { Record } from './record.ts';
import type { Places } from './see.ts';

/* A CT log that goes on in another tree, with another key: how far it is, and what it says. */

/** How far the move is; undefined where the key alone is replaced. @throws {JobError} */
export async function seeMoving(
  ground: Ground,
  places: Places,
  record: Record | undefined,
): Promise<Moving | undefined> {
  if (places.trees === undefined) return undefined;
  const { active, next, annotations } = await recordedTrees(ground, places);
  const config = await storedConfig(ground, places);
  const { from = active, to } = record?.trees ?? {};
  const old = config.old.find(({ treeId }) => treeId === from);
  return {
    next,
    frozen: readFrozen(annotations[frozenNote])?.tree === from,
    closed: old?.frozen !== undefined && record?.closed !== undefined,
    moved: active === to,
    obstacle:
      config.treeId === active
        ? undefined
        : `its configuration is for tree ${config.treeId}, and ${show(places.trees.record)} names ${active}`,
  };
}

/** The trees that the log's ConfigMap names. @throws {JobError} contradiction, where it names none. */
export async function recordedTrees({ store }: Ground, { trees }: Places) {
  if (trees === undefined) throw new TypeError('only a log that moves has trees here');
  const found = await store.read(trees.record);
  const value = (key: string) => Buffer.from(found?.data[key] ?? []).toString();
  const active = value('treeID');
  if (found === undefined || active === '') throw treeless(trees.record);
  return { active, next: value(nextTree) || undefined, value, annotations: found.annotations };
}

/** What the CT log's Secret configures. @throws {JobError} */
export async function storedConfig({ store }: Ground, { ctlog }: Places): Promise<StoredConfig> {
  return configIn(show(ctlog), await store.read(ctlog));
}

export function configIn(place: string, found: Snapshot | undefined): StoredConfig {
  return at(`${place} key config`, () => readConfig(found?.data.config ?? new Uint8Array()));
}

/** Where a log of before is asked. */
export function urlOf(places: Places, { prefix }: OldLog): string {
  return `${places.url('ctlog')}/${prefix}/ct/v1`;
}

/** The head of a log. @throws {JobError} */
export async function headAt(ground: Ground, url: string) {
  return readSth(await answer(ground, `${url}/get-sth`));
}

/** Whether a log shows its last entry, and proves that it is in the head that it has. @throws {JobError} */
export async function provesLast(ground: Ground, url: string): Promise<boolean> {
  const { size, root } = await headAt(ground, url);
  if (size === 0) return true;
  const json = async (path: string) => JSON.parse((await answer(ground, url + path)).toString());
  const { entries = [] } = await json(`/get-entries?start=${size - 1}&end=${size - 1}`);
  const leaf = leafHash(Buffer.from(entries[0]?.leaf_input ?? '', 'base64'));
  const hash = encodeURIComponent(leaf.toString('base64'));
  const proof = await json(`/get-proof-by-hash?hash=${hash}&tree_size=${size}`);
  const path = ((proof.audit_path ?? []) as string[]).map((one) => Buffer.from(one, 'base64'));
  const found = rootOfInclusion(leaf, { index: proof.leaf_index, size }, path);
  return found?.equals(root) ?? false;
}
