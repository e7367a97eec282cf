import { JobError } from '@sigstand/job/errors';
import { type Access, ask } from '@sigstand/store/api';
import { refusal } from '@sigstand/store/refusal';
import { type Head, inOrder } from './backup/heads.ts';
import { type Command, type Ended, type Exec, execOver, printedBy } from './exec.ts';
import { isReady, type Pod } from './status/backend.ts';

/** The Pod of the database that the manifests bring; what is said to it comes from what it has mounted. */
export const databasePod = { pod: 'mysql-trillian-0', container: 'mysql' } as const;

const credentials = '/etc/trillian-mysql';
const asRoot = '--no-defaults --user=root --socket=/run/mysqld/mysqld.sock';
/** The password is in the environment of one process, and nowhere else. */
const withPassword = `MYSQL_PWD="$(cat ${credentials}/root-password)"`;

const dumping = `${withPassword} exec mariadb-dump ${asRoot} --single-transaction --quick --hex-blob \
--complete-insert --max-allowed-packet=1G "$(cat ${credentials}/database)"`;

/** How a dump is read: its SQL is run, and what would reach the Pod's shell or files is not. */
export const loadingFlags = ['--sandbox', '--max-allowed-packet=1G'] as const;

// It reads as many bytes as were promised, and no more: not every API server can say that there are none left.
const loading = `head -c "$1" | ${withPassword} mariadb ${asRoot} ${loadingFlags.join(' ')}`;

const asking = `${withPassword} exec mariadb ${asRoot} --batch --skip-column-names \
--execute="$1" "$(cat ${credentials}/database)"`;

/** The database of one stack. */
export interface Database {
  /** Everything in it as SQL, as it was when this began, whatever is written meanwhile. @throws {JobError} */
  dump(): AsyncGenerator<Buffer>;
  /** Runs so many bytes of SQL; resolves to how that ended. @throws {JobError} */
  load(sql: AsyncIterable<Uint8Array>, bytes: number): Promise<Ended>;
  /** The rows that a query gives, which changes nothing. @throws {JobError} */
  query(sql: string): Promise<string[][]>;
}

/** The database in the Pod that a stack brings with it. */
export function databaseIn(
  access: Access,
  namespace: string,
  exec: Exec = execOver(access),
): Database {
  const shell = (script: string, ...args: string[]): Command => ({
    ...{ namespace, ...databasePod },
    words: ['sh', '-c', script, 'sh', ...args],
  });
  const place = `the database in Pod ${namespace}/${databasePod.pod}`;
  return {
    async *dump() {
      const { stdout, ended } = await exec(shell(dumping));
      yield* stdout;
      refuse(`${place} gives no dump`, await ended);
    },
    async load(sql, bytes) {
      const { stdout, ended } = await exec(shell(loading, String(bytes)), sql);
      // It prints nothing that counts, and would wait for somebody to read it.
      for await (const _ of stdout);
      return ended;
    },
    async query(sql) {
      const { printed, status, stderr } = await printedBy(access, shell(asking, sql), exec);
      refuse(`${place} does not answer`, { status, stderr });
      const lines = printed.toString().split('\n');
      return lines.filter((line) => line !== '').map((line) => line.split('\t'));
    },
  };
}

/** What MariaDB says is told by its number: the words may quote what was asked. */
function refuse(what: string, { status, stderr }: Ended): void {
  if (status === 0) return;
  const why = errorNumber(stderr) ?? `status ${status}`;
  throw new JobError('unavailable', `${what} (${why})`, {
    hint: 'see the log of that Pod, and whether its Secret trillian-mysql is the one that it started with',
  });
}

/** The error of MariaDB that a client has told. */
export function errorNumber(stderr: string): string | undefined {
  const [, number] = /\berror:? (\d{3,5})\b/i.exec(stderr) ?? [];
  return number && `MariaDB's error ${number}`;
}

/** Asks for the newest head of each tree; a tree that has none yet has no entries. */
export const headsQuery = `SELECT t.TreeId, COALESCE(h.TreeSize, 0), LOWER(HEX(COALESCE(h.RootHash, '')))
  FROM Trees t LEFT JOIN TreeHead h ON h.TreeId = t.TreeId AND h.TreeHeadTimestamp =
  (SELECT MAX(n.TreeHeadTimestamp) FROM TreeHead n WHERE n.TreeId = t.TreeId)`;

/** The heads in the answer. */
export function headsIn(rows: readonly (readonly string[])[]): Head[] {
  return inOrder(
    rows.map(([tree = '', size = '', root = '']) => ({ tree, size: Number(size), root })),
  );
}

/** Whether the database's Pod is there, and takes connections. @throws {JobError} */
export async function podState(
  access: Access,
  namespace: string,
): Promise<'absent' | 'starting' | 'ready'> {
  const ref = { kind: 'Pod', namespace, name: databasePod.pod } as const;
  const path = ['api', 'v1', 'namespaces', namespace, 'pods', ref.name];
  try {
    return isReady((await ask(access, { method: 'GET', path })) as Pod) ? 'ready' : 'starting';
  } catch (error) {
    const refused = refusal('get', ref, error);
    if (refused === 'absent') return 'absent';
    throw refused;
  }
}
