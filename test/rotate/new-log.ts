import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { verifies } from '../cluster/clients/board.ts';
import { logBehind, placeOf } from './old-trees.ts';
import type { Operator } from './operator.ts';

/** The log of a stack, as it moves. */
function moving({ field, signer, verifiers, old, looksWell, held }: Operator) {
  const log = () => logBehind(field().gateway);

  /** All that was signed is in the log, and in the trust of each client; and what is signed now comes next. */
  const goesOn = async () => {
    const { entries, active } = await log().trees();
    const next = await field().sign(signer, field().seat(signer));
    expect(await placeOf(next)).toMatchObject({ index: entries, tree: active });
    for (const signature of [...old, next]) await log().holds(signature);
    for (const client of verifiers) await verifies(client, field().seat(client), next);
    await looksWell();
    await held();
  };

  return { log, goesOn };
}

/** sigstand rotate rekor --new-log on the rig. */
export function newLog(operator: Operator): void {
  const { field, cli, watched, expectDone } = operator;
  const { log, goesOn } = moving(operator);

  describe('sigstand rotate rekor --new-log', () => {
    it.each([1, 2])('moves the log, and all of it is found: time %i', async (time) => {
      const before = await log().trees();
      const what = `sigstand rotate rekor --new-log, time ${time}`;
      const gaps = await watched(what, () => expectDone(['rekor', '--new-log']));
      expect(gaps.refused).toBe(0);
      expect((await log().trees()).before).toEqual([...before.before, before.active]);
      await goesOn();
    });

    it('is as it was after the manifests are applied again, and its Pod is another', async () => {
      const { cluster, folder } = field();
      const before = await log().trees();
      await cluster.kubectl('apply', '-f', join(folder, 'manifests'));
      const rollout = async (...args: string[]) =>
        cluster.kubectl('rollout', ...args, '-n', 'rekor-system', 'deployment/rekor');
      await rollout('restart');
      await rollout('status', '--timeout=3m');
      expect(await log().trees()).toEqual(before);
      await goesOn();
    });

    it('is in a backup with all of its trees', async () => {
      const { cluster, work } = field();
      const { active, before } = await log().trees();
      const file = join(work, 'after-new-log.tar');
      const args = ['backup', '--unencrypted', `--to=${file}`];
      expect(await cli().run(args)).toMatchObject({ status: 0 });
      const { stdout } = await cluster.exec(['tar', '-x', '-O', '-f', file, 'manifest.json']);
      expect(JSON.parse(stdout)).toMatchObject({
        stack: { rekorTree: active, rekorShards: before },
      });
    });
  });
}

/** The same, killed. */
export function newLogKilled(operator: Operator): void {
  const { cli, expectDone } = operator;
  const { log, goesOn } = moving(operator);

  describe('sigstand rotate rekor --new-log', () => {
    it.each([0, 1, 2, 3, 4])('killed after %i steps, moves it once', async (after) => {
      const { active, before } = await log().trees();
      const flags = ['rekor', '--new-log', '--take-over'];
      const told = await cli().kill(['rotate', ...flags], after);
      expect(told).toBeGreaterThanOrEqual(after);
      await expectDone(flags);
      expect((await log().trees()).before).toEqual([...before, active]);
      await goesOn();
    });
  });
}
