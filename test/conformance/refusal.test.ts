import type { Data } from '@sigstand/store/store';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Report, Served } from './client.ts';
import { flightsOf } from './flights.ts';
import {
  fileOf,
  followedBy,
  nextRoot,
  nextSnapshot,
  nextTargets,
  nextTimestamp,
  reference,
  type Stack,
  stack,
  without,
} from './forgeries.ts';
import { goTuf } from './go-tuf.ts';
import { faults } from './history-rules.ts';
import { envelope, type Root, snapshotOf, targetsOf } from './metadata.ts';
import { tufJs } from './tuf-js-history.ts';

let ours: Stack;
let strangers: Stack;
beforeAll(async () => {
  const rotation = { args: ['--rotate-root'] };
  ours = await stack({
    days: 10,
    events: { 3: { replace: 'rekor' }, 6: rotation, 9: { replace: 'fulcio' } },
  });
  strangers = await stack({ days: 10, events: { 3: rotation, 6: rotation } });
});

/** Ours has five states, so that the one which follows is the sixth. */
const older = ['state 1', 'state 2', 'state 3', 'state 4', 'state 5'];
const everybody = ['1.root.json', '1.root.json', ...older];

interface Forgery {
  readonly what: string;
  readonly forged: (files: Data) => Data;
  /** For how long it is served. */
  readonly days?: number;
  readonly refusedBy: readonly string[];
  /** Where tuf-js is not let fetch the target by all of these. */
  readonly refusedByTufJs?: readonly string[];
  readonly goTuf: RegExp;
  readonly tufJs: RegExp;
  /** What the rules say of it. */
  readonly rule: RegExp;
}

const forgeries: Forgery[] = [
  {
    what: 'a target with another content',
    forged: (files) => {
      const name = fileOf(files, 'ctfe.pub');
      return { ...files, [name]: files[name]!.toReversed() };
    },
    refusedBy: everybody,
    refusedByTufJs: ['1.root.json', '1.root.json', 'state 5'],
    goTuf: /^target ctfe.pub: .*hash verification failed/,
    tufJs: /^Expected hash [0-9a-f]{64} but got/,
    rule: /targets.json: has the hash of [0-9a-f]{64}.ctfe.pub$/m,
  },
  {
    what: 'a timestamp that has expired',
    forged: (files) => files,
    days: 7,
    refusedBy: ['1.root.json', ...older, 'state 6'],
    goTuf: /timestamp.json is expired/,
    tufJs: /timestamp.json is expired/,
    rule: /the timestamp: .* is valid until/,
  },
  {
    what: 'a snapshot that was rolled back',
    forged: (files) => {
      const version = snapshotOf(files) - 1;
      const meta = { 'snapshot.json': reference(version, files[`${version}.snapshot.json`]!) };
      return nextTimestamp(files, ours.keys, { meta });
    },
    // All others have not seen the newer one.
    refusedBy: ['state 5'],
    goTuf: /new snapshot version 2 must be >= 3/,
    tufJs: /New snapshot version 2 is less than current version 3/,
    rule: /snapshot 2 follows 3/,
  },
  {
    what: 'targets that were rolled back',
    forged: (files) => {
      const version = targetsOf(files) - 1;
      const meta = { 'targets.json': reference(version, files[`${version}.targets.json`]!) };
      return nextSnapshot(files, ours.keys, { meta });
    },
    refusedBy: ['state 5'],
    goTuf: /expected targets.json version/,
    tufJs: /New version 2 of targets.json is less than current version 3/,
    rule: /targets 2 follows 3/,
  },
  {
    what: 'the timestamp of before',
    forged: (files) => ({ ...files, 'timestamp.json': ours.states[3]!.files['timestamp.json']! }),
    refusedBy: ['state 5'],
    goTuf: /new timestamp version 3 must be >= 4/,
    tufJs: /New timestamp version 3 is less than current version 4/,
    rule: /timestamp 3 follows 4/,
  },
  {
    what: 'a root signed by strangers',
    forged: (files) => {
      const root = strangers.states.at(-1)!.files['3.root.json']!;
      return { ...files, '3.root.json': root, 'root.json': root };
    },
    refusedBy: everybody,
    goTuf: /Verifying root failed, not enough signatures, got 0, want 1/,
    tufJs: /root was signed by 0\/1 keys/,
    rule: /3.root.json: .* signed by the keys of the root before it/,
  },
  {
    what: 'a root that its own key did not sign',
    forged: (files) => {
      const root = strangers.states.at(-1)!.files['3.root.json']!;
      const { keys, roles } = envelope<Root>({ root }, 'root').signed;
      return nextRoot(files, { keys, roles }, ours.keys.root);
    },
    refusedBy: everybody,
    goTuf: /Verifying root failed, not enough signatures, got 0, want 1/,
    tufJs: /root was signed by 0\/1 keys/,
    rule: /3.root.json: .* signed by its own keys/,
  },
  {
    what: 'a root that skips a version',
    forged: (files) => nextRoot(files, { version: 4 }, ours.keys.root),
    refusedBy: everybody,
    goTuf: /expected 3, got 4/,
    tufJs: /Expected version 3, got 4/,
    rule: /3.root.json: .* has the version of its name/,
  },
  {
    what: 'a snapshot signed by the timestamp key',
    forged: (files) => nextSnapshot(files, { ...ours.keys, snapshot: ours.keys.timestamp }, {}),
    refusedBy: everybody,
    goTuf: /Verifying snapshot failed, not enough signatures/,
    tufJs: /snapshot was signed by 0\/1 keys/,
    rule: /4.snapshot.json: is signed by the keys that the newest root has/,
  },
  {
    what: 'a version with another content than before',
    forged: (files) =>
      nextSnapshot(files, ours.keys, {
        version: snapshotOf(files),
        expires: '2031-01-01T00:00:00Z',
      }),
    refusedBy: ['state 5'],
    // Clients do not see it, and keep the other one.
    goTuf: /ended with other metadata than one that began today/,
    tufJs: /ended with other metadata than one that began today/,
    rule: /3.snapshot.json has another content than before/,
  },
];

