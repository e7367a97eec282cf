import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openTally } from '../cluster/tally.ts';
import { figure } from '../faults/profile.ts';
import { type Bare, type Ground, openGround } from './ground.ts';
import { describeKyverno, describeOldForKyverno } from './kyverno.ts';
import { long } from './long.ts';
import { describeOldForPolicyController, describePolicyController } from './policy-controller.ts';
import { postOf } from './post.ts';

/** Both controllers on one cluster, with one stack, and images that are signed once and judged until the end. */
export function describeAdmission(there: () => Bare): void {
  const tally = openTally();
  let ground: Ground | undefined;
  let signedAt = 0;
  const of = () => ground as Ground;
  const policyController = postOf(of, 'policy-controller', tally);
  const kyverno = postOf(of, 'kyverno', tally);

  beforeAll(async () => {
    ground = await openGround(there());
    await policyController.prepare();
    if (long) await kyverno.prepare();
    signedAt = Date.now();
  });
  afterAll(() => ground?.close());

  describe('policy-controller', () => describePolicyController(of, policyController));
  if (long) describe('Kyverno', () => describeKyverno(of, kyverno));

  // Fulcio's certificates live for ten minutes: only then does it count who vouches for the time of a signature.
  const describeOld = () => {
    beforeAll(async () => {
      const rest = signedAt + 11 * 60_000 - Date.now();
      if (rest > 0) await sleep(rest);
    });
    describe('policy-controller', () => describeOldForPolicyController(policyController));
    describe('Kyverno', () => describeOldForKyverno(kyverno));
  };
  if (long) describe('signatures whose certificates have ended', describeOld);

  describe('all of it', () => {
    it('has been passed', () => {
      const { passed, total, text } = tally.score();
      figure(`admission: ${text}`);
      expect(passed).toBe(total);
    });
  });
}
