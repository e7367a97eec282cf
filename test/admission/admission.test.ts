import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { rig } from '../cluster/rig.ts';
import { figure } from '../faults/profile.ts';
import { type Ground, openGround } from './ground.ts';
import { describeKyverno, describeOldForKyverno } from './kyverno.ts';
import { describeOldForPolicyController, describePolicyController } from './policy-controller.ts';
import { postOf } from './post.ts';
import { openScore } from './score.ts';

// Both controllers on one cluster, with one stack, and images that are signed once and judged until the end.
const instance = 'admission';
const score = openScore();
let ground: Ground | undefined;
let signedAt = 0;
const of = () => ground as Ground;
const policyController = postOf(of, 'policy-controller', score);
const kyverno = postOf(of, 'kyverno', score);

beforeAll(async () => {
  ground = await openGround(instance);
  await policyController.prepare();
  await kyverno.prepare();
  signedAt = Date.now();
});

afterAll(async () => {
  // Also where the bring-up failed half-way.
  await ground?.close();
  await rig(instance).must(['down']);
});

describe('policy-controller', () => describePolicyController(of, policyController));
describe('Kyverno', () => describeKyverno(of, kyverno));

// Fulcio's certificates live for ten minutes: only then does it count who vouches for the time of a signature.
describe('signatures whose certificates have ended', () => {
  beforeAll(async () => {
    const rest = signedAt + 11 * 60_000 - Date.now();
    if (rest > 0) await sleep(rest);
  });
  describe('policy-controller', () => describeOldForPolicyController(policyController));
  describe('Kyverno', () => describeOldForKyverno(kyverno));
});

describe('all of it', () => {
  it('has been passed by both', () => {
    const { passed, total, text } = score.sum();
    figure(`admission: ${text}`);
    expect(passed).toBe(total);
  });
});
