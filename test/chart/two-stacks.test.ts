import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bringUp } from '../cluster/bring-up.ts';
import { expectApart, openParty, type Party, sign, verify } from '../cluster/party.ts';
import { type Result, type Rig, rig, waste } from '../cluster/rig.ts';
import { versions } from '../cluster/stack.ts';
import { laterBy } from '../faults/clock.ts';
import { machinePath, type Packed, packed } from '../packed.ts';
import { byTag } from './on-rig.ts';
import { rendered } from './sets.ts';

/* Two stacks in one cluster, in the hands of the CLI alone: its packed file, run as its users run it. One of them looks at itself. */

const cluster: Rig = rig(process.env.RIG ?? 'test');
let work = '';
let cli: Packed;

interface Stack {
  readonly name: string;
  /** How the verbs are told which of the two is meant. */
  readonly flags: readonly string[];
  readonly tuf: string;
  readonly up: () => readonly string[];
}
const first: Stack = { name: 'first', flags: [], tuf: 'tuf-system', up: () => [] };
const second: Stack = {
  name: 'second',
  flags: ['--namespace-prefix=stg-'],
  tuf: 'stg-tuf-system',
  up: () => [`--manifests=${join(work, 'stg.yaml')}`],
};
const stacks = [first, second];
const other = (of: Stack) => (of === first ? second : first);

const run = (args: readonly string[], env: Readonly<Record<string, string>> = {}) =>
  cluster.exec([...cli.command, ...args], { env, timeout: 300_000 });
const done = async (...args: string[]): Promise<string> => {
  const { status, stdout, stderr } = await run(args);
  expect({ args, status, stderr, stdout }).toMatchObject({ status: 0 });
  return stdout;
};
const bringStackUp = ({ up }: Stack) => done('up', '--by-tag', '--token=default/default', ...up());
const file = (of: Stack, what: string) => join(work, `${of.name}-${what}`);

/** All that is stored of a stack, with its versions; controllers write to none of it, but for Leases. */
async function stored(of: Stack): Promise<Record<string, string>> {
  const prefix = of.flags.length > 0;
  const all = Object.entries(await versions(cluster));
  return Object.fromEntries(all.filter(([place]) => / stg-/.test(place) === prefix));
}

const parties = new Map<Stack, Party>();
const party = (of: Stack) => parties.get(of) as Party;

beforeAll(async () => {
  work = await mkdtemp(join(tmpdir(), 'sigstand-two-'));
  await bringUp(cluster, work, 'sigstand');
  cli = await packed();
  const { status, stdout, stderr } = await rendered({
    namespaces: { prefix: 'stg-' },
    instance: 'stg',
    images: { names: await byTag() },
    status: { enabled: true, schedule: '* * * * *' },
  });
  if (status !== 0) throw new Error(stderr);
  await writeFile(join(work, 'stg.yaml'), stdout);
});
afterAll(async () => {
  for (const { client } of parties.values()) await client.remove();
  await cli?.remove();
  await cluster.must(['down']);
  await rm(work, { recursive: true, force: true });
});

describe('two stacks in one cluster', () => {
  it('come up one after the other, and the second touches nothing of the first', async () => {
    await bringStackUp(first);
    const before = await stored(first);
    expect(Object.keys(before).length).toBeGreaterThan(60);
    await bringStackUp(second);
    expect(await stored(first)).toEqual(before);
    // The CronJob looks every minute, and a stack that comes up is not in order yet.
    const { failedPods } = await waste(cluster);
    expect(failedPods.filter((pod) => !pod.startsWith('status-'))).toEqual([]);
  });

  it('are exported each by its name, and neither verifies what the other signed', async () => {
    for (const one of stacks) {
      const to = file(one, 'trust');
      await done('export', `--namespace=${one.tuf}`, `--to=${to}`);
      const root = join(to, '1.root.json');
      parties.set(one, await openParty(cluster, `http://tuf.${one.tuf}.svc`, root));
      await sign(party(one));
    }
    await expectApart(party(first), party(second));
  });

  it.each(stacks.map((one) => [one.name, one] as const))(
    'let the %s be looked at, rotated and backed up, and the other is as it was',
    async (_name, one) => {
      const before = await stored(other(one));
      const look = ['status', `--state=${file(one, 'seen')}`, '--token=default/default'];
      await done(...look, ...one.flags);
      for (const what of [['rekor'], ['tuf-keys'], ['database'], ['ctlog', '--new-log']]) {
        await done('rotate', ...what, ...one.flags);
      }
      await done('rotate', 'rekor', '--new-log', ...one.flags);
      await done(...look, ...one.flags);
      await done('backup', '--unencrypted', `--to=${file(one, 'backup')}`, ...one.flags);
      expect(await stored(other(one))).toEqual(before);
      await done(...look.slice(0, 1), `--state=${file(other(one), 'seen')}`, ...other(one).flags);
      for (const each of stacks) await sign(party(each));
      await expectApart(party(first), party(second));
    },
  );
});

