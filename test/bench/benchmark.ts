import type { Rig } from '../cluster/rig.ts';
import type { Figure } from './figure.ts';
import type { Peer } from './peer/peer.ts';

/** quick: a few minutes, for a look; full: what README.md's table is made of. */
export type Profile = 'quick' | 'full';

/** What a benchmark is given. */
export interface Bench {
  readonly profile: Profile;
  /** How many pairs or rounds somebody asked for; by default the profile says. */
  readonly rounds: number | undefined;
  /** The rig that it has to itself, with the images of both sides on the node. */
  readonly cluster: Rig;
  /** The folder of our manifests, as the rig takes them. */
  readonly manifests: string;
  /** The Go system, in each release of which a checkout was given. */
  readonly peers: readonly Peer[];
  /** The one of them whose Jobs do what ours do. */
  readonly peer: Peer | undefined;
  /** A folder that is gone after the run. */
  readonly work: string;
  /** Says what is under way; the figures are printed by who gets them. */
  say(line: string): void;
  /** Tells what could not be measured, and why. */
  missing(what: string, why: string): void;
}

/** What must stand on the rig: nothing of a stack, or all of ours, complete and idle. */
export type Ground = 'empty' | 'stack';

export interface Benchmark {
  /** Such as B4; some measure several. */
  readonly ids: readonly string[];
  readonly title: string;
  readonly ground: Ground;
  /** Profiles that it is part of. */
  readonly profiles: readonly Profile[];
  run(bench: Bench): Promise<readonly Figure[]>;
}
