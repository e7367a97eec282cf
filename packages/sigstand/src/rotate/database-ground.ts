import { createHash } from 'node:crypto';
import { JobError } from '@sigstand/job/errors';
import { type Access, ask } from '@sigstand/store/api';
import { pathOf } from '@sigstand/store/bodies';
import { refusal } from '@sigstand/store/refusal';
import { databaseIn, databasePod, errorNumber } from '../database.ts';
import { type Exec, execOver, printedBy, uncut } from '../exec.ts';

/** What a rotation of the password does with the database itself, besides the records. */
export interface PasswordKeeper {
  /** Which passwords the user is let in with, as the database keeps them. @throws {JobError} */
  admitted(user: string): Promise<readonly string[]>;
  /** Lets the user in with these passwords, and no others. @throws {JobError} */
  admit(user: string, passwords: readonly string[]): Promise<void>;
  /** The SHA-256 of the password that its Pod has mounted. @throws {JobError} */
  mounted(): Promise<string>;
  /** Has the kubelet look for news at once in what its Pod has mounted. */
  touch(): Promise<void>;
}

/** A password as mysql_native_password keeps it: the database, its logs and lists of processes see no more of it. */
export function passwordHash(password: string): string {
  const sha1 = (bytes: Uint8Array | string) => createHash('sha1').update(bytes).digest();
  return `*${sha1(sha1(password)).toString('hex').toUpperCase()}`;
}

/** The statement after which these passwords, and no others, let the user in. MariaDB 10.4 takes several. */
export function admitting(user: string, passwords: readonly string[]): string {
  const ways = passwords.map((one) => `mysql_native_password USING '${passwordHash(one)}'`);
  return `ALTER USER '${plain(user)}'@'%' IDENTIFIED VIA ${ways.join(' OR ')};\n`;
}

/** The hashes in what MariaDB keeps of an account (mysql.global_priv), where it takes any of several. */
export function hashesIn(priv: string): string[] {
  const { auth_or: others = [], ...first } = JSON.parse(priv) as Account & {
    readonly auth_or?: readonly Account[];
  };
  return [first, ...others].flatMap(({ authentication_string: hash }) => (hash ? [hash] : []));
}

interface Account {
  readonly authentication_string?: string;
}

/** Our own database takes no other names, and its start puts them into SQL as well. */
function plain(user: string): string {
  if (/^[A-Za-z0-9_-]+$/.test(user)) return user;
  throw new JobError(
    'data',
    "the database's user has other characters than letters, digits, _ and -",
  );
}

const mountedPassword = ['cat', '/etc/trillian-mysql/password'];

/** The database of a stack, by its Pod. */
export function passwordKeeper(
  access: Access,
  namespace: string,
  { now, exec = execOver(access) }: { now: () => Date; exec?: Exec },
): PasswordKeeper {
  const database = databaseIn(access, namespace, exec);
  const place = `the database in Pod ${namespace}/${databasePod.pod}`;
  return {
    async admitted(user) {
      const account = `User = '${plain(user)}' AND Host = '%'`;
      const rows = await database.query(`SELECT Priv FROM mysql.global_priv WHERE ${account}`);
      return rows.flatMap(([priv = '{}']) => hashesIn(priv));
    },
    async admit(user, passwords) {
      const sql = Buffer.from(admitting(user, passwords));
      const { status, stderr } = await uncut(access, () => database.load(once(sql), sql.length));
      if (status === 0) return;
      throw new JobError(
        'unavailable',
        `${place} does not change its user (${errorNumber(stderr) ?? `status ${status}`})`,
        { hint: 'it takes MariaDB 10.4 or newer; nothing was changed' },
      );
    },
    async mounted() {
      const command = { namespace, ...databasePod, words: mountedPassword };
      const { status, printed } = await printedBy(access, command, exec);
      if (status !== 0) throw new JobError('unavailable', `${place} does not show what it mounts`);
      return createHash('sha256').update(printed).digest('hex');
    },
    async touch() {
      const ref = { kind: 'Pod', namespace, name: databasePod.pod } as const;
      const annotations = { 'sigstand.dev/touched': now().toISOString() };
      const content = { metadata: { annotations } };
      const body = { type: 'application/merge-patch+json', content };
      try {
        await ask(access, { method: 'PATCH', path: pathOf(ref), body });
      } catch (error) {
        const refused = refusal('patch', ref, error);
        // One that is gone comes back with what the Secret has.
        if (refused !== 'absent') throw refused;
      }
    },
  };
}

async function* once(bytes: Uint8Array) {
  yield bytes;
}
