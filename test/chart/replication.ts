import type { Rig } from '../cluster/rig.ts';
import {
  type Company,
  certificates,
  nameOf,
  otherThan,
  type Server,
  sql,
  startPair,
} from './company-database.ts';

/* What the company's administrator does to the two servers of the database. */

/** The account by which a server reads what the other one writes. */
const replicaAccount = `CREATE USER replica@'%' IDENTIFIED BY 'replica' REQUIRE SSL;
  GRANT REPLICATION SLAVE ON *.* TO replica@'%';`;

/** Two servers, the second of which follows the first; resolves to their authority. */
export async function followedPair(it: Company, folder: string): Promise<string> {
  const { ca } = certificates(folder);
  await startPair(it, folder);
  await sql(it, replicaAccount);
  await follow(it, 'standby');
  await waitForReplica(it, 'db', true);
  return ca;
}

/** All that a server has goes to the other one, which writes from then on; the old one is read-only, and keeps its connections. */
export async function handOver(it: Company, from: Server): Promise<Server> {
  const to = otherThan(from);
  await sql(it, it.product.readOnly, from);
  await caughtUp(it, to);
  await waitForReplica(it, from, false);
  await promote(it, to);
  return to;
}

/** A server takes from the other what it lacks, and lets nobody write. */
export async function follow(it: Company, server: Server): Promise<void> {
  const { readOnly, follow } = it.product;
  await sql(it, `${readOnly}\n${follow(nameOf(otherThan(server)))}`, server);
}

/** A server says that something is stored once the other one has it, however long that takes, or at once. */
export async function waitForReplica(it: Company, server: Server, on: boolean): Promise<void> {
  const { semiSync } = it.product;
  await sql(
    it,
    `SET GLOBAL ${semiSync}_wait_point = AFTER_SYNC;
     SET GLOBAL ${semiSync}_timeout = 4294967295;
     SET GLOBAL ${semiSync}_enabled = ${on ? 'ON' : 'OFF'};`,
    server,
  );
}

/** Waits until a server has all that the other one has. @throws {Error} Where it has not within a minute. */
export async function caughtUp(it: Company, server: Server): Promise<void> {
  const at = (await sql(it, it.product.position, otherThan(server))).trim();
  const got = await sql(it, it.product.reaches(at), server);
  if (got.trim() === '0') return;
  throw new Error(`${server} has not come to ${at}: ${await sql(it, it.product.state, server)}`);
}

/** A server stops following, and lets write. What it has received and not yet done, it does first. */
export async function promote(it: Company, server: Server): Promise<void> {
  const { stopReceiving, stopFollowing, writes } = it.product;
  await sql(it, stopReceiving, server);
  await applied(it, server);
  await sql(it, `${stopFollowing} ${writes}`, server);
}

async function applied(it: Company, server: Server): Promise<void> {
  const { asked, done } = it.product.applied;
  for (const deadline = Date.now() + 60_000; Date.now() < deadline; ) {
    if (done.test(await sql(it, asked, server))) return;
  }
  throw new Error(`${server} does not come to the end of what it has received`);
}

/** Ends the connections that the stack has to a server. */
export async function endConnections(it: Company, server: Server): Promise<void> {
  const endings = async () => (await sql(it, it.product.endings, server)).trim().split('\n');
  for (let left = await endings(); left.length > 0; ) {
    try {
      await sql(it, left.join('\n'), server);
      return;
    } catch (error) {
      // One has ended by itself, and those after it are still there.
      if (!String(error).includes('Unknown thread id')) throw error;
      const there = await endings();
      left = left.filter((one) => there.includes(one));
    }
  }
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
