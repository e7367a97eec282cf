import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type FakeCluster, fakeCluster } from '../backup/testing.ts';
import { withLease } from './lease.ts';

/* Operators whose clocks do not agree, on an API server of ours. test/apiserver/up.test.ts has a real one. */

let cluster: FakeCluster;
let said: string[];
beforeEach(async () => {
  said = [];
  cluster = await fakeCluster();
});
afterEach(() => cluster.close());

const minutes = 60_000;

/** Takes the Lease by a clock that is off, for as long as `work` takes. */
const hold = (holder: string, off: number, work: () => Promise<string>) =>
  withLease(
    { server: cluster.url, options: async () => ({}), forget: () => {} },
    {
      ...{ namespace: 'tuf-system', holder, takeOver: false, log: (line) => void said.push(line) },
      now: () => new Date(Date.now() + off),
      signal: new AbortController().signal,
    },
    work,
  );

const lease = '/apis/coordination.k8s.io/v1/namespaces/tuf-system/leases/sigstand';

/** Puts a Lease there that was renewed so many milliseconds ago. */
function left(age: number) {
  const spec = {
    ...{ holderIdentity: 'bob', leaseDurationSeconds: 60 },
    renewTime: new Date(Date.now() - age).toISOString(),
  };
  cluster.put(lease, { kind: 'Lease', metadata: { name: 'sigstand' }, spec } as never);
}

describe('a lease that a run left behind', () => {
  it('is waited for, and said to be', async () => {
    left(59_000);
    expect(await hold('ann', 0, async () => 'ann works')).toBe('ann works');
    expect(said).toEqual([
      expect.stringMatching(
        /^waiting: Lease tuf-system\/sigstand is held by bob, who renewed it \d+ s ago: it ends in [0-2] s, or by --take-over$/,
      ),
    ]);
  });

  it.each([
    ['is renewed', () => left(0)],
    [
      'is given back',
      () =>
        cluster.put(lease, {
          kind: 'Lease',
          metadata: { name: 'sigstand' },
          spec: { holderIdentity: '' },
        } as never),
    ],
  ])('and %s after all, is somebody else’s', async (_what, change) => {
    left(59_000);
    setTimeout(change, 300);
    const refused = await hold('ann', 0, async () => 'ann works').catch(({ message }) => message);
    expect(refused).toMatch(
      /^Lease tuf-system\/sigstand is held by bob, who renewed it \d+ s ago$/,
    );
  });
});

describe('a lease', () => {
  it.each([
    ['late', -10 * minutes, 0],
    ['early', 0, 10 * minutes],
    ['in another year', 0, 400 * 24 * 60 * minutes],
  ])('is held, also where a clock is %s', async (_how, first, second) => {
    const other = () => hold('bob', second, async () => 'bob works');
    const refused = await hold('ann', first, () => other().catch(({ message }) => message));
    expect(refused).toMatch(
      /^Lease tuf-system\/sigstand is held by ann, who renewed it [0-2] s ago$/,
    );
    expect(await other()).toBe('bob works');
  });
});
