import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { chart } from '../../scripts/chart/rendered.ts';
import { byTag, helmOn } from '../chart/on-rig.ts';
import { flags } from '../chart/sets.ts';
import { refuses, verifies } from '../cluster/clients/board.ts';
import type { Seat, Signature } from '../cluster/clients/client.ts';
import { named } from '../cluster/clients/clients.ts';
import { type Field, openField } from '../cluster/clients/field.ts';
import { type Rig, rig } from '../cluster/rig.ts';
import { type Cli, cliOn } from './cli.ts';
import { ctLogs, logsWith } from './ct-logs.ts';
import { logBehind, placeOf } from './old-trees.ts';
import { verifiers as verifyingClients } from './operator.ts';
import { sigstorePython } from './sigstore-python.ts';

/* A stack of Helm's whose logs have moved: what becomes of them at an upgrade, and where its cluster is lost. */

const instance = process.env.RIG ?? 'test';
const signer = named('cosign3');
const verifiers = [...verifyingClients, sigstorePython];

let work: string;
let field: Field;
let cli: Cli;
/** Of the cluster that is lost: its clients live on, and what it signed. */
const lost: Field[] = [];
const seats = new Map<string, Seat>();
/** The first and another one of each tree, and more. */
const signed: Signature[] = [];

const values = async (more: object) => flags({ images: { names: await byTag() }, ...more });
const helm = async (cluster: Rig, verb: 'install' | 'upgrade', more: object = {}) =>
  helmOn(cluster, join(work, 'helm'), 'helm', verb, 'sigstand', chart, ...(await values(more)));

const serves = async (cluster: Rig) => {
  const all = ['-A', '-l', 'app.kubernetes.io/part-of=sigstand', '--timeout=10m'];
  await cluster.kubectl('wait', '--for=condition=Complete', 'jobs', ...all);
  await cluster.kubectl('wait', '--for=condition=Available', 'deployments', ...all);
};

const seat = (name: string) => seats.get(name) as Seat;
const log = () => logBehind(field.gateway);
const sign = async (by: Pick<typeof signer, 'name' | 'sign'> = signer) => {
  const { entries, active } = await log().trees();
  const made = await field.sign(by, seat(by.name));
  expect(await placeOf(made)).toMatchObject({ index: entries, tree: active });
  signed.push(made);
};
const allIsHeld = async () => {
  for (const one of signed) await log().holds(one);
};
/** The CT logs in which nobody writes any more, with all that is in them; each certificate is in one log. */
const oldCtLogs = async () => {
  const logs = await ctLogs(field);
  for (const one of signed) expect(await logsWith(one, logs)).toHaveLength(1);
  return logs.filter(({ isOpen }) => !isOpen);
};
const done = async (...args: string[]) => {
  const { status, stdout, stderr } = await cli.run(args);
  expect({ status, stderr, stdout }).toMatchObject({ status: 0 });
  return stdout;
};

beforeAll(async () => {
  work = await mkdtemp(join(tmpdir(), 'sigstand-moved-'));
  field = await openField(instance, async (cluster) => {
    await helm(cluster, 'install');
    await serves(cluster);
  });
  cli = await cliOn(field.cluster);
  for (const client of verifiers) seats.set(client.name, await field.newSeat(client));
  await signer.initialise(seat(signer.name), { blob: '', bundle: '' });
  const first = await field.sign(signer, seat(signer.name));
  for (const client of verifiers) {
    const { status, stdout, stderr } = await client.initialise(seat(client.name), first);
    expect({ client: client.name, status, said: stdout + stderr }).toMatchObject({ status: 0 });
  }
});

afterAll(async () => {
  for (const one of [...lost, field]) await one?.close();
  await rig(instance).must(['down']);
  await rm(work, { recursive: true, force: true });
});

