import { mkdir, readdir, readFile, rename, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { named } from '../cluster/clients/clients.ts';
import { type Field, openField } from '../cluster/clients/field.ts';
import { identityOf } from '../cluster/cosign.ts';
import { get } from '../cluster/gateway.ts';
import { loseAllThatIsStored } from '../cluster/restoring-cli.ts';
import { type Result, rig } from '../cluster/rig.ts';
import { commitOf, compiledFrom } from '../programs/checkout.ts';
import { type Cli, cliOn } from './cli.ts';
import { logBehind } from './old-trees.ts';

/* rekor_monitor and ct_monitor as the export runs them, on logs that were rolled back, moved, and given other keys. */

const instance = process.env.RIG ?? 'monitors';
const checkout = process.env.REKOR_MONITOR;
const programs = ['rekor_monitor', 'ct_monitor'] as const;
const signer = named('cosign3');

let field: Field;
let cli: Cli;
let bin = '';
let trust = '';
/** Where the monitors keep what they saw. */
let seen = '';

const done = async (...args: string[]): Promise<string> => {
  const { status, stdout, stderr } = await cli.run(args);
  expect({ args, status, stderr, stdout }).toMatchObject({ status: 0 });
  return stdout;
};
const exported = () => done('export', '--to', trust);
/** How many entries the CT log has. */
const ctSize = async (): Promise<number> => {
  const url = `${await field.gateway.url('ctlog.ctlog-system.svc')}/sigstorescaffolding/ct/v1/get-sth`;
  return JSON.parse((await get(url)).body.toString()).tree_size;
};
/** Signs; a CT log promises an entry first, and has it a moment later. */
const sign = async (times = 1) => {
  const size = (await ctSize()) + times;
  for (let nth = 0; nth < times; nth++) await field.sign(signer, field.seat(signer));
  await expect.poll(ctSize, { timeout: 20_000 }).toBeGreaterThanOrEqual(size);
};

/** The export's own script, whole, as a timer would run it. */
const look = (from: Readonly<Record<string, string>> = {}): Promise<Result> => {
  const script = 'cd "$0"; source ./env; exec bash -e rekor-monitor.sh';
  const env = { ...from, IDENTITY: identityOf('default'), PATH: `${bin}:${process.env.PATH}` };
  const set = Object.entries(env).map(([name, value]) => `${name}=${value}`);
  return field.cluster.exec(['env', ...set, 'bash', '-euc', script, trust], { timeout: 300_000 });
};

/** A look that finds all as it should be; resolves to how many signatures it tells of, in both kinds of log together. */
const finds = async (from: Readonly<Record<string, string>> = {}): Promise<number> => {
  const { status, stdout, stderr } = await look(from);
  // Whole, where a comparison would be cut.
  if (status !== 0 || stderr !== '') throw new Error(`${status}: ${stdout}${stderr}`);
  return stdout.match(/^Found /gm)?.length ?? 0;
};

/** A look that is not as it should be, for one of these reasons alone. */
const alarms = async (logs: string, ...reasons: RegExp[]) => {
  const { status, stdout, stderr } = await look();
  expect({ status, stderr, stdout }).toMatchObject({
    status: 1,
    stderr: `alarm: ${logs}\n`,
  });
  const said = stdout.split('\n').filter((line) => /^(error|failed)/.test(line));
  for (const one of said)
    expect(
      reasons.some((reason) => reason.test(one)),
      one,
    ).toBe(true);
  return said;
};

const movedAway = (file: string, to = `${file}-${Date.now()}`) =>
  rename(join(seen, file), join(seen, to));

/** How many entries the file of a log says that were seen. */
const entriesIn = async (file: string): Promise<number> => {
  const text = await readFile(join(seen, file), 'utf8');
  return Number(file.startsWith('rekor') ? text.split('\\n')[1] : JSON.parse(text).tree_size);
};

// No Go module of it is served, so it cannot be fetched like the others.
describe.skipIf(checkout === undefined)('monitors, from the checkout in REKOR_MONITOR', () => {
  beforeAll(async () => {
    const module = 'github.com/sigstore/rekor-monitor';
    const commit = await commitOf(checkout ?? '', module, 'REKOR_MONITOR');
    const built = await compiledFrom(checkout ?? '', commit, programs);
    field = await openField(instance);
    cli = await cliOn(field.cluster);
    await signer.initialise(field.seat(signer), { blob: '', bundle: '' });
    trust = join(field.work, 'trust');
    bin = join(field.work, 'bin');
    await mkdir(bin);
    for (const program of programs) await symlink(join(built, program), join(bin, program));
    await exported();
  });
  afterAll(async () => {
    await field?.close();
    await rig(instance).must(['down']);
  });

  it('look first, and then find what was signed since, in both logs', async () => {
    await sign(2);
    expect(await finds()).toBe(0);
    const [home = ''] = await readdir(join(trust, 'cache'));
    seen = join(trust, 'cache', home, 'monitors');
    await sign();
    const [rekor, ctlog] = [await entriesIn('rekor.txt'), await entriesIn('ctlog.txt')];
    // ct_monitor tells of the last one that it saw once more.
    expect(await finds()).toBe(3);
    expect(await entriesIn('rekor.txt')).toBe(rekor + 1);
    expect(await entriesIn('ctlog.txt')).toBe(ctlog + 1);
  });

  describe('after a restore from an older backup', () => {
    const file = () => join(field.work, 'older.tar');
    let restored = 0;

    it('alarm, and go on with it when as much was signed again', async () => {
      await done('backup', '--unencrypted', `--to=${file()}`);
      restored = await entriesIn('rekor.txt');
      await sign(3);
      await finds();
      await loseAllThatIsStored(field);
      await done('restore', `--from=${file()}`);
      await signsAgain();
      const rolledBack = [
        /failed to verify previous checkpoint: failed to verify log consistency: /,
        /error verifying consistency between previous and current STHs: error getting consistency proof: /,
      ];
      expect(await alarms('rekor.txt ctlog.txt', ...rolledBack)).toHaveLength(2);
      await sign(4);
      expect(await alarms('rekor.txt ctlog.txt', /consisten/)).toHaveLength(2);
    });

    it('begin anew from what the restore tells, and miss nothing that was signed since', async () => {
      for (const log of ['rekor.txt', 'ctlog.txt']) await movedAway(log);
      const from = { REKOR_FROM: `${restored}`, CTLOG_FROM: `${restored}` };
      expect(await finds(from)).toBe(10);
      await sign();
      expect(await finds()).toBe(3);
    });
  });

  describe('after the CT log has moved', () => {
    it('alarm until there is another export, since another log is at the address', async () => {
      await sign();
      await done('rotate', 'ctlog', '--new-log');
      await sign();
      await alarms('ctlog.txt', /error verifying previous STH signature/);
    });

    it('read the old log to its end, and the new one from its beginning', async () => {
      await exported();
      const env = await readFile(join(trust, 'env'), 'utf8');
      const [, tree = ''] = /OLD_CTLOG_URLS=\S+\/old\/(\d+)/.exec(env) ?? [];
      await movedAway('ctlog.txt', `ctlog-${tree}.txt`);
      const { stdout, status } = await look({ CTLOG_FROM: '0' });
      expect({ status, stdout }).toMatchObject({ status: 0 });
      expect(stdout.match(/^Found /gm)).toHaveLength(3);
      await sign();
      // The last one of each CT log, again.
      expect(await finds()).toBe(4);
      expect(await entriesIn('ctlog.txt')).toBe(2);
    });
  });

  describe("after Rekor's log has moved", () => {
    let before = 0;

    it('alarm, also when the new tree is longer than the old one', async () => {
      before = await entriesIn('rekor.txt');
      await sign();
      await done('rotate', 'rekor', '--new-log');
      await sign();
      expect(await alarms('rekor.txt', /failed to verify log consistency: /)).toHaveLength(1);
      await sign(before + 1);
      expect(await alarms('rekor.txt', /failed to verify log consistency: /)).toHaveLength(1);
    });

    it('go on where they were, in the old tree and the new one', async () => {
      const { entries } = await logBehind(field.gateway).trees();
      expect(await entriesIn('rekor.txt')).toBe(before);
      await movedAway('rekor.txt');
      const { stdout, status } = await look({ REKOR_FROM: `${before}` });
      expect({ status, stdout }).toMatchObject({ status: 0 });
      const found = [...stdout.matchAll(/^Found \S+ \S+ (\d+) [0-9a-f]{80}$/gm)];
      const since = Array.from({ length: entries - before }, (_, nth) => before + nth);
      expect(found.map(([, index]) => Number(index)).sort((a, b) => a - b)).toEqual(since);
      await sign();
      await finds();
      expect(await entriesIn('rekor.txt')).toBe(entries - before);
    });
  });

  it.each(['rekor', 'ctlog'] as const)(
    'alarm after another key of %s, and begin anew',
    async (log) => {
      await done('rotate', log);
      await sign();
      await alarms(`${log}.txt`, /verifying checkpoint \(.*\) failed|STH signature/);
      const before = await entriesIn(`${log}.txt`);
      await movedAway(`${log}.txt`);
      await exported();
      await finds({ [`${log.toUpperCase()}_FROM`]: `${before}` });
      // Which of two keys ct_monitor takes is chance.
      for (let nth = 0; nth < 6; nth++) await finds();
    },
  );

  it('alarm at what another CA certified, and find it after another export', async () => {
    const before = (await logBehind(field.gateway).trees()).entries;
    await done('rotate', 'fulcio', '--linger=0s');
    await sign();
    const { status, stderr, stdout } = await look();
    expect({ status, stderr }).toEqual({ status: 1, stderr: 'alarm: rekor.txt\n' });
    expect(stdout).toContain(
      `Index: ${before}) could not be verified against trusted CAs, skipping`,
    );
    await exported();
    expect((await look({ REKOR_FROM: `${before}` })).stdout).toMatch(
      new RegExp(`^Found \\S+ \\S+ ${before} [0-9a-f]{80}$`, 'm'),
    );
  });

  async function signsAgain() {
    for (const deadline = Date.now() + 60_000; ; await sleep(1_000)) {
      try {
        return await sign();
      } catch (error) {
        if (Date.now() > deadline) throw error;
      }
    }
  }
});
