import { type Rig, run } from '../../cluster/rig.ts';

// Those that grow: Trillian's, and the index that Rekor has beside them.
const tables = [
  'EntryIndex',
  'LeafData',
  'SequencedLeafData',
  'Subtree',
  'TreeHead',
  'Unsequenced',
];

/** Counters of MariaDB that tell what it waits for. */
const counters = [
  'Innodb_data_fsyncs',
  'Innodb_os_log_fsyncs',
  'Innodb_row_lock_time',
  'Innodb_row_lock_waits',
  'Max_used_connections',
  'Questions',
  'Threads_connected',
  'Threads_running',
] as const;

export type Counters = Readonly<Record<(typeof counters)[number], number>>;

/** The database of a stack, asked where it runs. */
export interface Database {
  counters(): Promise<Counters>;
  /** Counted, which takes a second for some 100,000. */
  rows(): Promise<Record<string, number>>;
  /** Bytes that its volume takes on the disk. */
  bytes(): Promise<number>;
}

export async function openDatabase(cluster: Rig): Promise<Database> {
  const path = await volumeOf(cluster);
  const ask = async (statement: string) => {
    // The passwords stay in the Pod: they come from the files that it mounts.
    const inside =
      'MYSQL_PWD="$(cat /etc/trillian-mysql/root-password)" exec mariadb --no-defaults ' +
      '--socket=/run/mysqld/mysqld.sock --user=root --database="$(cat /etc/trillian-mysql/database)" ' +
      '--skip-column-names --batch --execute "$0"';
    const pod = ['-n', 'trillian-system', 'mysql-trillian-0', '-c', 'mysql'];
    return table(await cluster.kubectl('exec', ...pod, '--', '/bin/sh', '-ec', inside, statement));
  };
  return {
    async counters() {
      const names = counters.map((name) => `'${name}'`).join(', ');
      const found = await ask(`SHOW GLOBAL STATUS WHERE Variable_name IN (${names})`);
      return Object.fromEntries(found) as Counters;
    },
    async rows() {
      const count = tables.map((name) => `SELECT '${name}', COUNT(*) FROM ${name}`);
      return Object.fromEntries(await ask(count.join(' UNION ALL ')));
    },
    async bytes() {
      const { stdout } = await run('du', ['--summarize', '--block-size=1', path]);
      return Number(stdout.split('\t')[0]);
    },
  };
}

/** The client's lines of a name and a number. */
export function table(output: string): [name: string, value: number][] {
  return output
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const [name = '', value = ''] = line.split('\t');
      return [name, Number(value)];
    });
}

/** The folder on this machine that the rig has given to the database. */
async function volumeOf(cluster: Rig): Promise<string> {
  const { items } = await cluster.get<{
    items: {
      spec: { claimRef?: { name: string }; local?: { path: string } };
    }[];
  }>('persistentvolumes');
  const bound = items.find(({ spec }) => spec.claimRef?.name === 'data-mysql-trillian-0');
  if (!bound?.spec.local) throw new Error('the database has no volume of the rig');
  return bound.spec.local.path;
}