describe('a backup', () => {
  const refused = async (args: readonly string[], status: number, why: RegExp) => {
    const before = await versions(cluster);
    const ended = await run(['restore', ...args]);
    expect(ended).toEqual({ status, stdout: '', stderr: expect.stringMatching(why) });
    expect(await versions(cluster)).toEqual(before);
  };

  it('is not restored as another stack, and has the names of its own', async () => {
    const from = (of: Stack) => `--from=${file(of, 'backup')}`;
    await refused([from(first), ...second.flags], 65, /another stack|namespace/);
    const before = await versions(cluster);
    expect(await done('restore', from(second))).toMatch(/ 0 created, \d+ were there\n/);
    expect(await versions(cluster)).toEqual(before);
  });

  it('is not restored onto a living stack of the same names, which is another', async () => {
    const before = await stored(second);
    await done('down', '--delete-keys');
    expect(await stored(second)).toEqual(before);
    await bringStackUp(first);
    const from = `--from=${file(first, 'backup')}`;
    for (const more of [[], ['--objects-only'], ['--keep-different'], ['--overwrite-different']]) {
      await refused([from, ...more], 78, /another stack/);
    }
    await done('status', '--token=default/default');
    await done('status', ...second.flags);
  });

  it('brings back what it was made of, once the other one is gone', async () => {
    await done('down', '--delete-keys');
    const restore = ['restore', `--from=${file(first, 'backup')}`];
    await done(...restore, '--objects-only');
    await run(['up', '--by-tag', '--timeout=30s']);
    await done(...restore);
    await bringStackUp(first);
    await sign(party(first));
    await expectApart(party(first), party(second));
    await done('status', `--state=${file(first, 'after')}`, '--token=default/default');
  });
});

describe('the CronJob that looks', () => {
  interface Look {
    readonly metadata: { readonly name: string; readonly creationTimestamp: string };
    readonly status: {
      readonly containerStatuses?: readonly {
        readonly state: { readonly terminated?: { readonly exitCode: number } };
      }[];
    };
  }
  /** What the next run came to that the cluster begins by itself, and what it says. */
  async function nextLook(): Promise<{ exitCode: number | undefined; says: string }> {
    const since = Date.now();
    const place = ['-n', second.tuf];
    for (const deadline = since + 150_000; Date.now() < deadline; ) {
      const { items } = await cluster.get<{ items: Look[] }>(
        ...['pods', ...place, '-l', 'app.kubernetes.io/name=status'],
      );
      const found = items.find(
        ({ metadata, status }) =>
          Date.parse(metadata.creationTimestamp) > since &&
          status.containerStatuses?.[0]?.state.terminated,
      );
      const exitCode = found?.status.containerStatuses?.[0]?.state.terminated?.exitCode;
      if (found) {
        return { exitCode, says: await cluster.kubectl('logs', ...place, found.metadata.name) };
      }
      await new Promise((soon) => setTimeout(soon, 1_000));
    }
    throw new Error('the cluster began no look');
  }
  const metrics = async (): Promise<{ ended: Result; text: string }> => {
    const path = file(second, 'metrics');
    const ended = await run(['status', `--metrics=${path}`, ...second.flags]);
    return { ended, text: await readFile(path, 'utf8') };
  };

  it('is run by the cluster, and well where the stack is', async () => {
    const { exitCode, says } = await nextLook();
    expect({ exitCode, says }).toEqual({ exitCode: 0, says: expect.not.stringMatching(/^FAIL/m) });
    const { ended, text } = await metrics();
    expect(ended).toMatchObject({ status: 0 });
    expect(text).toMatch(/^sigstand_status_exit_status 0$/m);
    expect(text).not.toMatch(/^sigstand_check_failed\{.*\} 1$/m);
  });

  it('fails where a service is away, with the exit status that says so, and is well again after that', async () => {
    const tsa = ['deployment/tsa', '-n', 'stg-tsa-system'];
    await cluster.kubectl('scale', ...tsa, '--replicas=0');
    const pods = ['-n', 'stg-tsa-system', '-l', 'app.kubernetes.io/name=tsa'];
    await cluster.kubectl('wait', '--for=delete', 'pods', ...pods);
    const { exitCode, says } = await nextLook();
    expect({ exitCode, says }).toEqual({
      exitCode: 69,
      says: expect.stringMatching(/^FAIL +address +http:\/\/tsa\.stg-tsa-system/m),
    });
    const { ended, text } = await metrics();
    expect(ended).toMatchObject({ status: 69 });
    expect(text).toMatch(/^sigstand_status_exit_status 69$/m);
    expect(text).toMatch(/^sigstand_check_failed\{check="address",subject="[^"]*tsa[^"]*"\} 1$/m);
    await cluster.kubectl('scale', ...tsa, '--replicas=1');
    await cluster.kubectl('rollout', 'status', ...tsa, '--timeout=3m');
    expect(await nextLook()).toMatchObject({ exitCode: 0 });
  });
});

