import { wholeSeconds } from '@sigstand/pki/time';
import { contradicts, type Finding, fail, failed, none, ok, warn } from './finding.ts';
import type { Seen } from './seen.ts';
import { short } from './trust.ts';
import { type Followed, type Role, type RoleName, roleNames } from './tuf-roles.ts';

const day = 86_400_000;

/** What is known beside what the mirror says. */
export interface TufView {
  readonly mirror: string;
  /** Where createtuf runs. */
  readonly namespace: string;
  readonly now: Date;
  readonly seen: Seen;
  /** Whether the root that a client starts from was given, and is not the mirror's own word. */
  readonly pinned: boolean;
  /** With less left than this, a long-lived role is told, in milliseconds. */
  readonly soon: number;
}

/** Whether a client that knows the first root alone gets trust from the mirror, and for how long. */
export function judgeTuf(followed: Followed, view: TufView): Finding[] {
  const { mirror, seen } = view;
  const { stopped } = followed;
  if (stopped !== undefined && stopped !== 'expired') {
    return [
      ...rootOf(followed, view),
      failed('tuf-mirror', mirror, stopped),
      ...versions(followed, { mirror, seen }),
    ];
  }
  const says =
    stopped === 'expired'
      ? 'it answers; a client stops at what has expired'
      : 'a client follows it';
  return [
    ok({ check: 'tuf-mirror', subject: mirror, says }),
    ...rootOf(followed, view),
    ...versions(followed, { mirror, seen }),
    ...roleNames.flatMap((name) => {
      const role = followed.roles[name];
      return role ? [expiry(name, role, view)] : [];
    }),
  ];
}

function rootOf({ firstRoot }: Followed, { mirror, seen, pinned }: TufView): Finding[] {
  if (firstRoot === undefined) return [];
  const told = { check: 'tuf-first-root', subject: mirror };
  if (seen.firstRoot !== undefined && seen.firstRoot !== firstRoot) {
    return [
      contradicts({
        ...told,
        says: `it is ${short(firstRoot)}, and ${short(seen.firstRoot)} was seen before`,
        todo: 'restore ConfigMap tuf-repository (docs/backup.md): clients start from the one that was seen',
      }),
    ];
  }
  const word = pinned
    ? 'as given'
    : "by the mirror's own word: give --root to hold it against yours";
  return [ok({ ...told, says: `sha256 ${firstRoot}, ${word}` })];
}

function versions(
  { roles }: Followed,
  { mirror, seen }: Pick<TufView, 'mirror' | 'seen'>,
): Finding[] {
  const told = { check: 'tuf-versions', subject: mirror };
  const there = roleNames.filter((name) => roles[name]);
  const older = there.filter((name) => (roles[name]?.version ?? 0) < (seen.roles?.[name] ?? 0));
  if (older.length > 0) {
    const says = older.map((name) => `${name} ${roles[name]?.version} after ${seen.roles?.[name]}`);
    return [
      contradicts({
        ...told,
        says: `the mirror serves what is older than what was seen: ${says.join(', ')}`,
        todo: 'look for a stale copy or a cache before it; after a restore: docs/backup.md',
      }),
    ];
  }
  const says = there.map((name) => `${name} ${roles[name]?.version}`).join(', ');
  return says === '' ? [] : [ok({ ...told, says })];
}

function expiry(
  name: RoleName,
  { expires, signed }: Role,
  { now, soon, namespace }: TufView,
): Finding {
  const told = { check: 'tuf-expiry', subject: name };
  const end = wholeSeconds(expires);
  const todo =
    name === 'root'
      ? 'createtuf renews it where its key is at hand: see its log, and docs/rotation.md for a root that people keep'
      : `see why createtuf did not sign it again: kubectl logs -n ${namespace} -l app.kubernetes.io/name=createtuf; at once: kubectl create job -n ${namespace} --from=cronjob/createtuf refresh`;
  const left = expires.getTime() - now.getTime();
  if (left <= 0) {
    const clock = wholeSeconds(now);
    return fail('data', { ...told, says: `it has expired, at ${end}; here it is ${clock}`, todo });
  }
  // createtuf signs again with half of the lifetime left, and may miss a few nights.
  const lifetime = signed ? expires.getTime() - signed.getTime() : 4 * day;
  if (left < Math.min(lifetime / 4, soon)) {
    return warn({ ...told, says: `it ends soon, at ${end}, and was not signed again`, todo });
  }
  return ok({ ...told, says: `until ${end}` });
}

/** What is said of all that needs a trust root, where there is none. */
export function untrusted(): Finding {
  const says = 'no client gets a trust root, so nothing could be held against it';
  return none({ check: 'services', subject: 'all', says });
}
