import { generateKeyPairSync } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Scenario } from './history.ts';

/** What befalls the keys of a repository, and how many roots it has then; keys that people hold are written into the folder. */
export function rotations(folder: string): readonly (readonly [string, Scenario, number])[] {
  return [
    ['ten rotations on ten days', daily(10), 11],
    ['three rotations of the online keys', online(['--rotate-keys']), 7],
    ['three rotations of all keys at once', online(['--rotate-keys', '--rotate-root']), 7],
    ['root keys of several people, handed on to others and to the cluster,', handed(folder), 3],
  ];
}

/** A root key as its holder keeps it: the paths of both halves. */
function holder(folder: string, name: string) {
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
function handed(folder: string): Scenario {
  const at = (name: string) => holder(folder, name);
  const [a, b, c, d, e] = [at('a'), at('b'), at('c'), at('d'), at('e')];
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
