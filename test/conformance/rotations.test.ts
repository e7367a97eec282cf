import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { flightsOf } from './flights.ts';
import { expectFollowed } from './followed.ts';
import { goTuf } from './go-tuf.ts';
import { type Scenario, type State, simulate, statesOf } from './history.ts';
import { faults } from './history-rules.ts';
import { newestRoot } from './metadata.ts';
import { tufJs } from './tuf-js-history.ts';

const folder = mkdtempSync(join(tmpdir(), 'sigstand-rotations-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** A root key as its holder keeps it: the paths of both halves. */
function holder(name: string) {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  const paths = { secret: join(folder, `${name}.pem`), known: join(folder, `${name}.pub`) };
  writeFileSync(paths.secret, privateKey.export({ type: 'pkcs8', format: 'pem' }));
  writeFileSync(paths.known, publicKey.export({ type: 'spki', format: 'pem' }));
  return paths;
}

/** A rotation on each of the days from the second on. */
function daily(rotations: number): Scenario {
  const days = Array.from({ length: rotations }, (_, index) => index + 2);
  const events = days.map((day) => [day, { args: ['--rotate-root'] }]);
  return { days: rotations + 12, events: Object.fromEntries(events) };
}

/** Rotations of the online keys, each of which the nightly run ends eight days later. */
function online(flags: readonly string[]): Scenario {
  const event = { args: flags };
  return { days: 36, events: { 2: event, 13: event, 15: { replace: 'tsa' }, 24: event } };
}

/** Root keys that people keep: two of three, then two others, then one in the cluster. */
function handed(): Scenario {
  const [a, b, c, d, e] = [holder('a'), holder('b'), holder('c'), holder('d'), holder('e')];
  const first = [`--root-key=${a.secret}`, `--root-key=${b.secret}`, `--root-key=${c.known}`];
  const second = [`--root-key=${d.secret}`, `--root-key=${e.secret}`];
  const twoSign = '--root-threshold=2';
  return {
    days: 20,
    events: {
      1: { args: [...first, twoSign] },
      4: { replace: 'tsa' },
      6: {
        args: [
          '--rotate-root',
          ...second,
          twoSign,
          `--old-root-key=${a.secret}`,
          `--old-root-key=${c.secret}`,
        ],
      },
      9: { replace: 'fulcio' },
      11: {
        args: ['--rotate-root', `--old-root-key=${d.secret}`, `--old-root-key=${e.secret}`],
      },
    },
  };
}

describe.each([
  ['ten rotations on ten days', daily(10), 11],
  ['three rotations of the online keys', online(['--rotate-keys']), 7],
  ['three rotations of all keys at once', online(['--rotate-keys', '--rotate-root']), 7],
  ['root keys of several people, handed on to others and to the cluster,', handed(), 3],
])('%s', (_what, scenario, roots) => {
  let states: State[];
  beforeAll(async () => {
    states = statesOf((await simulate(scenario)).days);
  });

  it('are in a repository that keeps the rules', () => {
    expect(newestRoot(states.at(-1)!.files)).toBe(roots);
    expect(faults(states)).toEqual([]);
  });

  it.each([
    ['go-tuf', goTuf],
    ['tuf-js', tufJs],
  ])('are followed by %s, also by who slept through them', async (_client, follow) => {
    const flights = flightsOf(states);
    expectFollowed(await follow(states, flights), states, flights);
  });
});
