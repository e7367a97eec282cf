import { runJob } from '@sigstand/job/testing';
import { expect } from 'vitest';
import { argsInPod, type JobPod } from './jobs.ts';
import { jobFor } from './made-stack.ts';
import { Killed, type MemoryStack } from './rotating.ts';

/* What is run again on a stack in memory: a rotation that was killed, and Jobs after one. */

/**
 * Runs a rotation that is killed before one of its next changes, again and again, until a run ends. By default one change is
 * let through and two, in turn: a service that was started and not yet noted as started starts once more.
 *
 * @param between What is checked or done after each run, with how many were before it; nothing is killed there.
 */
export async function killedToItsEnd<Ended>(
  stack: MemoryStack,
  run: () => Promise<Ended>,
  {
    most,
    changes = (deaths) => 1 + (deaths % 2),
    between = () => {},
  }: {
    most: number;
    changes?: (deaths: number) => number;
    between?: (deaths: number) => Promise<void> | void;
  },
): Promise<{ ended: Ended | undefined; killed: number }> {
  let ended: Ended | undefined;
  let killed = 0;
  for (let deaths = 0; ended === undefined && deaths < most; deaths += 1) {
    stack.budget = changes(deaths);
    ended = await run().catch((error) => {
      if (!(error instanceof Killed)) throw error;
      killed += 1;
      return undefined;
    });
    stack.budget = Number.POSITIVE_INFINITY;
    await between(deaths);
  }
  return { ended, killed };
}

/** Jobs, run again, find nothing to do: so it is with kubectl apply, helm upgrade and sigstand up. */
export async function findNothingToDo(stack: MemoryStack, pods: readonly JobPod[]): Promise<void> {
  expect(pods).not.toEqual([]);
  for (const pod of pods) {
    const given = { args: argsInPod(pod), env: pod.env, now: stack.now };
    const { status, stderr, writes } = await runJob(jobFor(pod), stack.store, given);
    expect({ job: pod.title, status, stderr, writes }).toMatchObject({ status: 0, writes: [] });
  }
}