describe('by another Node', () => {
  it('is the same', async () => {
    const path = `PATH=${dirname(process.execPath)}:${machinePath()}`;
    const newer = cli.command.map((part) => (part.startsWith('PATH=') ? path : part));
    const by = (...args: string[]) => cluster.exec([...newer, ...args], { timeout: 300_000 });
    const version = await cluster.exec(['env', path, 'node', '--version']);
    expect(version.stdout).toMatch(/^v24\./);
    expect(cli.node).not.toBe(version.stdout.trim());
    for (const args of [
      ['status', '--token=default/default'],
      ['export', `--to=${file(first, 'by-newer')}`],
      ['backup', '--unencrypted', `--to=${file(first, 'backup-by-newer')}`],
      ['restore', `--from=${file(first, 'backup-by-newer')}`, '--dry-run'],
      ['rotate', 'tsa'],
      ['up', '--by-tag'],
    ]) {
      expect({ args, ...(await by(...args)) }).toMatchObject({ args, status: 0 });
    }
  });
});

describe('a clock that is off where the CLI runs', () => {
  const hour = 3_600_000;
  it.each([
    ['behind', -2 * hour],
    ['ahead', 2 * hour],
  ])('is no matter to a rotation: %s', async (_how, by) => {
    for (const what of ['rekor', 'fulcio', 'tuf-keys']) {
      const args = ['rotate', what, ...(what === 'fulcio' ? ['--linger=0s'] : [])];
      const { status, stdout, stderr } = await run(args, laterBy(by));
      expect({ what, status, stderr, stdout }).toMatchObject({ what, status: 0 });
    }
    await done('status', '--token=default/default');
    await sign(party(first));
    expect(await verify(party(first), party(first))).toMatchObject({ status: 0 });
  });

  it('is named by status, and by an export', async () => {
    const early = await run(['status'], laterBy(-2 * hour));
    expect(early).toMatchObject({ status: 65 });
    expect(early.stdout).toMatch(/^FAIL +certificates .*, and the clock here says /m);
    const late = await run(['status'], laterBy(2 * hour));
    expect(late).toMatchObject({ status: 65 });
    expect(late.stdout).toMatch(/^FAIL +tsa-clock .* 7\d\d\d s from the one here$/m);
    const behind = await run(['export', `--to=${file(first, 'behind')}`], laterBy(-2 * hour));
    expect(behind).toMatchObject({ status: 65, stderr: expect.stringMatching(/the clock here/) });
    const ahead = await run(['export', `--to=${file(first, 'ahead')}`], laterBy(240 * hour));
    expect(ahead).toMatchObject({ status: 65, stderr: expect.stringMatching(/the clock here/) });
  });
});

describe('a cluster that loses its power, and gets it again', () => {
  it('has both stacks again without a hand', async () => {
    const before = [await stored(first), await stored(second)];
    await cluster.must(['reboot']);
    for (const [one, name] of stacks.map((each) => [each, each.name] as const)) {
      const deadline = Date.now() + 180_000;
      let looked = await run(['status', '--token=default/default', ...one.flags]);
      while (looked.status !== 0 && Date.now() < deadline) {
        looked = await run(['status', '--token=default/default', ...one.flags]);
      }
      expect({ name, ...looked }).toMatchObject({ name, status: 0 });
    }
    expect([await stored(first), await stored(second)]).toEqual(before);
    for (const one of stacks) {
      expect(await verify(party(one), party(one))).toMatchObject({ status: 0 });
      await sign(party(one));
    }
    await expectApart(party(first), party(second));
  });
});
