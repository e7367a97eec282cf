import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type FakeCluster, fakeCluster } from '../backup/testing.ts';
import { withLease } from './lease.ts';

/* Operators whose clocks do not agree, on an API server of ours. test/apiserver/up.test.ts has a real one. */

let cluster: FakeCluster;
beforeEach(async () => {
  cluster = await fakeCluster();
});
afterEach(() => cluster.close());

const minutes = 60_000;

/** Takes the Lease by a clock that is off, for as long as `work` takes. */
const hold = (holder: string, off: number, work: () => Promise<string>) =>
  withLease(
    { server: cluster.url, options: async () => ({}), forget: () => {} },
    {
      ...{ namespace: 'tuf-system', holder, takeOver: false },
      now: () => new Date(Date.now() + off),
      signal: new AbortController().signal,
    },
    work,
  );

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
