import type { Rig } from '../cluster/rig.ts';
import { byTag } from './on-rig.ts';

/* The servers that a company may have, and the words that each takes from its administrator. */

export interface Product {
  readonly name: string;
  /** The image, which the rig then has. */
  image(cluster: Rig): Promise<string>;
  /** Makes the data where there are none, and becomes the server: with TLS alone, and what more is said. */
  readonly program: string;
  /** What a server of two is started with. */
  readonly paired: readonly string[];
  /** Its client, and what saves a database. */
  readonly client: string;
  readonly dump: string;
  /** Another password beside the old one, and the other one alone. */
  readonly bothPasswords: (old: string, other: string) => string;
  readonly onePassword: (other: string) => string;
  readonly readOnly: string;
  readonly writes: string;
  /** Follows the server of that name from what this one has. */
  readonly follow: (name: string) => string;
  readonly stopReceiving: string;
  readonly stopFollowing: string;
  /** What tells how it follows, and whether all that was received is done. */
  readonly state: string;
  readonly applied: { readonly asked: string; readonly done: RegExp };
  /** What a server has, and 0 once another has it too. */
  readonly position: string;
  readonly reaches: (position: string) => string;
  /** What the setting is called by which a server waits for the other. */
  readonly semiSync: string;
  /** What prints the statements that end the stack's connections. */
  readonly endings: string;
}

const tls =
  '--require-secure-transport=ON --ssl-ca=/etc/tls/ca.crt --ssl-cert=/etc/tls/tls.crt --ssl-key=/etc/tls/tls.key';
const places =
  '--datadir=/var/lib/mysql/data --socket=/run/mysqld/mysqld.sock --pid-file=/run/mysqld/mysqld.pid --tmpdir=/tmp';
// A server that begins anew is another one: MySQL passes over what was written under an id that it has itself.
const server = (daemon: string, initialised: string) => `
if [ ! -d /var/lib/mysql/data ]; then
  ${initialised}
fi
exec ${daemon} ${places} --skip-name-resolve --init-file=/etc/init/init.sql ${tls} \\
  --server-id="\${POD_IP##*.}" "$@"
`;

const mariadb: Product = {
  name: 'MariaDB',
  image: async () => ((await byTag()) as Record<string, string>).mariadb as string,
  program: server(
    'mariadbd --no-defaults',
    'mariadb-install-db --no-defaults --datadir=/var/lib/mysql/data --tmpdir=/tmp --skip-test-db',
  ),
  paired: [
    ...['--log-bin=binlog', '--log-slave-updates', '--gtid-strict-mode=ON'],
    ...['--relay-log=relay', '--binlog-format=ROW', '--sync-binlog=1'],
  ],
  client: 'mariadb --no-defaults',
  dump: 'mariadb-dump --no-defaults',
  bothPasswords: (old, other) =>
    `ALTER USER 'sigstand'@'%' IDENTIFIED VIA mysql_native_password USING PASSWORD('${old}')
       OR mysql_native_password USING PASSWORD('${other}');`,
  onePassword: (other) => `ALTER USER 'sigstand'@'%' IDENTIFIED BY '${other}';`,
  readOnly: 'SET GLOBAL read_only = ON;',
  writes: 'SET GLOBAL read_only = OFF;',
  follow: (name) =>
    `SET GLOBAL gtid_slave_pos = @@gtid_binlog_pos;
     SET GLOBAL rpl_semi_sync_slave_enabled = ON;
     CHANGE MASTER TO MASTER_HOST = '${name}', MASTER_USER = 'replica',
       MASTER_PASSWORD = 'replica', MASTER_SSL = 1, MASTER_SSL_CA = '/etc/tls/ca.crt',
       MASTER_SSL_VERIFY_SERVER_CERT = 1, MASTER_USE_GTID = slave_pos, MASTER_CONNECT_RETRY = 1;
     START SLAVE;`,
  stopReceiving: 'STOP SLAVE IO_THREAD;',
  stopFollowing: 'STOP SLAVE; RESET SLAVE ALL;',
  state: 'SHOW SLAVE STATUS\\G',
  applied: { asked: 'SHOW SLAVE STATUS\\G', done: /Slave has read all relay log/ },
  position: 'SELECT @@gtid_binlog_pos;',
  reaches: (position) => `SELECT MASTER_GTID_WAIT('${position}', 60);`,
  semiSync: 'rpl_semi_sync_master',
  endings: "SELECT 'KILL USER sigstand;';",
};

const mysql: Product = {
  name: 'MySQL',
  image: async (cluster) => {
    const image = 'ghcr.io/rig/mysql:sid';
    const layout = (await cluster.must(['image', 'mysql'])).trim();
    await cluster.must(['load', layout, image]);
    return image;
  },
  program: server(
    'mysqld --no-defaults --mysqlx=OFF --secure-file-priv=NULL',
    'mysqld --no-defaults --initialize-insecure --datadir=/var/lib/mysql/data --secure-file-priv=NULL',
  ),
  paired: [
    ...['--log-bin=binlog', '--gtid-mode=ON', '--enforce-gtid-consistency=ON'],
    ...['--relay-log=relay', '--sync-binlog=1'],
    ...['--plugin-load-add=semisync_source.so', '--plugin-load-add=semisync_replica.so'],
  ],
  client: 'mysql --no-defaults',
  // GTIDs are on as 9.7 comes, and a dump that has them cannot be loaded where they were.
  dump: 'mysqldump --no-defaults --set-gtid-purged=OFF',
  bothPasswords: (_old, other) =>
    `ALTER USER 'sigstand'@'%' IDENTIFIED BY '${other}' RETAIN CURRENT PASSWORD;`,
  onePassword: () => "ALTER USER 'sigstand'@'%' DISCARD OLD PASSWORD;",
  readOnly: 'SET GLOBAL super_read_only = ON;',
  writes: 'SET GLOBAL super_read_only = OFF; SET GLOBAL read_only = OFF;',
  follow: (name) =>
    `SET GLOBAL rpl_semi_sync_replica_enabled = ON;
     CHANGE REPLICATION SOURCE TO SOURCE_HOST = '${name}', SOURCE_USER = 'replica',
       SOURCE_PASSWORD = 'replica', SOURCE_SSL = 1, SOURCE_SSL_CA = '/etc/tls/ca.crt',
       SOURCE_SSL_VERIFY_SERVER_CERT = 1, SOURCE_AUTO_POSITION = 1, SOURCE_CONNECT_RETRY = 1;
     START REPLICA;`,
  stopReceiving: 'STOP REPLICA IO_THREAD;',
  stopFollowing: 'STOP REPLICA; RESET REPLICA ALL;',
  state: 'SHOW REPLICA STATUS;',
  // Several threads apply: that all is read from the relay log does not say that all is done.
  applied: {
    asked:
      'SELECT GTID_SUBSET(received_transaction_set, @@GLOBAL.gtid_executed) FROM performance_schema.replication_connection_status;',
    done: /^1$/m,
  },
  position: "SELECT REPLACE(@@GLOBAL.gtid_executed, '\\n', '');",
  reaches: (position) => `SELECT WAIT_FOR_EXECUTED_GTID_SET('${position}', 60);`,
  semiSync: 'rpl_semi_sync_source',
  endings:
    "SELECT CONCAT('KILL ', id, ';') FROM performance_schema.processlist WHERE user = 'sigstand';",
};

export const products = { mariadb, mysql } as const;
