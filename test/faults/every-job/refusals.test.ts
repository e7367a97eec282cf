import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { tokenOf } from '../../programs/identity.ts';
import { type Harness, openHarness, type Prepared } from '../harness.ts';
import type { StoredObject } from '../history.ts';
import { patience } from '../profile.ts';
import { bringUp, lastLine, otherThan, runAll } from './all.ts';
import { openEmptyLane } from './empty-lane.ts';
import { denyAll, endNamespaces, fillQuotas } from './locks.ts';

/* What the API server refuses for good: all Jobs of the manifests end at once, and say why. */

const soon = () => ({ within: patience(5_000) });
const { kubeconfig } = inject('apiserver');
let harness: Harness;
beforeAll(async () => {
  harness = await openHarness('refusals', inject('apiserver'));
});
afterAll(() => harness?.close());

describe('a token', () => {
  it('that is refused once at each request is tried again', async () => {
    const { faults } = await bringUp(harness, () => {
      const seen = new Set<string>();
      return {
        faults: ({ what }) => {
          if (seen.has(what)) return undefined;
          seen.add(what);
          return { kind: 'answer', status: 401 };
        },
      };
    });
    expect(faults).toEqual([]);
  });

  it('that was replaced while the Job ran is read again from its file', async () => {
    const { lane, faults, close } = await openEmptyLane('renewed', kubeconfig);
    const { admin, jobs } = lane;
    const dir = await mkdtemp(join(tmpdir(), 'sigstand-tokens-'));
    try {
      const files = new Map(jobs.map((job, index) => [job, join(dir, `${index}`)]));
      // The API server goes on for a while with a token that it has just seen, so this one is new to it.
      for (const [job, file] of files) await writeFile(file, await tokenOf(admin, job));
      const renewed = Promise.withResolvers<void>();
      let arrived = 0;
      const renew = async () => {
        for (const [job, file] of files) {
          const { namespace, serviceAccount: name } = job;
          await admin.deleteNamespacedServiceAccount({ namespace, name });
          await admin.createNamespacedServiceAccount({ namespace, body: { metadata: { name } } });
          await writeFile(file, await tokenOf(admin, job));
        }
      };
      const runs = await runAll(harness, jobs, (job) => ({
        tokenFile: files.get(job) ?? '',
        args: ['--timeout=60s'],
        faults: ({ n }) => {
          if (n === 1) arrived += 1;
          if (n === 1 && arrived === jobs.length) renew().then(renewed.resolve, renewed.reject);
          // All that comes before: of several reads at once, one that gets through makes the token known.
          return { kind: 'hold', until: renewed.promise };
        },
      }));
      expect([...otherThan(0, runs), ...(await faults())]).toEqual([]);
      for (const { stderr } of runs) expect(stderr).toContain('the API server answered 401');
    } finally {
      close();
      await rm(dir, { recursive: true });
    }
  });

  it('that nobody knows ends them with 77', async () => {
    const runs = await runAll(harness, harness.lane.jobs, () => ({ token: 'unknown' }));
    expect(otherThan(77, runs, soon())).toEqual([]);
    for (const { stderr } of runs)
      expect(lastLine(stderr)).toMatch(
        /error: get (Secret|ConfigMap) \S+: the API server answered 401.*; check the service account token/,
      );
  });
});

describe('a write', () => {
  let nothing: Prepared;
  let whole: StoredObject[];
  beforeAll(async () => {
    whole = [...(await harness.state()).values()];
    nothing = await harness.prepare(...harness.lane.jobs);
  });

  it.each([
    ['a quota', fillQuotas, /exceeded quota: few, requested: count\/\w+=1/],
    ['a policy', denyAll, /denied request: ask the platform team; /],
    // Last, because nothing brings a namespace back.
    [
      'a namespace that ends',
      endNamespaces,
      /wait until the namespace is gone, then create it anew/,
    ],
  ] as const)('that %s refuses ends them with 65', async (_what, lock, said) => {
    await nothing.reset(whole);
    const namespaces = [...new Set(harness.lane.jobs.map(({ namespace }) => namespace))];
    const unlock = await lock(kubeconfig, namespaces);
    try {
      // From the last of them on, so that each still has its inputs.
      for (const wave of harness.waves.toReversed()) {
        await harness.remove(wave.flatMap(harness.outputsOf));
        const before = await harness.state();
        const runs = await runAll(harness, wave);
        expect(otherThan(65, runs, soon())).toEqual([]);
        for (const { stderr } of runs) {
          expect(lastLine(stderr)).toMatch(/error: patch (Secret|ConfigMap) \S+: /);
          expect(lastLine(stderr)).toMatch(said);
        }
        expect(await harness.state()).toEqual(before);
        expect(await harness.unreferencedTrees()).toEqual([]);
      }
    } finally {
      await unlock();
    }
  });
});
