import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { flightsOf } from '../conformance/flights.ts';
import { expectFollowed } from '../conformance/followed.ts';
import { followedBy, nextRoot, nextTimestamp, stack } from '../conformance/forgeries.ts';
import { type Scenario, simulate, statesOf } from '../conformance/history.ts';
import { rotations } from '../conformance/rotations.ts';
import { sigstoreJava } from '../conformance/sigstore-java.ts';
import { figure } from '../faults/profile.ts';

/* A third TUF client follows what test/conformance has two follow: that of sigstore-java, which is built for these tests alone. */

const folder = mkdtempSync(join(tmpdir(), 'sigstand-follows-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** A stack that never had a service, to which one comes, and of which one goes. */
const comings: Scenario = {
  days: 12,
  events: {
    1: { args: ['--without=tsa'] },
    2: { args: ['--without=tsa'] },
    6: { args: ['--without=rekor'] },
    9: { replace: 'fulcio' },
  },
};

describe.each([...rotations(folder), ['services that come and go', comings, 1] as const])(
  '%s',
  (what, scenario) => {
    it('are followed by sigstore-java, also by who slept through them', async () => {
      const states = statesOf((await simulate(scenario)).days);
      const flights = flightsOf(states);
      figure(`${what}: ${expectFollowed(await sigstoreJava(states, flights), states, flights)}`);
    });
  },
);

describe('what is forged', () => {
  it('is refused by sigstore-java: nothing above could pass unseen', async () => {
    const ours = await stack({ days: 10, events: { 3: { replace: 'rekor' } } });
    const strangers = await stack({ days: 3 });
    const forged = [
      followedBy(ours, (files) => nextRoot(files, {}, strangers.keys.root)),
      followedBy(ours, (files) => nextTimestamp(files, strangers.keys, {})),
    ];
    for (const served of forged) {
      const { refused, refusals } = await sigstoreJava(served, []);
      // Two that are new, and one of each state before.
      expect(refused).toBe(served.length + 1);
      for (const { why } of refusals) expect(why).toMatch(/SignatureVerificationException/);
    }
  });
});
