import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { rig } from '../cluster/rig.ts';
import { figure } from '../faults/profile.ts';
import { describeClients } from './clients.ts';
import { type Ground, openGround } from './ground.ts';
import { expectationsOf, surprises, tally } from './outcomes.ts';
import { probe } from './prober.ts';
import { runSuite } from './run-suite.ts';
import { describeRustMirror } from './rust-mirror.ts';
import { cosign, rekor, rekorPackages } from './suites.ts';

// Other projects' tests, against one stack of ours. A test that ends otherwise than expected/ says is a failure: a new
// failure, one that passes now, one that is new, and one that is no longer there.
const instance = 'foreign';
let ground: Ground | undefined;
const checkout = process.env.SCAFFOLDING;

beforeAll(async () => {
  ground = await openGround(instance);
});
afterAll(async () => {
  await ground?.close();
  await rig(instance).must(['down']);
});

describe("scaffolding's prober", () => {
  // No Go module of it is served, so it cannot be fetched like the others.
  it.skipIf(checkout === undefined)('completes, from the checkout in SCAFFOLDING', async () => {
    const { status, stdout, stderr } = await probe(ground as Ground, checkout ?? '');
    expect({ status, told: stdout + stderr }).toEqual({
      status: 0,
      told: expect.stringContaining('Complete'),
    });
  });
});

describe.each([rekor, rekorPackages, cosign])('$name', (suite) => {
  it('ends as expected, test by test', async () => {
    const began = Date.now();
    const seen = await runSuite(suite, ground as Ground);
    figure(`${suite.name}: ${tally(seen)}, ${Math.round((Date.now() - began) / 1_000)} s`);
    const page = join(import.meta.dirname, 'expected', `${suite.name.replaceAll(' ', '-')}.txt`);
    expect(surprises(seen, expectationsOf(await readFile(page, 'utf8')))).toEqual([]);
  });
});

describe('sigstore-rust before a mirror', describeRustMirror);

// Last, since it has the stack tell clients of another issuer.
describe('clients', () => describeClients(() => ground as Ground));
