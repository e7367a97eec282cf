import { join } from 'node:path';
import { ctlogConfig } from '@sigstand/contracts/records';
import { describe, expect, it } from 'vitest';
import { verifies } from '../cluster/clients/board.ts';
import { ctLogs, logsWith } from './ct-logs.ts';
import type { Operator } from './operator.ts';

/** How many steps the move has, where nothing is waited for. */
const steps = 16;

/** The CT logs of a stack, as there come more. */
function moving({ field, signer, verifiers, old, looksWell, held }: Operator) {
  const treeNow = async () => {
    const { namespace, name } = ctlogConfig;
    const args = ['configmap', name, '-n', namespace] as const;
    return (await field().cluster.get<{ data: { treeID: string } }>(...args)).data.treeID;
  };

  /** The log that is written to, and those before it. */
  const told = async () => {
    const logs = await ctLogs(field());
    const open = logs.filter(({ isOpen }) => isOpen);
    expect(open).toHaveLength(1);
    return {
      logs,
      now: open[0] as (typeof logs)[number],
      before: logs.filter((one) => !one.isOpen),
    };
  };

  /** All that was signed is in one of the logs, and proved; and what is signed now is in the one of now. */
  const goesOn = async () => {
    const next = await field().sign(signer, field().seat(signer));
    const { logs, now } = await told();
    for (const signature of old) expect(await logsWith(signature, logs)).toHaveLength(1);
    expect(await logsWith(next, logs)).toEqual([now.url]);
    for (const client of verifiers) await verifies(client, field().seat(client), next);
    await looksWell();
    await held();
  };

  return { treeNow, told, goesOn };
}

/** sigstand rotate ctlog --new-log on the rig. */
export function newCtLog(operator: Operator): void {
  const { field, cli, watched, expectDone } = operator;
  const { treeNow, told, goesOn } = moving(operator);

  describe('sigstand rotate ctlog --new-log', () => {
    it.each([1, 2])('moves the log, and all of it is found and proved: time %i', async (time) => {
      const [tree, { now, before }] = [await treeNow(), await told()];
      const what = `sigstand rotate ctlog --new-log, time ${time}`;
      const gaps = await watched(what, () => expectDone(['ctlog', '--new-log']));
      expect(gaps).toEqual({ refused: 0, away: 0 });
      const after = await told();
      expect(after.now.url).toBe(now.url);
      expect(after.before.map(({ url }) => url)).toEqual([
        ...before.map(({ url }) => url),
        `${now.url}/old/${tree}`,
      ]);
      // It begins with all that was in it, and has what was signed until the new one took its place.
      const frozen = after.before.at(-1);
      expect(frozen?.entries.slice(0, now.size)).toEqual(now.entries);
      await goesOn();
      expect((await told()).before.at(-1)?.size).toBe(frozen?.size);
    });

    it('is as it was after the manifests are applied again, and its Pod is another', async () => {
      const { cluster, folder } = field();
      const { before } = await told();
      await cluster.kubectl('apply', '-f', join(folder, 'manifests'));
      for (const what of [['restart'], ['status', '--timeout=3m']]) {
        await cluster.kubectl('rollout', ...what, '-n', 'ctlog-system', 'deployment/ctlog');
      }
      expect((await told()).before).toEqual(before);
      await goesOn();
    });

    it('is in a backup with all of its trees', async () => {
      const { cluster, work } = field();
      const trees = (await told()).before.map(({ url }) => url.split('/').at(-1));
      const file = join(work, 'after-new-ct-log.tar');
      const args = ['backup', '--unencrypted', `--to=${file}`];
      expect(await cli().run(args)).toMatchObject({ status: 0 });
      const { stdout } = await cluster.exec(['tar', '-x', '-O', '-f', file, 'manifest.json']);
      expect(JSON.parse(stdout)).toMatchObject({
        stack: { ctlogTree: await treeNow(), ctlogShards: trees },
      });
    });
  });
}

/** The same, killed. */
export function newCtLogKilled(operator: Operator): void {
  const { field, cli, signer, verifiers, expectDone } = operator;
  const { treeNow, told, goesOn } = moving(operator);

  describe('sigstand rotate ctlog --new-log', () => {
    it.each(Array.from({ length: steps }, (_, nth) => nth))(
      'killed after %i steps, moves it once',
      async (after) => {
        const [tree, { now, before }] = [await treeNow(), await told()];
        const flags = ['ctlog', '--new-log', '--take-over'];
        const done = await cli().kill(['rotate', ...flags], after);
        expect(done).toBeGreaterThanOrEqual(after);
        const between = await field().sign(signer, field().seat(signer));
        await expectDone(flags);
        expect((await told()).before.map(({ url }) => url)).toEqual([
          ...before.map(({ url }) => url),
          `${now.url}/old/${tree}`,
        ]);
        expect(await logsWith(between, (await told()).logs)).toHaveLength(1);
        for (const client of verifiers) await verifies(client, field().seat(client), between);
        await goesOn();
      },
    );
  });
}
