import type { Data } from '@sigstand/store/store';
import { broken, commonFaults, isSigned } from './common-rules.ts';
import { type Envelope, envelope, idOf, newestRoot, type Root } from './metadata.ts';

const roles = ['root', 'snapshot', 'targets', 'timestamp'];

/** Rules that the roots break, from the first to the newest. */
export function rootFaults(files: Data): string[] {
  const newest = newestRoot(files);
  const all = Array.from({ length: newest }, (_, index) =>
    envelope<Root>(files, `${index + 1}.root.json`),
  );
  const byName = files[`${newest}.root.json`] ?? new Uint8Array();
  return [
    ...all.flatMap((root, index) => {
      const name = `${index + 1}.root.json`;
      return [
        ...commonFaults(files, { name, role: 'root', version: index + 1 }),
        ...contentFaults(name, root.signed),
        ...successionFaults(name, root, all[index - 1] ?? root),
      ];
    }),
    ...broken('root.json', {
      'is the newest root': Buffer.compare(files['root.json'] ?? byName, byName) === 0,
    }),
    ...broken('the roots', { '§5.3.3: are no more than clients follow': newest <= 256 }),
  ];
}

function contentFaults(name: string, { keys, roles: trusted, consistent_snapshot }: Root) {
  const used = Object.values(trusted).flatMap(({ keyids }) => keyids);
  return broken(name, {
    '§6.2.1: has consistent snapshots': consistent_snapshot,
    '§4.3: has each of the four roles': Object.keys(trusted).sort().join() === roles.join(),
    '§4.3: no role has a key twice, or fewer than it needs': Object.values(trusted).every(
      ({ keyids, threshold }) =>
        threshold >= 1 && new Set(keyids).size === keyids.length && keyids.length >= threshold,
    ),
    '§4.3: each key has the hash of itself as its id': Object.entries(keys).every(
      ([id, key]) => id === idOf(key),
    ),
    'names the keys that its roles have, and no others, each for one role':
      used.sort().join() === Object.keys(keys).sort().join(),
  });
}

function successionFaults(name: string, root: Envelope<Root>, before: Envelope<Root>): string[] {
  const trusted = [before, root].flatMap(({ signed }) => signed.roles.root?.keyids ?? []);
  return broken(name, {
    '§5.3.4: is signed by its own keys': isSigned(root.signed, 'root', root),
    '§5.3.4: is signed by the keys of the root before it': isSigned(before.signed, 'root', root),
    'is signed by no other keys': root.signatures.every(({ keyid }) => trusted.includes(keyid)),
  });
}
