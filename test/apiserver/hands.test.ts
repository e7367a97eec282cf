import { afterAll, beforeAll, describe } from 'vitest';
import { startControlPlane } from '../programs/control-plane.ts';
import { describeAway } from './away.ts';
import { describeBlocked } from './blocked.ts';
import { describeKilled } from './killed.ts';
import { killingAt } from './killing.ts';
import { type Ground, writesKeys } from './whole-stack.ts';

/* sigstand up and down on a real kube-apiserver of their own, with Kubernetes' own controllers. There are no nodes: each
   Pod is said to be well. */

let ground: Ground;

beforeAll(async () => {
  const plane = await startControlPlane(writesKeys);
  ground = { plane, killing: await killingAt(plane) };
});
afterAll(async () => {
  await ground?.killing.remove();
  await ground?.plane.stop();
});

describe('killed', () => describeKilled(() => ground));
describe('what stands in the way', () => describeBlocked(() => ground));
describe('an API server that is away', () => describeAway(() => ground));
