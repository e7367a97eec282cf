import type { Stuck } from './next.ts';

/*
 * Which step comes next in giving the database's user another password. MariaDB takes both meanwhile: whoever reads the
 * Secret, and whenever, is let in.
 */

/**
 * The servers that log in to the database, in the order in which they start again. While the log-signer is away, Rekor holds on to
 * what it was given, and looks for it through the log-server. Were that one started again then, the client would be refused, and its
 * next try as well, since the entry is there (409). So the log-signer comes last.
 */
export const databaseServers = ['log-server', 'rekor', 'log-signer'] as const;
export type DatabaseServer = (typeof databaseServers)[number];

/** A stack as it is, as far as the password is concerned. */
export interface DatabaseSeen {
  /** What is in the way of a rotation that begins. */
  readonly obstacle: string | undefined;
  readonly begun: boolean;
  /** Which passwords the database lets in. */
  readonly admits: { readonly old: boolean; readonly fresh: boolean };
  /** Which one the Secret has. */
  readonly secret: 'old' | 'fresh' | 'other';
  readonly copy: 'old' | 'fresh' | 'other';
  /** Whether the database's own Pod has the Secret as it is now: its probe logs in by that. */
  readonly mounted: boolean;
  /** Those that have started again since the Secrets have the new one. */
  readonly restarted: readonly string[];
}

export type DatabaseStep =
  | 'make'
  | 'admit'
  | 'switch'
  | 'copy'
  | 'mount'
  | DatabaseServer
  | 'retire'
  | 'finish'
  | 'withdraw'
  | 'forget';

/** Those after which nothing is left to do. */
export const lastOfDatabase: readonly DatabaseStep[] = ['finish', 'forget'];

/** What comes next. */
export function nextForDatabase(seen: DatabaseSeen, giveUp: boolean): DatabaseStep | Stuck {
  const { obstacle, begun, admits, secret } = seen;
  if (!begun) {
    if (giveUp) return { stuck: 'no rotation is under way' };
    return obstacle ? { stuck: obstacle } : 'make';
  }
  if (secret === 'other') {
    return { stuck: 'the Secret has a third password: somebody replaced it since this began' };
  }
  if (!giveUp) return onwards(seen);
  if (secret === 'fresh') return { stuck: 'the Secret has the new password; run it to its end' };
  return admits.fresh ? 'withdraw' : 'forget';
}

function onwards({ admits, secret, copy, mounted, restarted }: DatabaseSeen): DatabaseStep | Stuck {
  // A database that started again meanwhile knows what the Secret had then, and no more.
  if (!admits.fresh || (!admits.old && secret === 'old')) return 'admit';
  if (secret === 'old') return 'switch';
  if (copy === 'other') return { stuck: "Rekor's copy has a third password: see who wrote it" };
  if (copy === 'old') return 'copy';
  if (!mounted) return 'mount';
  const waiting = databaseServers.find((server) => !restarted.includes(server));
  if (waiting) return waiting;
  return admits.old ? 'retire' : 'finish';
}

/** What a stack is like after a step, for the plan. */
export function afterStep(seen: DatabaseSeen, step: DatabaseStep): DatabaseSeen {
  switch (step) {
    case 'make':
      return { ...seen, begun: true };
    case 'admit':
      return { ...seen, admits: { old: true, fresh: true } };
    case 'switch':
      return { ...seen, secret: 'fresh', mounted: false };
    case 'copy':
      return { ...seen, copy: 'fresh' };
    case 'mount':
      return { ...seen, mounted: true };
    case 'retire':
      return { ...seen, admits: { old: false, fresh: true } };
    case 'withdraw':
      return { ...seen, admits: { old: true, fresh: false } };
    case 'finish':
    case 'forget':
      return { ...seen, begun: false };
    default:
      return { ...seen, restarted: [...seen.restarted, step] };
  }
}
