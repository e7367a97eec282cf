import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  copies,
  ctlogSecrets,
  fulcioSecrets,
  rekorMysqlCredentials,
  rekorPublicKey,
  rekorSigningSecret,
  tsaCertChain,
} from '@sigstand/contracts/records';
import { utf8 } from '@sigstand/pki/pem';
import { directoryStore } from '@sigstand/store/directory';
import type { Data, Ref } from '@sigstand/store/store';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type JobPod, oncePods } from '../jobs.ts';
import { type RunningTrillian, startTrillian } from '../programs/trillian.ts';
import { canaries } from './canary.ts';
import {
  argsOf,
  astray,
  filesIn,
  hitsIn,
  podOf,
  type Seen,
  shownBy,
  unseenAtHome,
} from './canary-places.ts';
import { secretsIn } from './canary-secrets.ts';
import { wrong } from './canary-wrong.ts';
import { startJob } from './process.ts';
import { long } from './profile.ts';

describe('real processes on a directory', () => {
  let root: string;
  let trillian: RunningTrillian;
  let run: (pod: JobPod, at?: string) => Promise<{ status: number | null; seen: Seen[] }>;
  beforeAll(async () => {
    root = await mkdtemp(join(tmpdir(), 'sigstand-canary-'));
    trillian = await startTrillian();
    run = async (pod, at = root) => {
      const started = startJob(pod.job, {
        env: pod.env,
        args: [
          ...argsOf(pod),
          `--store=dir:${at}`,
          ...(pod.job === 'createtree' ? [`--admin-server=${trillian.address}`] : []),
        ],
      });
      const seen = await shownBy(pod.title, started);
      return { status: (await started.ended).status, seen };
    };
  });
  afterAll(async () => {
    await trillian?.stop();
    await rm(root, { recursive: true, force: true });
  });

  it('show no secret: not in what they write, nor in command line and environment', async () => {
    const runs = await Promise.all(oncePods.map((pod) => run(pod)));
    expect(runs.map(({ status }) => status)).toEqual(oncePods.map(() => 0));
    const seen = runs.flatMap((one) => one.seen);
    expect(seen.filter(([place]) => place.endsWith('cmdline')).length).toBeGreaterThanOrEqual(
      oncePods.length,
    );
    expect(seen.filter(([place]) => place.endsWith('environ')).length).toBeGreaterThanOrEqual(
      oncePods.length,
    );
    const inFolder = canaries(await secretsIn(directoryStore(root)));
    expect(hitsIn(inFolder, seen)).toEqual([]);
  });

  it('leave each secret in the files of its own record', async () => {
    const stored = await secretsIn(directoryStore(root));
    const files = (await filesIn(root)).map(([path, bytes]): Seen => {
      const [namespace, kind, name = ''] = path.split('/');
      return [`${kind} ${namespace}/${name.replace(/^\./, '')}`, bytes];
    });
    const hits = hitsIn(canaries(stored), files);
    expect(unseenAtHome(stored, hits)).toEqual([]);
    expect(astray(hits)).toEqual([]);
  });

  const places: readonly (readonly [string, Ref, string])[] = [
    ['rekor-createsecret', rekorSigningSecret, 'signing-secret-password'],
    ['trillian-createsecret', rekorMysqlCredentials, 'password'],
    ['createcerts', fulcioSecrets, 'private'],
    ['createctconfig', ctlogSecrets, 'config'],
    ['createcertchain', tsaCertChain, 'signing-secret'],
    ['copysecrets', rekorPublicKey, 'public'],
    ['createtuf', copies.ctlog, 'public'],
  ];

  it.each(places)('show no secret that is wrong: %s', async (name, ref, key) => {
    const store = directoryStore(root);
    // In process each of them was tried above.
    const tried = wrong.slice(0, -2);
    for (const [, make] of long ? tried : tried.filter((_, index) => index % 5 === 0)) {
      const { value = utf8(''), secrets: own } = make();
      const before = await store.read(ref);
      const data: Data = { ...before?.data, [key]: value };
      await store.write(ref, { data }, before);
      const { status, seen } = await run(podOf(name));
      expect([65, 78]).toContain(status);
      expect(hitsIn(canaries(own), seen)).toEqual([]);
      await store.write(ref, { data: before?.data ?? {} }, await store.read(ref));
    }
  });
});
