import { createHash } from 'node:crypto';
import { mysqlCredentials, rekorMysqlCredentials } from '@sigstand/contracts/records';
import { JobError } from '@sigstand/job/errors';
import { type Ref, type Snapshot, secretIn, show } from '@sigstand/store/store';
import { type Naming, namespaceOf } from '../names.ts';
import { type PasswordKeeper, passwordHash } from './database-ground.ts';
import type { DatabaseSeen } from './database-next.ts';
import type { Ground } from './ground.ts';
import { databaseRecord } from './record.ts';

/** On the record of a rotation: which servers have started again. */
export const restartedNote = 'sigstand.dev/rotation-restarted';
const byHand =
  "it is not this stack's own: docs/database.md has what to run, as whoever may change its password";

/** Where the credentials are. */
export interface Places {
  readonly secret: Ref;
  /** Rekor's copy; in one namespace there is none. */
  readonly copy: Ref | undefined;
  readonly record: Ref;
}

/** What was seen, and the passwords that it is about. */
export interface Sight {
  readonly seen: DatabaseSeen;
  readonly user: string;
  readonly old: string;
  readonly fresh: string;
}

/** The places of one stack. */
export function placesOf(naming: Naming): Places {
  const { name } = mysqlCredentials;
  const own = namespaceOf(naming, 'trillian');
  const rekor = namespaceOf(naming, 'rekor');
  return {
    secret: secretIn(own, name),
    copy: rekor === own ? undefined : secretIn(rekor, rekorMysqlCredentials.name),
    record: databaseRecord(naming),
  };
}

/** The password as it is, in the records and in the database. @throws {JobError} */
export async function see(
  { store }: Ground,
  { secret, copy, record }: Places,
  keeper: PasswordKeeper,
): Promise<Sight> {
  const found = await theOne(secret);
  const kept = await store.read(record);
  const text = (from: Snapshot | undefined, key: string) =>
    Buffer.from(from?.data[key] ?? []).toString();
  const present = text(found, 'password');
  const user = text(found, 'user');
  const fresh = text(kept, 'new');
  const begun = fresh !== '';
  const old = begun ? text(kept, 'old') : present;
  const which = (password: string) =>
    password === old ? 'old' : begun && password === fresh ? 'fresh' : 'other';
  // Nobody can be asked where the database is somebody else's.
  const isOurs = text(found, 'root-password') !== '';
  const copied = isOurs && copy ? await theOne(copy) : undefined;
  const hashes = isOurs ? await keeper.admitted(user) : [];
  const admits = (password: string) => hashes.includes(passwordHash(password));
  const obstacle = !isOurs
    ? `the database has no root password in ${show(secret)}, so ${byHand}`
    : !admits(present)
      ? `the database does not let ${user} in with what ${show(secret)} has`
      : copied && text(copied, 'password') !== present
        ? `${show(secret)} and Rekor's copy have two passwords`
        : undefined;
  const seen: DatabaseSeen = {
    ...{ obstacle, begun },
    admits: { old: admits(old), fresh: begun && admits(fresh) },
    secret: which(present),
    copy: copied ? which(text(copied, 'password')) : which(present),
    mounted: isOurs && (await keeper.mounted()) === sha256(present),
    restarted: (kept?.annotations[restartedNote] ?? '').split(' ').filter((one) => one !== ''),
  };
  return { seen, user, old, fresh };

  async function theOne(ref: Ref): Promise<Snapshot> {
    const one = await store.read(ref);
    if (one) return one;
    throw new JobError('contradiction', `there is no ${show(ref)}`, {
      hint: 'nothing was changed; restore it from your backup (docs/backup.md)',
    });
  }
}

/** The SHA-256 of a text, in hex. */
export function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
