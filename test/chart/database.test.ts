import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bringUp } from '../cluster/bring-up.ts';
import { openParty, type Party, sign, verify } from '../cluster/party.ts';
import { rig, root } from '../cluster/rig.ts';
import {
  available,
  certificates,
  grants,
  host,
  otherHost,
  sql,
  startDatabase,
} from './company-database.ts';
import { exported, give, helm, until, up } from './company-stack.ts';
import { byTag } from './on-rig.ts';
import { letProbesOut, said } from './probe.ts';

/* A stack whose database is somebody else's, and takes nobody without TLS: docs/database.md, step by step. */

const cluster = rig(process.env.RIG ?? 'test');
let work = '';
let ca = '';
let party: Party;

const inTrillian = ['-n', 'trillian-system'];
const logOf = (what: string, ...more: string[]) =>
  cluster.kubectl('logs', ...inTrillian, what, ...more);

async function signs(): Promise<void> {
  await sign(party);
  expect(await verify(party, party)).toMatchObject({ status: 0 });
}

/** While the one log server is replaced, Rekor may say 500. */
async function signsAgain(): Promise<void> {
  const signed = () =>
    sign(party).then(
      () => true,
      () => false,
    );
  await until(signed, 'a signature');
  expect(await verify(party, party)).toMatchObject({ status: 0 });
}

beforeAll(async () => {
  work = await mkdtemp(join(tmpdir(), 'sigstand-database-'));
  await bringUp(cluster, work);
  ca = certificates(join(work, 'tls')).ca;
  const { mariadb } = (await byTag()) as Record<string, string>;
  await startDatabase(cluster, mariadb!, join(work, 'tls'));
  await sql(cluster, grants(root, "first:pa'ss@word/1".replace("'", "''")));
});

afterAll(async () => {
  await party?.client.remove();
  await cluster.must(['down']);
  await rm(work, { recursive: true, force: true });
});

describe('a database that somebody else runs', () => {
  it('is waited for, with credentials that nobody makes', async () => {
    await helm(cluster, { work, ca }, 'install');
    const waits = 'waiting for Secret trillian-system/trillian-mysql, user, password, database';
    await until(
      async () => (await logOf('job/createsecret').catch(() => '')).includes(waits),
      waits,
    );
    await give(cluster, "first:pa'ss@word/1");
    await up(cluster);
    const own = await cluster.kubectl('get', 'statefulset,pvc', ...inTrillian, '-o', 'name');
    expect(own).toBe('');
    expect(await sql(cluster, 'SHOW TABLES FROM sigstore;')).toMatch(/^SequencedLeafData$/m);
  });

  it('has what is signed', async () => {
    const rootJson = await exported(cluster, work);
    party = await openParty(cluster, 'http://tuf.tuf-system.svc', rootJson);
    const leaves = async () =>
      Number(await sql(cluster, 'SELECT COUNT(*) FROM sigstore.LeafData;'));
    const before = await leaves();
    await signs();
    expect(await leaves()).toBeGreaterThan(before);
  });

  it('may restart: the stack signs again without a hand', async () => {
    await cluster.kubectl('delete', 'pod', '-n', 'company', '-l', 'app=db');
    await available(cluster);
    await signsAgain();
  });

  it('gets a new password, as the page says', async () => {
    await sql(cluster, "ALTER USER 'sigstand'@'%' IDENTIFIED BY 'second';");
    await give(cluster, 'second');
    await cluster.kubectl('delete', 'job', ...inTrillian, 'createsecret');
    await helm(cluster, { work, ca }, 'upgrade');
    const done = ['--for=condition=Complete', 'job/createsecret', '--timeout=5m'];
    await cluster.kubectl('wait', ...inTrillian, ...done);
    const servers = [...inTrillian, 'deployment/log-server', 'deployment/log-signer'];
    await cluster.kubectl('rollout', 'restart', ...servers);
    await cluster.kubectl('rollout', 'restart', '-n', 'rekor-system', 'deployment/rekor');
    for (const [where, name] of [
      ['trillian-system', 'log-server'],
      ['trillian-system', 'log-signer'],
      ['rekor-system', 'rekor'],
    ] as const) {
      await cluster.kubectl('rollout', 'status', '-n', where, `deployment/${name}`, '--timeout=3m');
    }
    await signsAgain();
  });

  it('has tables that were loaded by hand, where the values say so', async () => {
    await helm(cluster, { work, ca }, 'upgrade', { schema: 'none' });
    await cluster.kubectl(
      'rollout',
      'status',
      ...inTrillian,
      'deployment/log-server',
      '--timeout=3m',
    );
    await signsAgain();
  });
});

describe('what is not the database', () => {
  beforeAll(async () => {
    const other = certificates(join(work, 'other')).ca;
    const { data } = await cluster.get<{ data: { flags: string } }>(
      ...['configmap', 'trillian-flags', ...inTrillian],
    );
    const maps = {
      'other-ca': { 'ca.crt': other },
      'other-flags': { flags: data.flags.replace(host, otherHost) },
    };
    for (const [name, map] of Object.entries(maps)) {
      const metadata = { name, namespace: 'trillian-system' };
      const object = { apiVersion: 'v1', kind: 'ConfigMap', metadata, data: map };
      await cluster.apply(JSON.stringify(object));
    }
    await letProbesOut(cluster);
  });

  // In the volume, whose own name stays.
  const anotherCa = (spec: string) =>
    spec.replaceAll('"name":"database-ca"},"name"', '"name":"other-ca"},"name"');
  const anotherName = (spec: string) =>
    spec.replaceAll(host, otherHost).replaceAll('"trillian-flags"', '"other-flags"');

  it.each([
    [
      'has a certificate of another CA',
      anotherCa,
      /TLS\/SSL error/,
      /x509: certificate signed by unknown authority/,
    ],
    [
      'has a certificate for another name',
      anotherName,
      /SSL/,
      /x509: certificate is valid for db\.company\.svc, .*not other\.company\.svc/,
    ],
  ] as const)('%s: nobody logs in', async (_what, change, waits, server) => {
    expect(await said(cluster, change, 'initContainers', waits)).toMatch(waits);
    expect(await said(cluster, change, 'containers', server)).toMatch(server);
  });
});
