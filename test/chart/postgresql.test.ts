import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { lookingAt } from '../cluster/looking.ts';
import { rig } from '../cluster/rig.ts';
import { comesBack, leavesTheDatabase } from './comes-back.ts';
import { certificates, host, otherHost } from './company-database.ts';
import {
  lead,
  load,
  lose,
  type Postgresql,
  postgresqlImages,
  promote,
  psql,
  save,
  servers,
  startStandby,
  stop,
  withPostgresql,
} from './company-postgresql.ts';
import { give, helm, until, up, watched } from './company-stack.ts';
import { letProbesOut, said } from './probe.ts';

/* A stack whose database is somebody else's PostgreSQL: docs/database.md. */

const cluster = rig(process.env.RIG ?? 'test');
const within = 60_000;
const [first, second] = servers;
const password = "first:pa'ss@word/1 ";
const figures: string[] = [];
let work = '';
let ca = '';
let server: Postgresql;
let watchers: Awaited<ReturnType<typeof watched>>;

const inTrillian = ['-n', 'trillian-system'];
const both = ['deployment/log-server', 'deployment/log-signer'];

async function install(): Promise<void> {
  const addresses = servers.map((one) => `${one}/32`);
  const values = { kind: 'postgresql', port: 5432, schema: 'none', addresses };
  await helm(cluster, { work, ca }, 'install', values, postgresqlImages);
}

beforeAll(async () => {
  work = await mkdtemp(join(tmpdir(), 'sigstand-postgresql-'));
  ({ ca, server } = await withPostgresql(cluster, work, password));
});

afterAll(async () => {
  process.stdout.write(`${figures.join('\n')}\n`);
  await watchers?.close();
  for (const one of servers) await stop(cluster, server, one).catch(() => {});
  await cluster.must(['down']);
  await rm(work, { recursive: true, force: true });
});

describe('a PostgreSQL that somebody else runs', () => {
  it('is waited for, with credentials that nobody makes', async () => {
    await install();
    const waits = 'waiting for Secret trillian-system/trillian-mysql';
    const log = () => cluster.kubectl('logs', ...inTrillian, 'job/createsecret').catch(() => '');
    await until(async () => (await log()).includes(waits), waits);
    await give(cluster, password);
    await up(cluster);
    const copies = ['get', 'secret', 'trillian-mysql', '-n', 'rekor-system', '--ignore-not-found'];
    expect(await cluster.kubectl(...copies)).toBe('');
    const how =
      "SELECT DISTINCT ssl FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) WHERE usename = 'sigstand';";
    expect((await psql(cluster, server, first, how)).trim()).toBe('t');
  });

  it('has what is signed, and no search index', async () => {
    watchers = await watched(cluster, work);
    await watchers.ledger.signWithin(within);
    const count = await psql(cluster, server, first, 'SELECT COUNT(*) FROM LeafData;', 'sigstore');
    expect(Number(count)).toBe(2);
    await watchers.nothingIsLost();
    const rekor = await watchers.gateway.url('rekor.rekor-system.svc');
    const searched = await fetch(`${rekor}/api/v1/index/retrieve`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ email: 'someone@example.com' }),
    });
    expect(searched.status).toBe(501);
  });

  it('may restart: the stack signs again without a hand', async () => {
    await stop(cluster, server, first, 'restart');
    const { took, tries } = await watchers.ledger.signWithin(within);
    figures.push(`restarted: signed after ${took} ms, ${tries} tries`);
    await watchers.nothingIsLost();
  });

  it('gets a new password', async () => {
    await psql(cluster, server, first, "ALTER ROLE sigstand PASSWORD 'second';");
    await give(cluster, 'second');
    await cluster.kubectl('rollout', 'restart', ...inTrillian, ...both);
    for (const one of both) {
      await cluster.kubectl('rollout', 'status', ...inTrillian, one, '--timeout=3m');
    }
    await watchers.ledger.signWithin(within);
    await watchers.nothingIsLost();
  });

  it('leaves each verb of the CLI what it can do, or has it say why not', async () => {
    const look = await lookingAt(cluster);
    expect(await look()).toMatchObject({ status: 0 });
    await leavesTheDatabase(cluster, work);
  });

  it('comes back, with its stack, from a backup of the CLI and from pg_dump', async () => {
    const keeper = {
      save: () => save(cluster, server, first),
      lose: () => lose(cluster, server, first),
      load: () => load(cluster, server, first),
    };
    await comesBack(cluster, work, keeper, install);
    await watchers.ledger.signWithin(within);
    await watchers.nothingIsLost();
  });

  it('fails over to one that it waited for, and no entry is lost', async () => {
    await startStandby(cluster, server);
    const { ledger } = watchers;
    for (let count = 0; count < 5; count++) await ledger.signWithin(within);
    const began = Date.now();
    await stop(cluster, server, first);
    await promote(cluster, server, second);
    await psql(cluster, server, second, "ALTER SYSTEM SET synchronous_standby_names = '';");
    await psql(cluster, server, second, 'SELECT pg_reload_conf();');
    await lead(cluster, second);
    const moved = Date.now();
    const { tries } = await ledger.signWithin(within);
    figures.push(
      `failed over: moved after ${moved - began} ms, signed ${Date.now() - moved} ms later, ${tries} tries`,
    );
    await watchers.nothingIsLost();
  });
});

describe('what is not the PostgreSQL', () => {
  beforeAll(async () => {
    const other = certificates(join(work, 'another')).ca;
    const { data } = await cluster.get<{ data: { flags: string } }>(
      ...['configmap', 'trillian-flags', ...inTrillian],
    );
    const maps = {
      'other-ca': { 'ca.crt': other },
      'other-flags': { flags: data.flags.replace(host, otherHost) },
      'no-tls': { flags: data.flags.replace(/sslmode=.*ca\.crt/, 'sslmode=disable') },
    };
    for (const [name, map] of Object.entries(maps)) {
      const metadata = { name, namespace: 'trillian-system' };
      await cluster.apply(
        JSON.stringify({ apiVersion: 'v1', kind: 'ConfigMap', metadata, data: map }),
      );
    }
    await letProbesOut(cluster);
  });

  it.each([
    [
      'has a certificate of another CA',
      '"database-ca"},"name"',
      '"other-ca"},"name"',
      /certificate signed by unknown authority/,
    ],
    [
      'has a certificate for another name',
      '"trillian-flags"',
      '"other-flags"',
      /certificate is valid for .*not other\.company\.svc/,
    ],
    [
      'is asked without TLS',
      '"trillian-flags"',
      '"no-tls"',
      /no pg_hba\.conf entry .*no encryption/,
    ],
  ] as const)('%s: nobody logs in', async (_what, from, to, wanted) => {
    const change = (spec: string) => spec.replaceAll(from, to);
    expect(await said(cluster, change, 'containers', wanted)).toMatch(wanted);
  });
});
