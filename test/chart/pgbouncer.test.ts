import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { rig } from '../cluster/rig.ts';
import type { Beside } from './beside.ts';
import {
  lead,
  type Postgresql,
  postgresqlImages,
  promote,
  psql,
  servers,
  startStandby,
  stop,
  withPostgresql,
} from './company-postgresql.ts';
import { give, helm, up, watched } from './company-stack.ts';
import { bouncerBefore, bouncerHost, port } from './pgbouncer.ts';
import { lives } from './replication.ts';

/* A PostgreSQL behind a PgBouncer, which ends the TLS of the stack and begins one of its own: docs/database.md. */

const cluster = rig(process.env.RIG ?? 'test');
const within = 60_000;
const [first, second] = servers;
const figures: string[] = [];
let work = '';
let server: Postgresql;
let bouncer: Beside;
let watchers: Awaited<ReturnType<typeof watched>>;

async function signsAfter(what: string, done: () => Promise<void>): Promise<void> {
  const { ledger, nothingIsLost } = watchers;
  await ledger.signWithin(within);
  await done();
  const over = Date.now();
  const { tries } = await ledger.signWithin(within);
  figures.push(`${what}: signed ${Date.now() - over} ms later, ${tries} tries`);
  await nothingIsLost();
}

beforeAll(async () => {
  work = await mkdtemp(join(tmpdir(), 'sigstand-pgbouncer-'));
  const made = await withPostgresql(cluster, work, 'secret');
  server = made.server;
  bouncer = await bouncerBefore(cluster, join(work, 'tls'), 'secret');
  await bouncer.start();
  const values = { host: bouncerHost, kind: 'postgresql', port, schema: 'none' };
  await helm(cluster, { work, ca: made.ca }, 'install', values, postgresqlImages);
  await give(cluster, 'secret');
  await up(cluster);
  watchers = await watched(cluster, work);
});

afterAll(async () => {
  process.stdout.write(`${figures.join('\n')}\n`);
  await watchers?.close();
  await bouncer?.stop();
  for (const one of servers) await stop(cluster, server, one).catch(() => {});
  await cluster.must(['down']);
  await rm(work, { recursive: true, force: true });
});

describe('a PgBouncer before the database', () => {
  it('is whom the stack talks to, and has TLS to the server', async () => {
    await watchers.ledger.signWithin(within);
    const how =
      'SELECT DISTINCT ssl, client_addr FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) ' +
      "WHERE usename = 'sigstand';";
    const [one, ...others] = (await psql(cluster, server, first, how)).trim().split('\n');
    expect({ one, others }).toEqual({ one: expect.stringMatching(/^t\|10\.200\./), others: [] });
  });

  it('may be started anew', async () => {
    const before = await lives(cluster);
    await signsAfter('started anew', async () => {
      await bouncer.stop();
      await bouncer.start();
    });
    expect(await lives(cluster)).toEqual(before);
  });

  it('follows a failover', async () => {
    await startStandby(cluster, server);
    const before = await lives(cluster);
    await signsAfter('failed over', async () => {
      await stop(cluster, server, first);
      await promote(cluster, server, second);
      await psql(cluster, server, second, "ALTER SYSTEM SET synchronous_standby_names = '';");
      await psql(cluster, server, second, 'SELECT pg_reload_conf();');
      await lead(cluster, second);
    });
    expect(await lives(cluster)).toEqual(before);
  });
});
