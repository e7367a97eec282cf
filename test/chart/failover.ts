import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bringUp } from '../cluster/bring-up.ts';
import type { Ledger, Signature } from '../cluster/ledger.ts';
import { type Look, lookingAt } from '../cluster/looking.ts';
import { rig, root } from '../cluster/rig.ts';
import {
  available,
  type Company,
  grants,
  otherThan,
  type Server,
  sql,
} from './company-database.ts';
import { give, helm, up, watched } from './company-stack.ts';
import type { Product } from './products.ts';
import {
  caughtUp,
  crash,
  endConnections,
  follow,
  followedPair,
  handOver,
  lives,
  point,
  promote,
  waitForReplica,
} from './replication.ts';

/* A database of two servers, one of which follows the other, fails over from one to the other: docs/database.md. */

export function failoversOf(product: Product): void {
  const cluster = rig(process.env.RIG ?? 'test');
  const company: Company = { cluster, product };
  /** From a server that writes again until a signature. */
  const within = 60_000;
  const figures: string[] = [];
  let work = '';
  let watchers: Awaited<ReturnType<typeof watched>>;
  let ledger: Ledger;
  let look: Look;
  /** The server that writes. */
  let primary: Server = 'db';

  const inCompany = ['-n', 'company'];

  /** The other server, empty, as after a node's end, takes all from the one that writes. */
  async function replace(server: Server): Promise<void> {
    await cluster.kubectl('scale', `deployment/${server}`, ...inCompany, '--replicas=1');
    await available(cluster, server);
    await follow(company, server);
    await caughtUp(company, server);
  }

  async function nothingIsLost(): Promise<void> {
    await watchers.nothingIsLost();
    const indexes = ledger.signatures.map(({ entry }) => entry.logIndex);
    expect(new Set(indexes).size).toBe(indexes.length);
  }

  beforeAll(async () => {
    work = await mkdtemp(join(tmpdir(), 'sigstand-failover-'));
    await bringUp(cluster, work);
    const ca = await followedPair(company, join(work, 'tls'));
    await sql(company, grants(root, 'secret'));
    await helm(cluster, { work, ca }, 'install');
    await give(cluster, 'secret');
    await up(cluster);
    watchers = await watched(cluster, work);
    ({ ledger } = watchers);
    look = await lookingAt(cluster, [`--state=${work}/state.json`]);
  });

  afterAll(async () => {
    process.stdout.write(`${figures.join('\n')}\n`);
    await watchers?.close();
    await cluster.must(['down']);
    await rm(work, { recursive: true, force: true });
  });

  describe(`a ${product.name} that fails over`, () => {
    /** The name leads to the other one from now on; resolves to the old one. */
    async function handedOver(): Promise<Server> {
      const from = primary;
      primary = await handOver(company, from);
      await point(cluster, primary);
      return from;
    }

    it('hands over to the one that followed, where the old one follows it in turn', async () => {
      await ledger.signWithin(within);
      const before = await lives(cluster);
      const began = Date.now();
      await follow(company, await handedOver());
      const { tries } = await ledger.signWithin(within);
      figures.push(`handed over: signed after ${Date.now() - began} ms, ${tries} tries`);
      expect(await lives(cluster)).toEqual(before);
      await nothingIsLost();
    });

    it('hands over where the old one stays alone, and ends its connections', async () => {
      await ledger.signWithin(within);
      const before = await lives(cluster);
      const began = Date.now();
      await endConnections(company, await handedOver());
      const { tries } = await ledger.signWithin(within);
      figures.push(`connections ended: signed after ${Date.now() - began} ms, ${tries} tries`);
      expect(await lives(cluster)).toEqual(before);
      await nothingIsLost();
    });

    it('loses no signature when one crashes that waits for its replica', async () => {
      await follow(company, otherThan(primary));
      await caughtUp(company, otherThan(primary));
      await waitForReplica(company, primary, true);
      const before = await lives(cluster);
      const made: { signature: Signature; at: number }[] = [];
      let refused = 0;
      let over = false;
      const load = Array.from({ length: 4 }, async () => {
        while (!over) {
          const signature = await ledger.sign();
          if (signature) made.push({ signature, at: Date.now() });
          else refused++;
        }
      });
      const until = async (holds: () => boolean) => {
        for (const end = Date.now() + within; !holds() && Date.now() < end; ) await sleep(20);
      };
      await until(() => made.length >= 8);
      const killed = Date.now();
      await crash(cluster, primary);
      primary = otherThan(primary);
      await promote(company, primary);
      await point(cluster, primary);
      const moved = Date.now();
      await until(() => made.some(({ at }) => at > moved));
      over = true;
      await Promise.all(load);
      const again = made.find(({ at }) => at > moved);
      figures.push(
        `crashed under load, ${made.length} made, ${refused} refused: moved after ${moved - killed} ms, ` +
          `signed ${again && again.at - moved} ms later`,
      );
      expect(made.some(({ at }) => at < killed)).toBe(true);
      expect(again).toBeDefined();
      expect(await lives(cluster)).toEqual(before);
      await nothingIsLost();
    });

    it('refuses to sign while one waits for a replica that is not there', async () => {
      await waitForReplica(company, primary, true);
      expect(await ledger.sign()).toBeUndefined();
      await waitForReplica(company, primary, false);
      const { took, tries } = await ledger.signWithin(within);
      figures.push(`no longer waiting for a replica: signed after ${took} ms, ${tries} tries`);
      await nothingIsLost();
    });

    it('loses what its replica had not got yet, where it does not wait, and status tells it', async () => {
      const survivor = otherThan(primary);
      await replace(survivor);
      const kept = [...ledger.signatures];
      await sql(company, product.stopReceiving, survivor);
      await ledger.signWithin(within);
      await ledger.signWithin(within);
      const lost = ledger.signatures.slice(kept.length);
      expect(await ledger.violations(lost)).toEqual([]);
      expect(await look()).toMatchObject({ status: 0 });

      await crash(cluster, primary);
      await promote(company, survivor);
      await point(cluster, survivor);
      primary = survivor;
      await ledger.signWithin(within);
      const places = lost.map(({ blob }) => expect.stringContaining(blob));
      const told = await ledger.violations(lost);
      expect(told).toEqual(expect.arrayContaining(places));
      // Whoever has the bundle alone does not see it.
      expect(told.filter((one) => one.includes('is refused'))).toEqual([]);
      expect(await ledger.violations(kept, 'log')).toEqual([]);
      const looked = await look();
      expect(looked.status).toBe(78);
      const trees = looked.checks.filter(({ check }) => /^(rekor|ctlog)-tree$/.test(check));
      const rolledBack = { outcome: 'fail', todo: expect.stringContaining('rolled back') };
      expect(trees).toEqual([
        expect.objectContaining(rolledBack),
        expect.objectContaining(rolledBack),
      ]);
    });
  });
}