describe.each(forgeries)(
  '$what',
  ({ forged, days, rule, refusedBy, refusedByTufJs = refusedBy, ...whys }) => {
    let served: Served[];
    beforeAll(() => {
      served = followedBy(ours, forged, days);
    });

    it('is refused by go-tuf', async () => {
      const report = await goTuf(served, []);
      expect(refused(report, whys.goTuf)).toEqual(refusedBy);
    });

    it('is refused by tuf-js', async () => {
      const report = await tufJs(served, []);
      expect(refused(report, whys.tufJs)).toEqual(refusedByTufJs);
    });

    it('breaks a rule', () => {
      expect(faults(served).join('\n')).toMatch(rule);
    });
  },
);

/** Whose clients refused the state that was added, and only that, each for that reason. */
function refused({ refused, refusals }: Report, why: RegExp): string[] {
  expect(refusals).toHaveLength(refused);
  for (const refusal of refusals) expect(refusal).toMatchObject({ served: 'state 6' });
  for (const refusal of refusals) expect(refusal.why).toMatch(why);
  return refusals.map(({ client }) => client);
}

describe('files that went too early', () => {
  let served: Served[];
  beforeAll(() => {
    served = followedBy(ours, (files) => {
      const next = nextTargets(files, ours.keys, {});
      return without(next, `${snapshotOf(files)}.snapshot.json`);
    });
  });

  it.each([
    ['go-tuf', goTuf, /3.snapshot.json, http status code: 404/],
    ['tuf-js', tufJs, /there is no .*3.snapshot.json/],
  ])('are missed by %s in flight, and by nobody else', async (_client, follow, why) => {
    const { fresh, updates, refusals, flights } = await follow(served, flightsOf(served));
    expect(fresh.accepted + updates.accepted).toBe(fresh.tried + updates.tried);
    expect(flights.accepted).toBeLessThan(flights.tried);
    for (const refusal of refusals) expect(refusal.why).toMatch(why);
  });
});

describe('the history that the forgeries follow', () => {
  it.each([
    ['go-tuf', goTuf],
    ['tuf-js', tufJs],
  ])('is taken by %s, with a state that was added', async (_client, follow) => {
    const served = followedBy(ours, (files) => nextTargets(files, ours.keys, {}));
    expect(await follow(served, flightsOf(served))).toMatchObject({ refused: 0 });
    expect(faults(served)).toEqual([]);
  });
});
