import { cp, mkdtemp, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Result } from '../rig.ts';
import type { Network } from './network.ts';

/** The mirror that every client is told of, under the name that the stack has in its cluster. */
export const mirror = 'http://tuf.tuf-system.svc';

/** What a client is given to begin with: the first root, as `tuf-root` holds it. */
export interface Start {
  readonly rootJson: string;
  readonly sha256: string;
}

/** A blob and the bundle that somebody made for it; both are files. */
export interface Signature {
  readonly blob: string;
  readonly bundle: string;
}

/** Where a client runs: its own home, which holds all that it remembers, and whom it reaches. */
export interface Seat {
  readonly home: string;
  readonly network: Network;
  readonly start: Start;
  /** What the stack is without, so that a signature has nothing of it; the client is told by its flags. */
  readonly without?: 'tsa' | 'ctlog';
}

/** A client of the TUF repository, as people install it. It keeps nothing but what is in its home. */
export interface Client {
  readonly name: string;
  /** Whose TUF client is in it: go-tuf's or tuf-js. */
  readonly library: 'go' | 'js';
  /** What it says where a signature is good. */
  readonly verified: RegExp;
  /** Takes its trust for the first time. Who has no command for that does it as it verifies something. */
  initialise(seat: Seat, signature: Signature): Promise<Result>;
  /** Brings its trust up to date from the mirror, as it does by itself, and verifies. */
  verify(seat: Seat, signature: Signature): Promise<Result>;
  /** Signs a blob into a bundle beside it, where this client can. */
  readonly sign?: (
    seat: Seat,
    signature: Signature,
    token: Token,
    fulcio?: string,
  ) => Promise<Result>;
}

export type Token = Readonly<{ SIGSTORE_ID_TOKEN: string }>;

/** The version of a role's metadata that a client keeps; undefined where it keeps none. */
export async function kept(home: string, role: string): Promise<number | undefined> {
  const files = await readdir(home, { recursive: true });
  const path = files.find((file) => file === `${role}.json` || file.endsWith(`/${role}.json`));
  if (path === undefined) return undefined;
  return JSON.parse(await readFile(join(home, path), 'utf8')).signed.version;
}

/** The same client in a home of the same content, so that what it meets there changes nothing here. */
export async function elsewhere(seat: Seat, network: Network): Promise<Seat> {
  const home = await mkdtemp(`${seat.home}-`);
  await cp(seat.home, home, { recursive: true });
  return { ...seat, home, network };
}
