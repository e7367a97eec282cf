import { filled } from '@sigstand/contracts/contract';
import { mysqlCredentials, rekorMysqlCredentials } from '@sigstand/contracts/records';
import { JobError } from '@sigstand/job/errors';
import { allOrNone } from '@sigstand/job/whole';
import type { Entropy } from '@sigstand/pki/entropy';
import { utf8 } from '@sigstand/pki/pem';
import type { Change, Data } from '@sigstand/store/store';
import { refuseUnreadable } from './database-texts.ts';

/** The key without which a database is somebody else's: nobody but our own needs root's password. */
const rootPassword = 'root-password';

/** Whether credentials are for a database that somebody else runs. */
export function isManaged(data: Data | undefined): boolean {
  return !data?.[rootPassword]?.length;
}

/**
 * A database's credentials, where there are none yet: what a copy elsewhere still has, and the rest anew. Our
 * own database takes the passwords from the Secret each time it starts.
 *
 * @throws {JobError} contradiction, where a part is lacking; data, where a server cannot read one.
 */
export function newCredentials(
  place: string,
  current: Data | undefined,
  { user, database, copy, entropy }: Wanted & { entropy: Entropy },
): Change | undefined {
  const { keys } = mysqlCredentials;
  const needed = isManaged(current) ? keys.filter((key) => key !== rootPassword) : keys;
  if (allOrNone(place, current, needed, keys) === 'all') {
    refuseUnreadable(place, current, { managed: isManaged(current) });
    return undefined;
  }
  return {
    data: {
      user: utf8(user),
      database: utf8(database),
      password: utf8(entropy.password()),
      ...kept(copy),
      [rootPassword]: utf8(entropy.password()),
    },
  };
}

interface Wanted {
  readonly user: string;
  readonly database: string;
  /** A copy of the credentials that were there before, if one is whole. */
  readonly copy: Data | undefined;
}

function kept(copy: Data | undefined): Data {
  return filled(rekorMysqlCredentials, copy) ?? {};
}

/**
 * What a copy in another namespace lacks of the stored credentials; never root's password. At a managed
 * database each may have a user and a password of its own.
 *
 * @throws {JobError} contradiction, where it is for another database, or another user of our own.
 */
export function missingInCopy(
  place: string,
  current: Data | undefined,
  stored: Data,
): Change | undefined {
  const { keys } = rekorMysqlCredentials;
  const data = Object.fromEntries(keys.map((key) => [key, stored[key] ?? new Uint8Array()]));
  // With root's password it is no copy, but may do as one.
  if (allOrNone(place, current, keys, mysqlCredentials.keys) === 'none') return { data };
  const managed = isManaged(stored);
  refuseUnreadable(place, current, { managed });
  // Rekor's Pod looks for its tree in the database, so that is one in any case.
  const compared = managed ? ['database'] : keys;
  const other = compared.find((key) => !same(current?.[key], data[key]));
  if (other === undefined) return undefined;
  throw new JobError('contradiction', `${place} has another ${other} than the Secret it copies`, {
    hint: managed
      ? "nothing was changed; Rekor's search index is a table in Trillian's database: give both that one"
      : "nothing was changed; find out with which the database lets Trillian in, and restore the other's " +
        'Secret to match it (docs/backup.md)',
  });
}

/**
 * What makes a copy equal to credentials that somebody else writes: a password that was changed there is to arrive.
 *
 * @throws {JobError} contradiction, where the copy has something else under its name.
 */
export function unlikeGiven(
  place: string,
  current: Data | undefined,
  stored: Data,
): Change | undefined {
  const { keys } = rekorMysqlCredentials;
  allOrNone(place, current, keys, mysqlCredentials.keys);
  const data = Object.fromEntries(keys.map((key) => [key, stored[key] ?? new Uint8Array()]));
  return keys.every((key) => same(current?.[key], data[key])) ? undefined : { data };
}

/** Whether a copy has a user or password of its own. */
export function isOfItsOwn(current: Data | undefined, stored: Data): boolean {
  return ['user', 'password'].some((key) => !same(current?.[key], stored[key]));
}

function same(a: Uint8Array | undefined, b: Uint8Array | undefined): boolean {
  return Buffer.compare(a ?? new Uint8Array(), b ?? new Uint8Array()) === 0;
}
