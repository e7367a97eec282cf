import { createPrivateKey } from 'node:crypto';
import { beforeAll, describe, expect } from 'vitest';
import { secretValue } from '../stack.ts';
import { type Attack, attacks } from './attacks.ts';
import { type Board, refuses, verifies } from './board.ts';
import { elsewhere, kept } from './client.ts';
import type { Field } from './field.ts';
import { type Files, type Hands, roles } from './forgery.ts';
import type { Network } from './network.ts';

/** What clients do when the repository is signed again, and when somebody serves them another one. */
export function describeRefresh(of: () => Field, { check }: Board): void {
  let before: Files;
  let now: Files;
  let hands: Hands;
  beforeAll(async () => {
    const { tuf, cluster } = of();
    before = await tuf.files();
    // A second less than their lifetimes of 7 and 90 days.
    const due = ['--timestamp-renew=604799s', '--snapshot-renew=7775999s'];
    await tuf.createtuf('refresh', due);
    now = await tuf.files();
    const keys = roles.map(async (role) => [
      role,
      createPrivateKey(await secretValue(cluster, 'tuf-system/tuf-keys', role)),
    ]);
    hands = Object.fromEntries(await Promise.all(keys));
  });

  check('is followed', async (client) => {
    const seat = of().seat(client);
    await verifies(client, seat, of().signature('first'));
    expect(await kept(seat.home, 'timestamp')).toBe(2);
    expect(await kept(seat.home, 'snapshot')).toBe(2);
  });

  describe.each(Object.entries(attacks))('%s', (_name, attack) => {
    let bad: Network;
    let good: Network;
    let said: Attack['said'];
    beforeAll(async () => {
      const made = attack(now, hands, before);
      const { serve } = of().impostors;
      [bad, good] = await Promise.all([serve(made.bad), serve(made.good)]);
      said = made.said;
    });

    check('is refused, and what is right is taken from the same place', async (client) => {
      // What it keeps from before is what tells.
      const seat = await elsewhere(of().seat(client), bad);
      refuses(await client.verify(seat, of().signature('first')), said[client.library]);
      await verifies(client, { ...seat, network: good }, of().signature('first'));
    });
  });
}
