import { utf8 } from '@sigstand/pki/pem';
import type { Data } from '@sigstand/store/store';
import { beforeAll, expect, it } from 'vitest';
import {
  fileOf,
  followedBy,
  nextRoot,
  nextSnapshot,
  nextTargets,
  nextTimestamp,
  type Stack,
  stack,
  without,
} from './forgeries.ts';
import { faults } from './history-rules.ts';
import { envelope, type Root, sha256 } from './metadata.ts';

let ours: Stack;
beforeAll(async () => {
  ours = await stack({
    days: 3,
    events: { 2: { args: ['--rotate-root'] }, 3: { replace: 'tsa' } },
  });
});

const roles = (files: Data) => envelope<Root>(files, 'root.json').signed.roles;

const forgeries: [string, (files: Data) => Data, string][] = [
  [
    'a time with fractions of a second',
    (files) => nextTimestamp(files, ours.keys, { expires: '2031-01-01T00:00:00.000Z' }),
    'timestamp.json: §4.2.3: expires at a time in UTC, to the second',
  ],
  [
    'a day that is none',
    (files) => nextTimestamp(files, ours.keys, { expires: '2031-02-30T00:00:00Z' }),
    'timestamp.json: §4.2.3: expires at a time in UTC, to the second',
  ],
  [
    'a version that is skipped',
    (files) => nextTimestamp(files, ours.keys, { version: 9 }),
    'state 4: timestamp 9 follows 2',
  ],
  [
    'an end that is earlier than the one before',
    (files) => nextTimestamp(files, ours.keys, { expires: '2030-01-09T00:00:00Z' }),
    'state 4: timestamp 3 follows 2, and ends earlier',
  ],
  [
    'a timestamp that tells of more than the snapshot',
    (files) => {
      const { meta } = envelope<{ meta: object } & Root>(files, 'timestamp.json').signed;
      const more = { ...meta, 'root.json': { version: 2, length: 1, hashes: {} } };
      return nextTimestamp(files, ours.keys, { meta: more });
    },
    'timestamp.json: §4.6: tells of the snapshot alone',
  ],
  [
    'a snapshot without targets',
    (files) => nextSnapshot(files, ours.keys, { meta: {} }),
    '3.snapshot.json: §4.4: tells of targets.json alone',
  ],
  [
    'targets of which there are none',
    (files) => nextTargets(files, ours.keys, { targets: {} }),
    '3.targets.json: lists targets',
  ],
  [
    'a target with two hashes',
    (files) => {
      const bytes = utf8('two');
      const hashes = { sha256: sha256(bytes), sha512: sha256('another') };
      const next = nextTargets(files, ours.keys, { targets: { two: { length: 3, hashes } } });
      return { ...next, [`${sha256(bytes)}.two`]: bytes };
    },
    'has one hash of',
  ],
  [
    'a target of another length',
    (files) => {
      const bytes = utf8('four');
      const targets = { four: { length: 5, hashes: { sha256: sha256(bytes) } } };
      const next = nextTargets(files, ours.keys, { targets });
      return { ...next, [`${sha256(bytes)}.four`]: bytes };
    },
    'has the length of',
  ],
  [
    'a target of the snapshot before that went, while the snapshot stayed',
    (files) => without(files, fileOf(ours.states[0]!.files, 'tsa_leaf.crt.pem')),
    '1.targets.json: §6.2: leads to',
  ],
  [
    'a file that nothing leads to',
    (files) => ({ ...files, 'notes.txt': utf8('mine') }),
    'notes.txt: is a file that something leads to',
  ],
  [
    'a root.json that is an older one',
    (files) => ({ ...files, 'root.json': files['1.root.json']! }),
    'root.json: is the newest root',
  ],
  ['a root that went', (files) => without(files, '2.root.json'), 'root.json: is the newest root'],
  [
    'a root without consistent snapshots',
    (files) => nextRoot(files, { consistent_snapshot: false }, ours.keys.root),
    '3.root.json: §6.2.1: has consistent snapshots',
  ],
  [
    'a root that wants more keys than it has',
    (files) => {
      const root = { keyids: roles(files).root!.keyids, threshold: 2 };
      return nextRoot(files, { roles: { ...roles(files), root } }, ours.keys.root);
    },
    '3.root.json: §4.3: no role has a key twice, or fewer than it needs',
  ],
  [
    'a root without one of the roles',
    (files) => {
      const { snapshot: _gone, ...others } = roles(files);
      return nextRoot(files, { roles: others }, ours.keys.root);
    },
    '3.root.json: §4.3: has each of the four roles',
  ],
  [
    'a root with one key for two roles',
    (files) => {
      const targets = roles(files).snapshot!;
      return nextRoot(files, { roles: { ...roles(files), targets } }, ours.keys.root);
    },
    '3.root.json: names the keys that its roles have, and no others, each for one role',
  ],
  [
    'a key that is not what its id says',
    (files) => {
      const { keys } = envelope<Root>(files, 'root.json').signed;
      const swapped = Object.fromEntries(
        Object.keys(keys).map((id, index, ids) => [id, keys[ids.at(index - 1)!]!]),
      );
      return nextRoot(files, { keys: swapped }, ours.keys.root);
    },
    '3.root.json: §4.3: each key has the hash of itself as its id',
  ],
  [
    'a signature too many',
    (files) => nextRoot(files, {}, ours.keys.root, ours.keys.targets),
    '3.root.json: is signed by no other keys',
  ],
  [
    'two signatures of one key',
    (files) => nextRoot(files, {}, ours.keys.root, ours.keys.root),
    '3.root.json: §4.2.1: has no two signatures of one key',
  ],
  [
    'a timestamp that is too long for clients',
    (files) => ({
      ...files,
      'timestamp.json': utf8(Buffer.from(files['timestamp.json']!).toString() + ' '.repeat(20_000)),
    }),
    'timestamp.json: is no longer than clients read',
  ],
  [
    'no timestamp at all',
    (files) => without(files, 'timestamp.json'),
    'there is no timestamp.json',
  ],
];

it.each(forgeries)('the rules tell of %s', (_what, forged, told) => {
  expect(faults(followedBy(ours, forged)).join('\n')).toContain(told);
});

it('the rules tell of a version that went and came back', () => {
  const gone = followedBy(ours, (files) => without(files, '1.snapshot.json'));
  const states = [...gone, ours.states.at(-1)!];
  expect(faults(states)).toContain('state 5: 1.snapshot.json is back, which was gone');
});
