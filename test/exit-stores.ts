import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { tufKeys, tufRepository, tufRoot } from '@sigstand/contracts/records';
import { createTree } from '@sigstand/createtree/job';
import { memoryTrillian, newToken } from '@sigstand/createtree/testing';
import { TrillianError } from '@sigstand/createtree/trillian-error';
import { supplied } from '@sigstand/createtuf/testing';
import type { Job } from '@sigstand/job/main';
import { runJob } from '@sigstand/job/testing';
import { clusterAccess } from '@sigstand/store/access';
import { Unsuccessful } from '@sigstand/store/api';
import { storeOver } from '@sigstand/store/cluster';
import { memoryStore } from '@sigstand/store/memory';
import { refusal } from '@sigstand/store/refusal';
import type { Ref, Store } from '@sigstand/store/store';
import { afterAll } from 'vitest';
import { jobs } from './jobs.ts';

/* Stores, and what stands beside them, with which a Job ends as docs/exit-status.md tells. */

export const bytes = (text: string) => new Uint8Array(Buffer.from(text));
export const keyOn = (namedCurve: string) =>
  String(
    generateKeyPairSync('ec', { namedCurve }).privateKey.export({ type: 'pkcs8', format: 'pem' }),
  );
export const key = keyOn('P-256');

export async function holding(...entries: [Ref, Record<string, string>][]): Promise<Store> {
  const store = memoryStore();
  for (const [ref, values] of entries) {
    const data = Object.entries(values).map(([name, value]) => [name, bytes(value)]);
    await store.write(ref, { data: Object.fromEntries(data) });
  }
  return store;
}

/** A store that a Job has been run on. */
export async function after(...names: string[]): Promise<Store> {
  const store = memoryStore();
  for (const name of names) await runJob(jobs[name]!(), store, {});
  return store;
}

export async function withData(store: Store, ref: Ref, from?: Store): Promise<Store> {
  const data = (await (from ?? store).read(ref))?.data ?? {};
  await store.write(ref, { data }, await store.read(ref));
  return store;
}

export async function withValues(
  store: Store,
  ref: Ref,
  values: Record<string, string>,
): Promise<Store> {
  const data = Object.entries(values).map(([name, value]) => [name, bytes(value)]);
  await store.write(ref, { data: Object.fromEntries(data) }, await store.read(ref));
  return store;
}

/** A store whose API server answers each write, or each read, with this. */
export function answering(verb: 'get' | 'patch', code: number, status: object): Store {
  const refuse = async (ref: Ref): Promise<never> => {
    const body = JSON.stringify({ kind: 'Status', ...status });
    throw refusal(verb, ref, new Unsuccessful(code, body));
  };
  return verb === 'get'
    ? { ...memoryStore(), read: refuse, write: refuse }
    : { ...memoryStore(), write: refuse };
}

export const account = 'system:serviceaccount:rekor-system:createsecret';
export const failing = (error: Error): Store => ({
  ...memoryStore(),
  read: () => Promise.reject(error),
  write: () => Promise.reject(error),
});

/** createtree before a Trillian that has a log of its name with entries. */
export async function logWithEntries(): Promise<Job> {
  const { trillian, live, change } = memoryTrillian();
  const job = createTree({ connect: () => trillian, newToken });
  await runJob(job, memoryStore(), { args: ['--display-name=rekortree'] });
  change(live()[0]!.id, { size: 2n });
  return job;
}

/** A repository that was signed for longer than it would be now. */
export async function signedBefore(): Promise<Store> {
  const store = await supplied();
  await runJob(jobs.createtuf!(), store, {});
  return store;
}

/** What a Job is told by the kubeconfig that it is given. */
export async function kubeconfigOf(text: string): Promise<Store> {
  const folder = mkdtempSync(join(tmpdir(), 'sigstand-kubeconfig-'));
  try {
    writeFileSync(join(folder, 'config'), text);
    const access = await clusterAccess({ KUBECONFIG: join(folder, 'config') });
    return storeOver(access, 'createsecret');
  } catch (error) {
    return failing(error as Error);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Where a kubelet put all but the token. */
export const withoutToken = mkdtempSync(join(tmpdir(), 'sigstand-account-'));
writeFileSync(join(withoutToken, 'ca.crt'), 'x');
afterAll(() => rmSync(withoutToken, { recursive: true }));

export async function forbiddingTrillian(): Promise<Job> {
  const { trillian } = memoryTrillian();
  const listTrees = () => Promise.reject(new TrillianError('PERMISSION_DENIED', 'access denied'));
  return createTree({ connect: () => ({ ...trillian, listTrees }), newToken });
}

/** What a stack holds after its TUF repository was published, but for one record. */
export async function publishedWithout(lost: Ref): Promise<Store> {
  const [whole, store] = [await signedBefore(), await supplied()];
  for (const ref of [tufKeys, tufRepository, tufRoot]) {
    const found = await whole.read(ref);
    if (ref.name !== lost.name && found) await store.write(ref, found);
  }
  return store;
}
