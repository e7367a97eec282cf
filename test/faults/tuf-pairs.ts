import { createHash, createPublicKey } from 'node:crypto';
import { gunzipSync } from 'node:zlib';
import { Metadata, MetadataKind } from '@tufjs/models';
import type { Records, Values } from './pairs.ts';

const roles = ['root', 'targets', 'snapshot', 'timestamp'] as const;

/** What is wrong among the repository, the keys that sign it and the record that clients start from. */
export function repositoryFaults(records: Records): string[] {
  const files = records('tuf', 'tuf-repository');
  if (!files?.['1.root.json']) return [];
  try {
    const root = Metadata.fromJSON(MetadataKind.Root, JSON.parse(files['root.json'] ?? ''));
    root.verifyDelegate('root', root);
    for (const role of ['targets', 'snapshot', 'timestamp'] as const) {
      const kind = MetadataKind[`${role[0]?.toUpperCase()}${role.slice(1)}` as 'Targets'];
      root.verifyDelegate(role, Metadata.fromJSON(kind, JSON.parse(newest(files, role))));
    }
    const keys = records('tuf', 'tuf-keys');
    const other = roles.filter((role) => {
      const [id = ''] = root.signed.roles[role]?.keyIDs ?? [];
      return root.signed.keys[id]?.keyVal.public !== rawPublic(keys?.[role]);
    });
    return [
      ...other.map((role) => `the repository trusts another key for ${role} than tuf-keys has`),
      ...archiveFaults(files, records('tuf', 'tuf-root')),
      ...pageFaults(files),
    ];
  } catch (error) {
    return [`the repository does not verify: ${(error as Error).message}`];
  }
}

function newest(files: Values, role: string): string {
  const [name = ''] = Object.keys(files)
    .filter((one) => one === `${role}.json` || one.endsWith(`.${role}.json`))
    .sort((a, b) => Number.parseInt(b, 10) - Number.parseInt(a, 10));
  return files[name] ?? '';
}

/** An Ed25519 key's public half as TUF writes it. */
function rawPublic(pem: string | undefined): string {
  const { x = '' } = createPublicKey(pem ?? '').export({ format: 'jwk' });
  return Buffer.from(x, 'base64url').toString('hex');
}

function archiveFaults(files: Values, root: Values | undefined): string[] {
  if (!root?.repository) return [];
  const tar = gunzipSync(Buffer.from(root.repository, 'latin1'));
  const { 'index.html': page, ...served } = files;
  const holds = Object.values(served).every((bytes) => tar.includes(Buffer.from(bytes, 'latin1')));
  return [
    ...(holds ? [] : ['tuf-root’s archive is not the repository']),
    ...(page && tar.includes('index.html') ? ['tuf-root’s archive has the page'] : []),
    ...(root.root === files['1.root.json'] ? [] : ['tuf-root’s root is not the first root']),
  ];
}

/** The page is written with the repository that it tells of; where an older one was put back, there is none. */
function pageFaults({ 'index.html': page, ...files }: Values): string[] {
  if (page === undefined) return [];
  const root = createHash('sha256').update(Buffer.from(files['1.root.json'] ?? '', 'latin1'));
  const { expires } = JSON.parse(files['timestamp.json'] ?? '').signed;
  const told = [root.digest('hex'), `datetime="${expires}"`];
  return told.every((one) => page.includes(one)) ? [] : ['the page tells of another repository'];
}
