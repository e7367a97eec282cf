import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { verifies } from '../cluster/clients/board.ts';
import type { Client, Signature } from '../cluster/clients/client.ts';
import { newCtLogKilled } from './new-ct-log.ts';
import { newLogKilled } from './new-log.ts';
import { operatorOf, verifiers } from './operator.ts';
import { passwordsOf } from './password.ts';

/* sigstand rotate on the rig, killed after each of its steps, or with an API server that is. */

const operator = operatorOf(process.env.RIG ?? 'killed');
const { signer, old, expectDone, looksWell, cli, field, sleeperFollows } = operator;
const kinds = ['rekor', 'ctlog', 'tsa', 'fulcio'] as const;

describe.each([
  ['tuf-root', 1],
  ['tuf-keys', 2],
] as const)('sigstand rotate %s', (what, roots) => {
  it.each([1, 2])('killed after %i steps, makes one rotation', async (after) => {
    const version = async () =>
      Object.keys(await field().tuf.files()).filter((name) => /^\d+\.root\.json$/.test(name))
        .length;
    const before = await version();
    await cli().kill(['rotate', what, '--take-over'], after);
    await expectDone([what, '--take-over']);
    expect(await version()).toBe(before + roots);
    await looksWell();
  });
});

describe('sigstand rotate database', () => {
  it.each([1, 2, 3, 4, 5, 6, 7, 8, 9])('killed after %i steps, goes on', async (after) => {
    const passwords = passwordsOf(field().cluster);
    const [before = ''] = await passwords.stored();
    await cli().kill(['rotate', 'database', '--take-over'], after);
    const between = await field().sign(signer, field().seat(signer));
    await expectDone(['database', '--take-over']);
    const [now = '', ...others] = await passwords.stored();
    expect({ others, changed: now !== before }).toEqual({ others: [], changed: true });
    expect([await passwords.letsIn(before), await passwords.letsIn(now)]).toEqual([false, true]);
    await looksWell();
    await verifies(signer, field().seat(signer), between);
  });
});

newLogKilled(operator);
newCtLogKilled(operator);

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
    const told = await cli().kill(['rotate', ...flags], after);
    expect(told).toBeGreaterThanOrEqual(after);
    const between: Signature = await field().sign(signer, field().seat(signer));
    await expectDone(flags);
    await looksWell();
    const client = verifiers[after % verifiers.length] as Client;
    await verifies(client, field().seat(client), between);
    await verifies(client, field().seat(client), old[0] as Signature);
  });
});

describe('an API server that is killed under it, and comes again,', () => {
  const waiting = /^sigstand \w+: waiting: the API server (did not answer \(\w+\)|answered \d+)$/m;
  // The longer it is away, and the oftener, the later the kubelet and controllers look again: minutes in the end.
  const away = () => field().cluster.must(['away', '4']);

  it.each([
    ...kinds.map((kind) => `${kind} --linger=0s`),
    ...['rekor --new-log', 'ctlog --new-log', 'database', 'tuf-keys'],
  ])('is waited for by rotate %s', async (words) => {
    const command = ['rotate', ...words.split(' ')];
    const { status, stdout, stderr } = await cli().beside(command, 1, away);
    expect({ status, stdout, stderr }).toMatchObject({ status: 0 });
    expect(stderr).toMatch(waiting);
    await looksWell();
  });
});

describe('two operators at once', () => {
  it('are one and one who is told of the other', async () => {
    const [a, b] = await Promise.all([
      cli().run(['rotate', 'tsa']),
      cli().run(['rotate', 'rekor']),
    ]);
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
    await sleeperFollows(client);
  });
});

// Last, since the servers are gone.
describe('sigstand down', () => {
  it('waits for an API server that is killed under it', async () => {
    const { cluster } = field();
    const down = cli().run(['down']);
    await sleep(1_500);
    await cluster.must(['away', '4']);
    const { status, stdout, stderr } = await down;
    expect({ status, stdout, stderr }).toMatchObject({ status: 0 });
    expect(stderr).toContain('waiting: the API server');
    const ours = ['-A', '-l', 'app.kubernetes.io/part-of=sigstand', '-o', 'name'];
    expect((await cluster.kubectl('get', 'pods,deployments,services', ...ours)).trim()).toBe('');
  });
});
