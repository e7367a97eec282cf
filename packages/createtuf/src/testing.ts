import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { copies, tufRepository } from '@sigstand/contracts/records';
import { runJob } from '@sigstand/job/testing';
import { memoryStore } from '@sigstand/store/memory';
import type { Data, Store } from '@sigstand/store/store';
import { TrustedRoot } from '@sigstore/protobuf-specs';
import { createTuf } from './job.ts';
import { withoutPage } from './page-file.ts';
import { openRepository, publishedTargets, type Repository } from './repository.ts';
import type { Target } from './targets.ts';

/** The four public records, made by openssl: one set, and another one with every key changed. */
export function inputs(folder: 'first' | 'second'): Record<keyof typeof copies, Data> {
  const root = join(import.meta.dirname, '../../../test/golden/inputs', folder);
  const read = (name: string) => new Uint8Array(readFileSync(join(root, name)));
  return {
    fulcio: { cert: read('fulcio.crt.pem'), public: read('fulcio.pub') },
    ctlog: { public: read('ctlog.pub') },
    rekor: { public: read('rekor.pub') },
    tsa: { 'cert-chain': read('tsa.crt.pem') },
  };
}

/** Writes records as copysecrets would, over what is there. */
export async function put(
  store: Store,
  records: Partial<Record<keyof typeof copies, Data>>,
): Promise<void> {
  for (const [input, data] of Object.entries(records)) {
    const ref = copies[input as keyof typeof copies];
    await store.write(ref, { data }, await store.read(ref));
  }
}

/** A store with the first set of inputs. */
export async function supplied(): Promise<Store> {
  const store = memoryStore();
  await put(store, inputs('first'));
  return store;
}

/** The Job at some other time than now, at which a real client would not agree to read. */
export function runAt(store: Store, time: string, args: readonly string[] = []) {
  const job = createTuf({ check: async () => {} });
  return runJob(job, store, { args, now: () => new Date(time) });
}

export async function stored(store: Store): Promise<Repository> {
  return openRepository(withoutPage((await store.read(tufRepository))?.data ?? {}));
}

export function target(repository: Repository, name: string): Target | undefined {
  return publishedTargets(repository).find((one) => one.name === name);
}

export function trust(repository: Repository): TrustedRoot {
  const document = target(repository, 'trusted_root.json')?.bytes ?? new Uint8Array();
  return TrustedRoot.fromJSON(JSON.parse(Buffer.from(document).toString()));
}
