import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { type Ground, wholeStack } from './whole-stack.ts';

/* The API server dies while sigstand up works, and comes again. */

export function describeAway(there: () => Ground): void {
  const { objects, sigstand, write } = wholeStack('away', there);

  // Kubernetes' controllers take up to half a minute to look again.
  it('for ten seconds is waited for', { timeout: 180_000 }, async () => {
    await write(objects());
    const { plane } = there();
    const running = sigstand('up', '--json');
    await sleep(400);
    await plane.kill();
    await sleep(10_000);
    await plane.start();
    const { stdout, stderr } = await running;
    expect(stderr).toContain('checks fail: tuf-mirror');
    const { steps } = JSON.parse(stdout) as { steps: { step: string }[] };
    expect(steps.map(({ step }) => step)).toContain('all 11 objects applied');
    expect(steps).toHaveLength(4);
  });
}
