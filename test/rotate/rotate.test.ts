import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { verifies } from '../cluster/clients/board.ts';
import type { Client, Signature } from '../cluster/clients/client.ts';
import { clients, named } from '../cluster/clients/clients.ts';
import { type Field, openField } from '../cluster/clients/field.ts';
import { follow } from '../cluster/clients/rotation.ts';
import { rig } from '../cluster/rig.ts';
import { figure } from '../faults/profile.ts';
import { type Cli, cliOn } from './cli.ts';
import { watch } from './gap.ts';

/* sigstand rotate on the rig: what clients refuse meanwhile, and what a death at any step costs. */

const instance = 'rotate';
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
    const { made, verified, refused, away, said } = await stop();
    const counts = Object.entries(verified).map(([name, count]) => `${name} ${count}`);
    figure(
      `${what}: ${took} ms; ${made.length} signatures made, verified at once: ${counts.join(', ')};` +
        ` clients refused for ${refused} ms, services away for ${away} ms`,
    );
    for (const line of said) process.stdout.write(`${line}\n`);
    old.push(...made.slice(-1));
    refusals.set(what, refused);
  });
};
const refusals = new Map<string, number>();

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
