import { JobError } from '@sigstand/job/errors';
import { fileAt } from '@sigstand/job/file';
import { type Store, secretIn, show } from '@sigstand/store/store';
import type { Options, RootKeyPlace } from './command.ts';
import { thresholdOf } from './options.ts';
import { type Brought, type BroughtKey, readRootKey } from './root-keys.ts';

/** The root keys that the flags name, from where people keep them. */
export async function broughtKeys(store: Store, options: Options): Promise<Brought> {
  const { namespace, rotateRoot = false, rotateKeys = false } = options;
  const threshold = thresholdOf(options);
  const read = async (flag: string, places: readonly RootKeyPlace[]) => {
    const named = places.map((place, index) => ({
      place,
      told: `${flag} (${index + 1} of ${places.length})`,
    }));
    return (await Promise.all(named.map((one) => keysAt(store, one, namespace)))).flat();
  };
  const keys = await read('--root-key', options.rootKey);
  const old = await read('--old-root-key', options.oldRootKey);
  return { keys, old, threshold, rotates: rotateRoot, rekeys: rotateKeys };
}

// A key has about a hundred bytes.
const keyFile = { most: 65_536, failure: 'data' } as const;

async function keysAt(
  store: Store,
  { place, told }: { place: RootKeyPlace; told: string },
  namespace: string,
): Promise<BroughtKey[]> {
  if (place.kind === 'file') return [readRootKey(told, fileAt(told, place.path, keyFile))];
  const ref = secretIn(namespace, place.name);
  const found = Object.entries((await store.read(ref))?.data ?? {});
  if (found.length === 0) throw new JobError('data', `${show(ref)} holds no root key`);
  return found.map(([key, bytes]) => readRootKey(`${show(ref)} key ${key}`, bytes));
}
