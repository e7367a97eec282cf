import type { JobError } from '@sigstand/job/errors';
import type { Data } from '@sigstand/store/store';

export const roleNames = ['root', 'timestamp', 'snapshot', 'targets'] as const;
export type RoleName = (typeof roleNames)[number];

/** One role's newest metadata, by its own word. */
export interface Role {
  readonly version: number;
  readonly expires: Date;
  /** When it was signed, where createtuf has written it down. */
  readonly signed: Date | undefined;
}

/** How far a client came. */
export interface Followed {
  /** SHA-256 of the root that it started from. */
  readonly firstRoot?: string;
  readonly roles: Readonly<Partial<Record<RoleName, Role>>>;
  /** Why it went no further. */
  readonly stopped?: JobError | 'expired';
}

/** The newest of each role among the files that a client fetched, by their names. */
export function rolesIn(files: Data): Followed['roles'] {
  const roles: Partial<Record<RoleName, Role>> = {};
  for (const [name, bytes] of Object.entries(files)) {
    const [, of] = /^(?:\d+\.)?(root|timestamp|snapshot|targets)\.json$/.exec(name) ?? [];
    const role = of && roleOf(bytes);
    const known = roles[of as RoleName];
    if (role && (known === undefined || known.version <= role.version))
      roles[of as RoleName] = role;
  }
  return roles;
}

function roleOf(bytes: Uint8Array): Role | undefined {
  try {
    const { signed } = JSON.parse(Buffer.from(bytes).toString());
    const [version, expires] = [Number(signed.version), new Date(signed.expires)];
    if (!Number.isInteger(version) || Number.isNaN(expires.getTime())) return undefined;
    const time = new Date(signed['x-sigstand-signed']);
    return { version, expires, signed: Number.isNaN(time.getTime()) ? undefined : time };
  } catch {
    return undefined; // the client says what is wrong with it
  }
}
