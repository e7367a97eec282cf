import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { verifies } from '../cluster/clients/board.ts';
import type { Client, Signature } from '../cluster/clients/client.ts';
import { clients, named } from '../cluster/clients/clients.ts';
import { type Field, openField } from '../cluster/clients/field.ts';
import { follow } from '../cluster/clients/rotation.ts';
import { rig } from '../cluster/rig.ts';
import { servers } from '../cluster/servers.ts';
import { figure } from '../faults/profile.ts';
import { type Cli, cliOn } from './cli.ts';
import { watch } from './gap.ts';
import { newCtLog } from './new-ct-log.ts';
import { type Common, newLog } from './new-log.ts';
import { passwordsOf } from './password.ts';

/* sigstand rotate on the rig: what clients refuse meanwhile, and what a death at any step costs. */

const instance = process.env.RIG ?? 'rotate';
let field: Field;
let cli: Cli;
const kinds = ['rekor', 'ctlog', 'tsa', 'fulcio'] as const;
/** rekor-cli asks for one key, and verifies nothing else. */
const verifiers = clients.filter(({ name }) => name !== 'rekor-cli');
const signer = named('cosign3');
const old: Signature[] = [];

beforeAll(async () => {
  field = await openField(instance);
  cli = await cliOn(field.cluster);
  await signer.initialise(field.seat(signer), { blob: '', bundle: '' });
  const first = await field.sign(signer, field.seat(signer));
  old.push(first);
  for (const client of clients) {
    const { status, stdout, stderr } = await client.initialise(field.seat(client), first);
    expect({ client: client.name, status, said: stdout + stderr }).toMatchObject({ status: 0 });
    await field.fallsAsleep(client);
  }
});

afterAll(async () => {
  await field?.close();
  await rig(instance).must(['down']);
});

const held = async () => {
  for (const client of verifiers) {
    for (const signature of old) await verifies(client, field.seat(client), signature);
  }
};

const expectDone = async (args: readonly string[]) => {
  const { status, stdout, stderr } = await cli.run(['rotate', ...args]);
  expect({ status, stderr, stdout }).toMatchObject({ status: 0, stderr: '' });
  return stdout;
};

const looksWell = async () => {
  const { status, stdout } = await cli.run(['status', '--token=default/default']);
  expect({ status, stdout }).toMatchObject({ status: 0 });
};

const watched = async (what: string, work: () => Promise<unknown>) => {
  const stop = watch(field, signer, verifiers);
  const began = Date.now();
  await work().finally(async () => {
    const took = Date.now() - began;
    const { made, verified, refused, away, longest, said } = await stop();
    const counts = Object.entries(verified).map(([name, count]) => `${name} ${count}`);
    figure(
      `${what}: ${took} ms; ${made.length} signatures made, verified at once: ${counts.join(', ')};` +
        ` clients refused for ${refused} ms, services away for ${away} ms, the slowest signature ${longest} ms`,
    );
    for (const line of said) process.stdout.write(`${line}\n`);
    old.push(...made.slice(-1));
    refusals.set(what, refused);
    aways.set(what, away);
  });
};
const refusals = new Map<string, number>();
const aways = new Map<string, number>();

describe.each(kinds)('sigstand rotate %s', (kind) => {
  it('has no moment in which a client refuses what is newly signed', async () => {
    await watched(`sigstand rotate ${kind}`, () => expectDone([kind, '--linger=5s']));
    expect(refusals.get(`sigstand rotate ${kind}`)).toBe(0);
    await looksWell();
    await held();
  });
});

describe.each([
  ['tuf-root', 1],
  ['tuf-keys', 2],
] as const)('sigstand rotate %s', (what, roots) => {
  it('is followed by every client, at every moment', async () => {
    await watched(`sigstand rotate ${what}`, () => expectDone([what]));
    expect(refusals.get(`sigstand rotate ${what}`)).toBe(0);
    await looksWell();
    await held();
  });

  it.each([1, 2])('killed after %i steps, makes one rotation', async (after) => {
    const version = async () =>
      Object.keys(await field.tuf.files()).filter((name) => /^\d+\.root\.json$/.test(name)).length;
    const before = await version();
    await cli.kill(['rotate', what, '--take-over'], after);
    await expectDone([what, '--take-over']);
    expect(await version()).toBe(before + roots);
    await looksWell();
  });
});

describe('a server that starts again, as when a node is emptied or an image is new', () => {
  const deployments = servers.filter((server) => !server.endsWith('/mysql-trillian'));
  it.each(deployments)('%s lets nobody wait in vain', async (server) => {
    const [namespace = '', name = ''] = server.split('/');
    const deployment = ['-n', namespace, `deployment/${name}`];
    const what = `kubectl rollout restart ${server}`;
    await watched(what, async () => {
      await field.cluster.kubectl('rollout', 'restart', ...deployment);
      await field.cluster.kubectl('rollout', 'status', ...deployment, '--timeout=3m');
      // The one before ends when all others have been told.
      await sleep(10_000);
    });
    expect([refusals.get(what), aways.get(what)]).toEqual([0, 0]);
  });
});

