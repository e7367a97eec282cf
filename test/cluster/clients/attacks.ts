import type { KeyObject } from 'node:crypto';
import { signedBy } from '../../conformance/forgeries.ts';
import { sha256 } from '../../conformance/metadata.ts';
import {
  bytesOf,
  current,
  described,
  type Files,
  type Hands,
  next,
  roles,
  type Signed,
  signedPart,
  strangers,
} from './forgery.ts';

/** What somebody between a client and the stack could serve, and the same done rightly. */
export interface Attack {
  readonly bad: Files;
  /** Differs in nothing but what makes the other one bad. */
  readonly good: Files;
  /** How each library says that TUF is why. */
  readonly said: { readonly go: RegExp; readonly js: RegExp };
}

const hour = 3_600_000;
const tufDate = (time: number) => new Date(time).toISOString().replace(/\.\d{3}Z$/, 'Z');

/**
 * On clients that have followed the stack from `before` to `now`. What is not by strangers is signed with
 * the stack's own keys, so that a client has no other reason to refuse it.
 */
export const attacks: Readonly<
  Record<string, (now: Files, hands: Hands, before: Files) => Attack>
> = {
  'a tampered target': tamperedTarget,
  'an expired timestamp': expiredTimestamp,
  'a rolled-back snapshot': rolledBackSnapshot,
  'the repository as it was before': rolledBackRepository,
  'a root signed by strangers': strangersRoot,
};

/** What clients ask for by name. */
const asked = ['trusted_root.json', 'rekor.pub'];

function tamperedTarget(now: Files, hands: Hands): Attack {
  // Of the targets that a client knows it asks for none again: these are new, in a byte that means nothing.
  const renewed: Record<string, Buffer> = {};
  const good = next(now, hands, {
    targets: ({ targets }) => {
      for (const name of asked) {
        const old = bytesOf(now, `${targets[name]?.hashes.sha256}.${name}`);
        const bytes = Buffer.concat([old, Buffer.from('\n')]);
        const digest = sha256(bytes);
        Object.assign(targets[name] ?? {}, { length: bytes.length, hashes: { sha256: digest } });
        renewed[`${digest}.${name}`] = bytes;
      }
    },
  });
  const tampered = Object.entries(renewed).map(([name, bytes]) => [name, otherwise(bytes)]);
  return {
    bad: { ...good, ...Object.fromEntries(tampered) },
    good: { ...good, ...renewed },
    said: { go: /hash verification failed/, js: /Expected hash/ },
  };
}

/** As many bytes, and no other key or certificate: nothing but the hash tells. */
function otherwise(bytes: Buffer): Buffer {
  return Buffer.from(bytes.toString().replace(/\n$/, ' '));
}

function expiredTimestamp(now: Files, hands: Hands): Attack {
  const until = (time: number) =>
    next(now, hands, { timestamp: (signed) => Object.assign(signed, { expires: tufDate(time) }) });
  return {
    bad: until(Date.now() - hour),
    good: until(Date.now() + hour),
    said: { go: /timestamp\.json is expired/, js: /timestamp\.json is expired/ },
  };
}

function rolledBackSnapshot(now: Files, hands: Hands, before: Files): Attack {
  const { meta } = signedPart(before, 'timestamp.json');
  const old = next(now, hands, { timestamp: (signed) => Object.assign(signed, { meta }) });
  return {
    bad: { ...old, ...before, 'timestamp.json': bytesOf(old, 'timestamp.json') },
    good: next(now, hands, { timestamp: () => {} }),
    said: { go: /new snapshot version 1 must be >= 2/, js: /New snapshot version 1 is less/ },
  };
}

function rolledBackRepository(now: Files, _hands: Hands, before: Files): Attack {
  return {
    bad: before,
    good: now,
    said: { go: /new timestamp version 1 must be >= 2/, js: /New timestamp version 1 is less/ },
  };
}

function strangersRoot(now: Files, hands: Hands): Attack {
  const newcomers = strangers();
  const version = signedPart(now, current(now, 'root')).version + 1;
  const taken = next(now, newcomers, { targets: () => {} });
  const by = (keys: readonly KeyObject[]) => ({
    ...taken,
    [`${version}.root.json`]: rootFor(now, newcomers, { version, by: keys }),
  });
  return {
    bad: by([newcomers.root]),
    // What makes the difference: the key that clients trust says so, too.
    good: by([hands.root, newcomers.root]),
    said: { go: /Verifying root failed/, js: /root was signed by 0\/1 keys/ },
  };
}

/** A root like the repository's own, but that all roles are in other hands. */
export function rootFor(
  files: Files,
  hands: Hands,
  { version, by }: { version: number; by: readonly KeyObject[] },
): Buffer {
  const signed: Signed = { ...signedPart(files, current(files, 'root')), version };
  const keys = roles.map((role) => [role, described(hands[role])] as const);
  signed.keys = Object.fromEntries(keys.map(([, key]) => key));
  for (const [role, [id]] of keys) signed.roles[role].keyids = [id];
  return Buffer.from(signedBy(signed, ...by));
}
