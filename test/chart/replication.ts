import type { Rig } from '../cluster/rig.ts';
import {
  certificates,
  nameOf,
  otherThan,
  type Server,
  sql,
  startPair,
} from './company-database.ts';
import { byTag } from './on-rig.ts';

/* What the company's administrator does to the two servers of the database. */

/** The account by which a server reads what the other one writes. */
const replicaAccount = `CREATE USER replica@'%' IDENTIFIED BY 'replica' REQUIRE SSL;
  GRANT REPLICATION SLAVE ON *.* TO replica@'%';`;

/** Two servers, the second of which follows the first; resolves to their authority. */
export async function followedPair(cluster: Rig, folder: string): Promise<string> {
  const { ca } = certificates(folder);
  const { mariadb } = (await byTag()) as Record<string, string>;
  await startPair(cluster, mariadb!, folder);
  await sql(cluster, replicaAccount);
  await follow(cluster, 'standby');
  await waitForReplica(cluster, 'db', true);
  return ca;
}

/** All that a server has goes to the other one, which writes from then on; the old one is read-only, and keeps its connections. */
export async function handOver(cluster: Rig, from: Server): Promise<Server> {
  const to = otherThan(from);
  await sql(cluster, 'SET GLOBAL read_only = ON;', from);
  await caughtUp(cluster, to);
  await waitForReplica(cluster, from, false);
  await promote(cluster, to);
  return to;
}

/** A server takes from the other what it lacks, and lets nobody write. */
export async function follow(cluster: Rig, server: Server): Promise<void> {
  await sql(
    cluster,
    `SET GLOBAL read_only = ON;
     SET GLOBAL gtid_slave_pos = @@gtid_binlog_pos;
     SET GLOBAL rpl_semi_sync_slave_enabled = ON;
     CHANGE MASTER TO MASTER_HOST = '${nameOf(otherThan(server))}', MASTER_USER = 'replica',
       MASTER_PASSWORD = 'replica', MASTER_SSL = 1, MASTER_SSL_CA = '/etc/tls/ca.crt',
       MASTER_SSL_VERIFY_SERVER_CERT = 1, MASTER_USE_GTID = slave_pos, MASTER_CONNECT_RETRY = 1;
     START SLAVE;`,
    server,
  );
}

/** A server says that something is stored once the other one has it, however long that takes, or at once. */
export async function waitForReplica(cluster: Rig, server: Server, on: boolean): Promise<void> {
  await sql(
    cluster,
    `SET GLOBAL rpl_semi_sync_master_wait_point = AFTER_SYNC;
     SET GLOBAL rpl_semi_sync_master_timeout = 4294967295;
     SET GLOBAL rpl_semi_sync_master_enabled = ${on ? 'ON' : 'OFF'};`,
    server,
  );
}

/** Waits until a server has all that the other one has. @throws {Error} Where it has not within a minute. */
export async function caughtUp(cluster: Rig, server: Server): Promise<void> {
  const at = (await sql(cluster, 'SELECT @@gtid_binlog_pos;', otherThan(server))).trim();
  const got = await sql(cluster, `SELECT MASTER_GTID_WAIT('${at}', 60);`, server);
  if (got.trim() !== '0') throw new Error(`${server} has not come to ${at}`);
}

/** A server stops following, and lets write. What it has received and not yet done, it does first. */
export async function promote(cluster: Rig, server: Server): Promise<void> {
  await sql(cluster, 'STOP SLAVE IO_THREAD;', server);
  await applied(cluster, server);
  await sql(cluster, 'STOP SLAVE; RESET SLAVE ALL; SET GLOBAL read_only = OFF;', server);
}

async function applied(cluster: Rig, server: Server): Promise<void> {
  for (const deadline = Date.now() + 60_000; Date.now() < deadline; ) {
    const status = await sql(cluster, 'SHOW SLAVE STATUS\\G', server);
    if (status.includes('Slave has read all relay log')) return;
  }
  throw new Error(`${server} does not come to the end of what it has received`);
}

/** The name by which the stack knows the database is this server's from now on. */
export async function point(cluster: Rig, server: Server): Promise<void> {
  const patch = JSON.stringify({ spec: { selector: { app: server } } });
  await cluster.kubectl('patch', 'service', 'db', '-n', 'company', '--patch', patch);
}

/** Ends a server, and all that it had. */
export async function crash(cluster: Rig, server: Server): Promise<void> {
  await cluster.kubectl('scale', `deployment/${server}`, '-n', 'company', '--replicas=0');
  const now = ['--grace-period=0', '--force', '--ignore-not-found'];
  await cluster.kubectl('delete', 'pod', '-n', 'company', '-l', `app=${server}`, ...now);
}

/** The Pods of the stack's servers that talk to the database, and how often they were started. */
export async function lives(cluster: Rig): Promise<string[]> {
  const label = 'app.kubernetes.io/name in (log-server,log-signer,rekor)';
  type Pod = {
    metadata: { name: string };
    status: { containerStatuses: { restartCount: number }[] };
  };
  const { items } = await cluster.get<{ items: Pod[] }>('pods', '-A', '-l', label);
  return items
    .map(({ metadata, status }) => `${metadata.name} ${status.containerStatuses[0]?.restartCount}`)
    .sort();
}