describe('sigstand rotate database', () => {
  it('has no moment in which a client is refused, or Trillian away', async () => {
    const passwords = passwordsOf(field.cluster);
    const [before = ''] = await passwords.stored();
    let said = '';
    const what = 'sigstand rotate database';
    await watched(what, async () => {
      said = await expectDone(['database']);
    });
    expect([refusals.get(what), aways.get(what)]).toEqual([0, 0]);
    const [after = '', ...others] = await passwords.stored();
    expect({ others, changed: after !== before }).toEqual({ others: [], changed: true });
    expect([await passwords.letsIn(before), await passwords.letsIn(after)]).toEqual([false, true]);
    const printed = said + (await passwords.printed());
    expect(printed.length).toBeGreaterThan(10_000);
    for (const one of [before, after]) expect(printed.includes(one)).toBe(false);
    await looksWell();
    await held();
  });

  it.each([1, 2, 3, 4, 5, 6, 7, 8, 9])('killed after %i steps, goes on', async (after) => {
    const passwords = passwordsOf(field.cluster);
    const [before = ''] = await passwords.stored();
    await cli.kill(['rotate', 'database', '--take-over'], after);
    const between = await field.sign(signer, field.seat(signer));
    await expectDone(['database', '--take-over']);
    const [now = '', ...others] = await passwords.stored();
    expect({ others, changed: now !== before }).toEqual({ others: [], changed: true });
    expect([await passwords.letsIn(before), await passwords.letsIn(now)]).toEqual([false, true]);
    await looksWell();
    await verifies(signer, field.seat(signer), between);
  });

  it('leaves what backup and createtree read as it was', async () => {
    const backup = ['backup', '--unencrypted', `--to=${join(field.work, 'after-database.tar')}`];
    expect(await cli.run(backup)).toMatchObject({ status: 0 });
    for (const system of ['rekor', 'ctlog']) {
      const job = `createtree-again-${system}`;
      const namespace = `${system}-system`;
      const { spec } = await field.cluster.get<{ spec: JobSpec }>(
        'job',
        'createtree',
        '-n',
        namespace,
      );
      // The network's rules know it by its name; the rest is the first one's own.
      const labels = { 'app.kubernetes.io/name': 'createtree' };
      const template = { ...spec.template, metadata: { labels } };
      await field.cluster.apply(
        JSON.stringify({
          ...{ apiVersion: 'batch/v1', kind: 'Job', metadata: { name: job, namespace } },
          spec: { backoffLimit: 0, template },
        }),
      );
      const done = ['wait', '--for=condition=Complete', '-n', namespace, `job/${job}`];
      await field.cluster.kubectl(...done, '--timeout=2m');
    }
  });
});

const common: Common = {
  ...{ signer, verifiers, old, refusals, aways, watched, expectDone, looksWell, held },
  field: () => field,
  cli: () => cli,
};
newLog(common);
newCtLog(common);

interface JobSpec {
  readonly template: { readonly metadata?: object; readonly spec: object };
}

describe('killed', () => {
  // Every step of the two that have most; on the others test/rotation.test.ts does the same in memory.
  const steps = { rekor: 12, ctlog: 0, tsa: 0, fulcio: 13 };
  const some = [1, 3, 6, 9];
  const deaths = kinds.flatMap((kind) => {
    const points = steps[kind] > 0 ? Array.from({ length: steps[kind] }, (_, nth) => nth) : some;
    return points.map((nth) => [kind, nth] as const);
  });
  it.each(deaths)('%s, after %i steps, goes on when it runs again', async (kind, after) => {
    const flags = [kind, '--linger=0s', '--take-over'];
    const told = await cli.kill(['rotate', ...flags], after);
    expect(told).toBeGreaterThanOrEqual(after);
    const between: Signature = await field.sign(signer, field.seat(signer));
    await expectDone(flags);
    await looksWell();
    const client = verifiers[after % verifiers.length] as Client;
    await verifies(client, field.seat(client), between);
    await verifies(client, field.seat(client), old[0] as Signature);
  });
});

describe('two operators at once', () => {
  it('are one and one who is told of the other', async () => {
    const [a, b] = await Promise.all([cli.run(['rotate', 'tsa']), cli.run(['rotate', 'rekor'])]);
    expect([a.status, b.status].sort()).toEqual([0, 75]);
    const refused = a.status === 75 ? a : b;
    expect(refused.stderr).toMatch(
      /Lease tuf-system\/sigstand is held by operator@\S+ [0-9a-f]{8}, who renewed it/,
    );
    await looksWell();
  });
});

describe('who slept through all of it', () => {
  it.each(verifiers.map((one) => [one.name, one] as const))('%s follows', async (_name, client) => {
    for (const signature of old) await verifies(client, field.sleeper(client), signature);
  });
});

describe('by kubectl, for comparison', () => {
  it.each(["Rekor's key", "Fulcio's CA"] as const)(
    '%s has a moment in which clients refuse',
    async (section) => {
      await watched(`docs/rotation.md, ${section}`, async () => {
        await follow(field.cluster, field.folder, section);
        await follow(field.cluster, field.folder, 'Telling the clients');
      });
      await looksWell();
    },
  );
});
