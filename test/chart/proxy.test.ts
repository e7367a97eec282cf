import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bringUp } from '../cluster/bring-up.ts';
import { rig, root } from '../cluster/rig.ts';
import type { Beside } from './beside.ts';
import { type Company, grants, otherThan, type Server, sql } from './company-database.ts';
import { give, helm, up, watched } from './company-stack.ts';
import { products } from './products.ts';
import { monitorAccount, proxyBefore } from './proxy.ts';
import {
  caughtUp,
  crash,
  follow,
  followedPair,
  handOver,
  lives,
  promote,
  waitForReplica,
} from './replication.ts';

/* Two servers of a database behind a HAProxy that leads to the one that writes: docs/database.md. */

const cluster = rig(process.env.RIG ?? 'test');
const company: Company = { cluster, product: products.mariadb };
const within = 60_000;
/** Seconds after which the proxy cuts what nobody uses. */
const idle = 3;
const figures: string[] = [];
let work = '';
let proxy: Beside;
let watchers: Awaited<ReturnType<typeof watched>>;
/** The server that writes. */
let primary: Server = 'db';

async function nothingIsLost(): Promise<void> {
  const { ledger } = watchers;
  await watchers.nothingIsLost();
  const indexes = ledger.signatures.map(({ entry }) => entry.logIndex);
  expect(new Set(indexes).size).toBe(indexes.length);
}

/** Signs again after what is done to the database, without a restart of who uses it. */
async function signsAfter(what: string, done: () => Promise<void>): Promise<void> {
  const { ledger } = watchers;
  await ledger.signWithin(within);
  const before = await lives(cluster);
  const began = Date.now();
  await done();
  const over = Date.now();
  const { tries } = await ledger.signWithin(within);
  figures.push(`${what}: ${over - began} ms, signed ${Date.now() - over} ms later, ${tries} tries`);
  expect(await lives(cluster)).toEqual(before);
  await nothingIsLost();
}

beforeAll(async () => {
  work = await mkdtemp(join(tmpdir(), 'sigstand-proxy-'));
  await bringUp(cluster, work);
  const ca = await followedPair(company, join(work, 'tls'));
  await sql(company, `${grants(root, 'secret')}\n${monitorAccount}`);
  proxy = await proxyBefore(cluster, join(work, 'tls'), idle);
  await proxy.start();
  await helm(cluster, { work, ca }, 'install');
  await give(cluster, 'secret');
  await up(cluster);
  watchers = await watched(cluster, work);
});

afterAll(async () => {
  process.stdout.write(`${figures.join('\n')}\n`);
  await watchers?.close();
  await proxy?.stop();
  await cluster.must(['down']);
  await rm(work, { recursive: true, force: true });
});

describe('a proxy before the database', () => {
  it('is what the stack knows, by TLS to the server itself', async () => {
    await watchers.ledger.signWithin(within);
    const from =
      "SELECT DISTINCT SUBSTRING_INDEX(host, ':', 1) FROM information_schema.processlist";
    const hosts = await sql(company, `${from} WHERE user = 'sigstand';`);
    expect(hosts.trim().split('\n')).toHaveLength(1);
    await nothingIsLost();
  });

  it('cuts what is idle, and nobody is refused for that', async () => {
    const { ledger } = watchers;
    for (let round = 0; round < 5; round += 1) {
      await sleep(idle * 1_500);
      expect(await ledger.sign()).toBeDefined();
    }
    await nothingIsLost();
  });

  it('leads to the other one, where the old one is read-only and keeps its connections', async () => {
    await signsAfter('handed over', async () => {
      primary = await handOver(company, primary);
    });
  });

  it('leads to the other one, where the old one crashes', async () => {
    await follow(company, otherThan(primary));
    await caughtUp(company, otherThan(primary));
    await waitForReplica(company, primary, true);
    await signsAfter('crashed', async () => {
      await crash(cluster, primary);
      primary = otherThan(primary);
      await promote(company, primary);
    });
  });

  it('may be started anew', async () => {
    await signsAfter('started anew', async () => {
      await proxy.stop();
      await proxy.start();
    });
  });
});
