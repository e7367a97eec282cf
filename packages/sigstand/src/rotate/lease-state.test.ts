import { describe, expect, it } from 'vitest';
import { type Lease, lapseOf, leaseFor, standing } from './lease-state.ts';

const now = new Date('2031-01-01T00:01:00Z');
const at = (seconds: number) => new Date(now.getTime() + seconds * 1_000);
const ours = { namespace: 'tuf-system', name: 'sigstand', holder: 'me', now, renewing: false };
const taken = (holder: string, time: Date) =>
  leaseFor(undefined, { ...ours, holder, now: time }) as Lease;

describe('a lease', () => {
  it.each([
    ['is free where there is none', undefined, 'free'],
    ['is ours where we hold it', taken('me', at(-3_600)), 'ours'],
    ['is held by who renewed it a minute ago, almost', taken('other', at(-59)), 'held'],
    ['is free a minute after it was renewed', taken('other', at(-60)), 'free'],
    ['is free where its holder gave it back', taken('', at(-1)), 'free'],
    ['is held by a clock that is ahead', taken('other', at(600)), 'held'],
    ['is held where nobody says since when', { spec: { holderIdentity: 'other' } }, 'held'],
  ] as const)('%s', (_what, lease, whose) => {
    expect(standing(lease, { holder: 'me', now })).toBe(whose);
  });

  it.each([
    ['may be at work', -25, undefined],
    ['is gone', -26, 34_000],
    ['has been gone for long', -59, 1_000],
  ])('has a holder who %s, by its age', (_who, age, left) => {
    expect(lapseOf(taken('other', at(age)), now)).toBe(left);
  });

  it('has a holder who may be at work, where nobody says since when', () => {
    expect(lapseOf({ spec: { holderIdentity: 'other' } }, now)).toBeUndefined();
  });

  it('is written over the one that was read, and over no other', () => {
    const before = { metadata: { resourceVersion: '7' }, ...taken('other', at(-600)) };
    const lease = leaseFor({ ...before, metadata: { resourceVersion: '7' } }, ours);
    expect(lease).toMatchObject({
      metadata: { namespace: 'tuf-system', name: 'sigstand', resourceVersion: '7' },
      spec: { holderIdentity: 'me', leaseTransitions: 1, renewTime: '2031-01-01T00:01:00.000000Z' },
    });
  });

  it('that is renewed keeps since when it is held', () => {
    const before = taken('me', at(-30));
    expect(leaseFor(before, { ...ours, renewing: true })).toMatchObject({
      spec: {
        acquireTime: '2031-01-01T00:00:30.000000Z',
        renewTime: '2031-01-01T00:01:00.000000Z',
        leaseTransitions: 0,
      },
    });
  });
});
