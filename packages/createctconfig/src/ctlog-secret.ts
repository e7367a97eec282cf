import type { KeyObject, X509Certificate } from 'node:crypto';
import { ctlogSecrets } from '@sigstand/contracts/records';
import { at, JobError } from '@sigstand/job/errors';
import { allOrNone } from '@sigstand/job/whole';
import { parseCertificates } from '@sigstand/pki/chain';
import {
  fingerprint,
  parsePublicKey,
  publicKeyOf,
  publicPem,
  refuseNoCtKey,
} from '@sigstand/pki/keys';
import { openPrivateKey, refuseNotForCtServer } from '@sigstand/pki/open';
import { sealRfc1423 } from '@sigstand/pki/seal';
import type { Change, Data } from '@sigstand/store/store';
import {
  type CtLog,
  newConfig,
  privateKeyPath,
  readConfig,
  type StoredConfig,
} from './ct-config.ts';
import { extended, newRoots, type Roots } from './fulcio-root.ts';

/** What the CT log's Secret should be about. */
export interface Wanted {
  readonly log: CtLog;
  readonly roots: Roots;
  readonly now: Date;
}

/**
 * Whether the record holds a log's key with its configuration, in which alone the key's password is.
 *
 * @throws {JobError} contradiction, where a part of it is lost that cannot be made again.
 */
export function holdsLog(place: string, data: Data | undefined): boolean {
  const known = ctlogSecrets.keys;
  if (allOrNone(place, data, ['private', 'config'], known) === 'all') return true;
  // A public key alone: services may trust it, and its private key is gone.
  allOrNone(place, data, ['private', 'public', 'config'], known);
  return false;
}

/** The whole record for a new log; roots that somebody put there before stay. */
export function newLog(
  place: string,
  current: Data | undefined,
  { log, roots, now }: Wanted,
  { privateKey, password }: { privateKey: KeyObject; password: string },
): Change {
  const publicKey = publicKeyOf(privateKey);
  return {
    data: {
      private: sealRfc1423(privateKey, password),
      public: publicPem(publicKey),
      rootca: firstRoots(place, current, { roots, now }),
      config: newConfig(log, { publicKey, password }),
    },
  };
}

/**
 * The roots of a new log: those that somebody put there before, and those that are wanted.
 *
 * @throws {JobError} data, where one of them cannot be taken.
 */
export function firstRoots(
  place: string,
  current: Data | undefined,
  { roots, now }: Pick<Wanted, 'roots' | 'now'>,
): Uint8Array {
  const accepted = certificatesIn(place, 'rootca', current);
  return extended(current?.rootca ?? new Uint8Array(), newRoots(roots, { accepted, now }));
}

/**
 * The stored log's public key, after its parts were held against each other and against what is wanted.
 *
 * @throws {JobError}
 */
export function publicKeyOfLog(place: string, stored: Data, log: CtLog): KeyObject {
  const config = configIn(place, stored);
  refuseOther(place, config, log);
  const privateKey = at(`${place} key private`, () =>
    refuseUnfit(openPrivateKey(stored.private ?? new Uint8Array(), config.password)),
  );
  const publicKey = publicKeyOf(privateKey);
  if (config.publicKey) refuseOtherKey(`${place} key config`, config.publicKey, publicKey);
  if (stored.public?.length) {
    const beside = at(`${place} key public`, () =>
      parsePublicKey(stored.public ?? new Uint8Array()),
    );
    refuseOtherKey(`${place} key public`, beside, publicKey);
  }
  at(`${place} key private`, () => refuseNotForCtServer(stored.private ?? new Uint8Array()));
  return publicKey;
}

/** What the stored log lacks: a public key that was lost, a root of Fulcio that is new. */
export function lackingInLog(place: string, stored: Data, { log, roots, now }: Wanted) {
  const publicKey = publicKeyOfLog(place, stored, log);
  const keys = rootsKeys(place, stored, log);
  const accepted = keys.flatMap((key) => certificatesIn(place, key, stored));
  const added = newRoots(roots, { accepted, now });
  const last = keys.includes('rootca') ? 'rootca' : (keys.at(-1) ?? 'rootca');
  const data: Data = {
    ...(!stored.public?.length && { public: publicPem(publicKey) }),
    ...(added.length > 0 && { [last]: extended(stored[last] ?? new Uint8Array(), added) }),
  };
  return Object.keys(data).length > 0 ? { data } : undefined;
}

/** @throws {PkiError} Where the key is not one that a CT log signs with. */
export function refuseUnfit(privateKey: KeyObject): KeyObject {
  refuseNoCtKey(publicKeyOf(privateKey));
  return privateKey;
}

/** The keys of the record that its configuration names as files of roots; upstream has one a root. */
function rootsKeys(place: string, stored: Data, { mountPath }: CtLog): string[] {
  const { rootsPaths } = configIn(place, stored);
  const keys = rootsPaths.map((path) => {
    const key = path.startsWith(`${mountPath}/`) ? path.slice(mountPath.length + 1) : '';
    // Its roots can be given again; those of another file are not known here.
    if (key === 'rootca' || stored[key]?.length) return key;
    throw new JobError(
      'contradiction',
      `${place} key config names a roots file that is not there`,
      {
        hint: `nothing was changed; it reads ${path}: restore that key of the Secret`,
      },
    );
  });
  if (keys.length > 0) return keys;
  throw new JobError('data', `${place} key config has no roots_pem_file`);
}

function certificatesIn(place: string, key: string, data: Data | undefined): X509Certificate[] {
  const bundle = data?.[key];
  return bundle?.length ? at(`${place} key ${key}`, () => parseCertificates(bundle)) : [];
}

function configIn(place: string, { config }: Data): StoredConfig {
  return at(`${place} key config`, () => readConfig(config ?? new Uint8Array()));
}

/** A log changes its tree by a move alone, which names both until it is done; and what it is called or asks stands in a server that runs. */
function refuseOther(place: string, config: StoredConfig, log: CtLog): void {
  const tree = config.treeId === log.nextTreeId ? log.nextTreeId : log.treeId;
  const differences = [
    ['is for the tree', config.treeId, tree],
    ['has the prefix', config.prefix, log.prefix],
    ['has the backend', config.backend, log.backend],
    ['reads the key from', config.privateKeyPath, privateKeyPath(log.mountPath)],
  ] as const;
  for (const [what, stored, wanted] of differences) {
    if (stored === wanted) continue;
    throw new JobError('contradiction', `${place} key config ${what} ${stored}, not ${wanted}`, {
      hint:
        'nothing was changed; give what is stored' +
        (what === differences[0][0]
          ? `: restore ${log.treePlace ?? 'its ID'} and Trillian's database from your backup (docs/backup.md)`
          : ', or restore the Secret from your backup (docs/backup.md)'),
    });
  }
}

function refuseOtherKey(place: string, found: KeyObject, wanted: KeyObject): void {
  if (fingerprint(found) === fingerprint(wanted)) return;
  throw new JobError(
    'contradiction',
    `${place} is for ${fingerprint(found)}, but the private key gives ${fingerprint(wanted)}`,
    { hint: 'nothing was changed; restore the Secret from your backup (docs/backup.md)' },
  );
}
