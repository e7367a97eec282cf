import { parseArgs } from 'node:util';
import type { Benchmark, Profile } from './benchmark.ts';

export interface Flags {
  readonly profile: Profile;
  readonly peers: readonly string[];
  readonly json: string | undefined;
  readonly rounds: number | undefined;
  readonly chosen: readonly Benchmark[];
}

export const usage = `npm run bench [-- FLAGS]

  --profile quick|full   quick, the default, is a look; full takes an hour
  --peer CHECKOUT        a checkout of sigstore/scaffolding v0.7.31 or v0.7.37, which is compiled and measured in turn;
                         once for each
  --only ID,...          such as B1,B4 or load: what else is left out; runs also what a profile leaves out
  --rounds N             as many pairs of bring-ups, Jobs and processes, instead of the profile's
  --json FILE            the figures for programs
`;

/** @throws {Error} Of what it does not know, in a line for its user. */
export function flags(args: readonly string[], known: readonly Benchmark[]): Flags {
  const text = { type: 'string' } as const;
  const peer = { type: 'string', multiple: true } as const;
  const options = { profile: text, peer, json: text, only: text, rounds: text };
  const { values } = parseArgs({ args: [...args], options });
  const { profile = 'quick', peer: peers = [], json, only } = values;
  const rounds = values.rounds === undefined ? undefined : Number(values.rounds);
  if (profile !== 'quick' && profile !== 'full')
    throw new Error(`--profile is quick or full, not '${profile}'`);
  if (rounds !== undefined && !(Number.isInteger(rounds) && rounds > 0))
    throw new Error(`--rounds is a number from 1 on, not '${values.rounds}'`);
  const chosen =
    only === undefined
      ? known.filter(({ profiles }) => profiles.includes(profile))
      : named(only.split(','), known);
  return { profile, peers, json, rounds, chosen };
}

function named(ids: readonly string[], known: readonly Benchmark[]): Benchmark[] {
  const unknown = ids.filter((id) => !known.some((benchmark) => benchmark.ids.includes(id)));
  if (unknown.length > 0) {
    const all = known.flatMap(({ ids }) => ids).join(', ');
    throw new Error(`--only knows ${all}, not ${unknown.join(', ')}`);
  }
  return known.filter((benchmark) => benchmark.ids.some((id) => ids.includes(id)));
}