const everyClient = (when: string) =>
  it.each(verifiers.map((one) => [one.name, one] as const))(
    `%s verifies what is in each tree, ${when}`,
    async (name, client) => {
      for (const one of signed) {
        const { inTree } = await placeOf(one);
        // Go leaves an index of 0 out of a bundle, and that of a tree's first entry is.
        const isRead = inTree > 0 || name !== sigstorePython.name;
        if (isRead) await verifies(client, seat(name), one);
        else refuses(await client.verify(seat(name), one), /logIndex\s+Field required/);
      }
    },
  );

describe('logs that have moved', () => {
  it('are moved twice, and signed for in each tree', async () => {
    await sign();
    for (const _ of [1, 2]) {
      await done('rotate', 'rekor', '--new-log');
      await done('rotate', 'ctlog', '--new-log');
      await sign();
      await sign();
    }
    expect((await log().trees()).before).toHaveLength(2);
    expect(await oldCtLogs()).toHaveLength(2);
    await sign(sigstorePython);
    await allIsHeld();
  });

  it('keep their trees when the release is upgraded, and their servers start again', async () => {
    const { cluster } = field;
    const before = { log: await log().trees(), ct: await oldCtLogs() };
    const servers = ['rekor', 'ctlog'];
    const pods = async () => {
      const running = ['--field-selector=status.phase=Running', '-o', 'name'];
      const of = (name: string) => ['-n', `${name}-system`, '-l', `app.kubernetes.io/name=${name}`];
      const found = servers.map((name) => cluster.kubectl('get', 'pods', ...of(name), ...running));
      return Promise.all(found);
    };
    const [rekorPod, ctlogPod] = await pods();
    const limits = { memory: '1536Mi' };
    await helm(cluster, 'upgrade', { resources: { rekor: { limits }, ctlog: { limits } } });
    for (const name of servers) {
      const at = ['-n', `${name}-system`, `deployment/${name}`, '--timeout=3m'];
      await cluster.kubectl('rollout', 'status', ...at);
    }
    await serves(cluster);
    const [rekorNow, ctlogNow] = await pods();
    expect(rekorNow).not.toBe(rekorPod);
    expect(ctlogNow).not.toBe(ctlogPod);
    expect({ log: await log().trees(), ct: await oldCtLogs() }).toEqual(before);
    await sign();
    await allIsHeld();
    await done('status', '--token=default/default');
  });

  everyClient('after the moves and an upgrade');
});

describe('logs that have moved, and whose cluster is lost', () => {
  it('are restored into a new one, before Helm and after it, with all of their trees', async () => {
    const before = { log: await log().trees(), ct: await oldCtLogs() };
    const file = join(work, 'moved.tar');
    await done('backup', '--unencrypted', `--to=${file}`);
    await field.gateway.close();
    await field.cluster.must(['down']);
    const restore = ['restore', `--from=${file}`];
    lost.push(field);
    field = await openField(instance, async (cluster) => {
      const there = await cluster.kubectl('get', 'namespaces,persistentvolumeclaims', '-A');
      expect(there).not.toMatch(/(rekor|tuf|trillian)-system/);
      await done(...restore, '--objects-only');
      await helm(cluster, 'install');
      await done(...restore);
      // createtree may have found an empty database, and ended with 78: that is the restore's to clear away.
      await helm(cluster, 'upgrade');
      await serves(cluster);
    });
    expect({ log: await log().trees(), ct: await oldCtLogs() }).toEqual(before);
    await sign();
    await allIsHeld();
    await done('status', '--token=default/default');
  });

  it('move again, and are signed for', async () => {
    const { active, before } = await log().trees();
    await done('rotate', 'rekor', '--new-log');
    await done('rotate', 'ctlog', '--new-log');
    expect((await log().trees()).before).toEqual([...before, active]);
    await sign();
    await sign(sigstorePython);
    expect(await oldCtLogs()).toHaveLength(3);
    await allIsHeld();
    await done('status', '--token=default/default');
  });

  everyClient('after a restore and another move');
});
