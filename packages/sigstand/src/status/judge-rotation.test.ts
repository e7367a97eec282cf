import { describe, expect, it } from 'vitest';
import type { Lease } from '../rotate/lease-state.ts';
import type { UnderWay } from '../rotate/under-way.ts';
import { judgeRotations } from './judge-rotation.ts';

const now = new Date('2031-01-01T00:01:00Z');
const held = (holderIdentity: string, age: number): Lease => ({
  spec: { holderIdentity, renewTime: new Date(now.getTime() - age * 1_000).toISOString() },
});
const next = { step: 'switch', says: 'Secret a/b gets the new key' };
const tsa: UnderWay = { what: ['tsa'], next };
const judged = (underWay: UnderWay, lease: Lease | undefined, naming = {}) =>
  judgeRotations({ underWay: [underWay], lease, at: now }, naming)[0];

describe('a rotation that is under way', () => {
  it('is in order while somebody works on it, who is named', () => {
    expect(judged(tsa, held('ann@laptop 0a1b2c3d', 5))).toEqual({
      ...{ check: 'rotation', subject: 'tsa', outcome: 'ok' },
      says: 'it is under way; ann@laptop 0a1b2c3d works on the stack; next is switch: Secret a/b gets the new key',
    });
  });

  it.each([
    ['gave the Lease back', held('', 5)],
    ['is gone', held('ann@laptop 0a1b2c3d', 61)],
    ['does not renew it any more', held('ann@laptop 0a1b2c3d', 26)],
  ])('is warned of where who began it %s, with what goes on', (_what, lease) => {
    expect(judged(tsa, lease, { namespacePrefix: 'stg-' })).toEqual({
      ...{ check: 'rotation', subject: 'tsa', outcome: 'warn' },
      says: 'it is under way; nobody works on it; next is switch: Secret a/b gets the new key',
      todo: 'sigstand rotate tsa --namespace-prefix=stg- goes on with it from there',
    });
  });

  it('says nothing of what may not be looked at', () => {
    const log: UnderWay = { what: ['rekor', '--new-log'], next: undefined };
    expect(judged(log, undefined, { singleNamespace: 'one' })).toEqual({
      ...{ check: 'rotation', subject: 'rekor --new-log', outcome: 'warn' },
      says: 'it is under way',
      todo: 'sigstand rotate rekor --new-log --single-namespace=one goes on with it from there',
    });
  });

  it('says why it cannot go on', () => {
    const stuck: UnderWay = { what: ['tsa'], next: { stuck: 'there is a third key' } };
    expect(judged(stuck, held('', 5))?.says).toBe(
      'it is under way; nobody works on it; it is stuck: there is a third key',
    );
  });
});
