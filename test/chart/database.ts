import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bringUp } from '../cluster/bring-up.ts';
import { rig, root } from '../cluster/rig.ts';
import { comesBack, leavesTheDatabase } from './comes-back.ts';
import {
  available,
  type Company,
  certificates,
  dumped,
  grants,
  host,
  otherHost,
  sql,
  startDatabase,
} from './company-database.ts';
import { give, helm, until, up, watched } from './company-stack.ts';
import { letProbesOut, said } from './probe.ts';
import type { Product } from './products.ts';
import { endConnections } from './replication.ts';

/* A stack whose database is somebody else's, and takes nobody without TLS: docs/database.md, step by step. */

const within = 60_000;
const password = "first:pa'ss@word/1";
const quoted = password.replace("'", "''");

export function databaseOf(product: Product): void {
  const cluster = rig(process.env.RIG ?? 'test');
  const company: Company = { cluster, product };
  let work = '';
  let ca = '';
  let watchers: Awaited<ReturnType<typeof watched>>;
  const figures: string[] = [];

  const inTrillian = ['-n', 'trillian-system'];
  const logOf = (what: string, ...more: string[]) =>
    cluster.kubectl('logs', ...inTrillian, what, ...more);

  /** While the one log server is replaced, Rekor may say 500. */
  async function signsAgain(): Promise<void> {
    const { took, tries } = await watchers.ledger.signWithin(within);
    figures.push(`${expect.getState().currentTestName}: signed after ${took} ms, ${tries} tries`);
    await watchers.nothingIsLost();
  }

  beforeAll(async () => {
    work = await mkdtemp(join(tmpdir(), 'sigstand-database-'));
    await bringUp(cluster, work);
    ca = certificates(join(work, 'tls')).ca;
    await startDatabase(company, join(work, 'tls'));
    await sql(company, grants(root, quoted));
  });

  afterAll(async () => {
    process.stdout.write(`${figures.join('\n')}\n`);
    await watchers?.close();
    await cluster.must(['down']);
    await rm(work, { recursive: true, force: true });
  });

  describe(`a ${product.name} that somebody else runs`, () => {
    it('is waited for, with credentials that nobody makes', async () => {
      await helm(cluster, { work, ca }, 'install');
      const waits = 'waiting for Secret trillian-system/trillian-mysql, user, password, database';
      await until(
        async () => (await logOf('job/createsecret').catch(() => '')).includes(waits),
        waits,
      );
      await give(cluster, password);
      await up(cluster);
      const own = await cluster.kubectl('get', 'statefulset,pvc', ...inTrillian, '-o', 'name');
      expect(own).toBe('');
      expect(await sql(company, 'SHOW TABLES FROM sigstore;')).toMatch(/^SequencedLeafData$/m);
    });

    it('has what is signed, and what finds it', async () => {
      watchers = await watched(cluster, work);
      const count = async (table: string) =>
        Number(await sql(company, `SELECT COUNT(*) FROM sigstore.${table};`));
      const before = [await count('LeafData'), await count('EntryIndex')] as const;
      await signsAgain();
      expect(await count('LeafData')).toBeGreaterThan(before[0]);
      expect(await count('EntryIndex')).toBeGreaterThan(before[1]);
      const [signature] = watchers.ledger.signatures;
      const blob = readFileSync(signature!.blob);
      const hash = createHash('sha256').update(blob).digest('hex');
      const rekor = await watchers.gateway.url('rekor.rekor-system.svc');
      const searched = await fetch(`${rekor}/api/v1/index/retrieve`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ hash: `sha256:${hash}` }),
      });
      expect(await searched.json()).toEqual([expect.stringMatching(/^[0-9a-f]{80}$/)]);
    });

    it('may restart: the stack signs again without a hand', async () => {
      await cluster.kubectl('delete', 'pod', '-n', 'company', '-l', 'app=db');
      await available(cluster);
      await signsAgain();
    });

    it('gets a new password, as the page says', async () => {
      await sql(company, product.bothPasswords(quoted, 'second'));
      await endConnections(company, 'db');
      await signsAgain();
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
        await cluster.kubectl(
          'rollout',
          'status',
          '-n',
          where,
          `deployment/${name}`,
          '--timeout=3m',
        );
      }
      await sql(company, product.onePassword('second'));
      await endConnections(company, 'db');
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

    it('is not for the CLI to change', () => leavesTheDatabase(cluster, work));

    it('comes back, with its stack, from a backup of the CLI and from a dump', async () => {
      let saved = '';
      const keeper = {
        save: async () => {
          saved = await dumped(company);
        },
        lose: () => sql(company, 'DROP DATABASE sigstore;'),
        load: () => sql(company, saved),
      };
      await comesBack(cluster, work, keeper, () => helm(cluster, { work, ca }, 'install'));
      await signsAgain();
    });
  });

  describe(`what is not the ${product.name}`, () => {
    beforeAll(async () => {
      const other = certificates(join(work, 'other')).ca;
      const { data } = await cluster.get<{ data: { flags: string } }>(
        ...['configmap', 'trillian-flags', ...inTrillian],
      );
      const maps = {
        'other-ca': { 'ca.crt': other },
        'other-flags': { flags: data.flags.replace(host, otherHost) },
        'no-tls': { flags: data.flags.replace('&tls=true', '') },
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

    const noTls = (spec: string) =>
      spec
        .replace(/--ssl-verify-server-cert --ssl-ca=\S+/, '--skip-ssl')
        .replaceAll('"trillian-flags"', '"no-tls"');

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
      [
        'is asked without TLS',
        noTls,
        /insecure transport are prohibited|Access denied/,
        /insecure transport are prohibited|Access denied/,
      ],
    ] as const)('%s: nobody logs in', async (_what, change, waits, server) => {
      expect(await said(cluster, change, 'initContainers', waits)).toMatch(waits);
      expect(await said(cluster, change, 'containers', server)).toMatch(server);
    });
  });
}
