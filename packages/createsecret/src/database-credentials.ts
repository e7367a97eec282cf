import { mysqlCredentials, rekorMysqlCredentials } from '@sigstand/contracts/records';
import { JobError } from '@sigstand/job/errors';
import { allOrNone } from '@sigstand/job/whole';
import type { Entropy } from '@sigstand/pki/entropy';
import { utf8 } from '@sigstand/pki/pem';
import type { Change, Data } from '@sigstand/store/store';

/** A database's credentials, where there are none yet. */
export function newCredentials(
  place: string,
  current: Data | undefined,
  { user, database, entropy }: { user: string; database: string; entropy: Entropy },
): Change | undefined {
  if (allOrNone(place, current, mysqlCredentials.keys) === 'all') return undefined;
  return {
    data: {
      user: utf8(user),
      database: utf8(database),
      password: utf8(entropy.password()),
      'root-password': utf8(entropy.password()),
    },
  };
}

/** What a copy in another namespace lacks of the stored credentials; never root's password. */
export function missingInCopy(
  place: string,
  current: Data | undefined,
  stored: Data,
): Change | undefined {
  const data = Object.fromEntries(
    rekorMysqlCredentials.keys.map((key) => [key, stored[key] ?? new Uint8Array()]),
  );
  if (allOrNone(place, current, rekorMysqlCredentials.keys) === 'none') return { data };
  const other = Object.keys(data).find((key) => !same(current?.[key], data[key]));
  if (other === undefined) return undefined;
  throw new JobError('contradiction', `${place} has another ${other} than the Secret it copies`, {
    hint: 'nothing was changed; delete the copy, and it will be made anew',
  });
}

function same(a: Uint8Array | undefined, b: Uint8Array | undefined): boolean {
  return Buffer.compare(a ?? new Uint8Array(), b ?? new Uint8Array()) === 0;
}
