import { describe, expect, it } from 'vitest';
import type { Result } from '../rig.ts';
import { openTally, type Tally } from '../tally.ts';
import { type Client, elsewhere, type Seat, type Signature } from './client.ts';
import { clients, named } from './clients.ts';
import type { Field } from './field.ts';
import { inCluster } from './network.ts';

/** Checks of every client, counted when they are written down and when they pass. */
export interface Board {
  /** One check of each client; the clients run side by side, the checks one after another. */
  check(title: string, body: (client: Client) => Promise<void>, of?: readonly Client[]): void;
  readonly score: Tally['score'];
}

export function openBoard(): Board {
  const tally = openTally();
  return {
    check(title, body, of = clients) {
      for (const { name } of of) tally.plan(name);
      describe(title, () => {
        it.concurrent.each(of)('$name', async (client) => {
          await body(client);
          tally.pass(client.name);
        });
      });
    },
    score: tally.score,
  };
}

const said = ({ stdout, stderr }: Result) => `${stdout}${stderr}`;

/** That a client, as it stands, takes a signature. */
export async function verifies(
  client: Pick<Client, 'verify' | 'verified'>,
  seat: Seat,
  signature: Signature,
): Promise<void> {
  const result = await client.verify(seat, signature);
  expect({ status: result.status, said: said(result) }).toEqual({
    status: 0,
    said: expect.stringMatching(client.verified),
  });
}

/** That a client refuses what it was asked for, and says why. */
export function refuses(result: Result, why: RegExp): void {
  expect(result.status, said(result)).not.toBe(0);
  expect(said(result)).toMatch(why);
}

/** That who can sign does, as the stack is now, and is believed. */
export function checkSigners(of: () => Field, check: Board['check']): void {
  const verifier = named('sigstore-go');
  check(
    'is signed for',
    async (client) => {
      const made = await of().sign(client, of().seat(client));
      const seat = await elsewhere(of().seat(verifier), inCluster(of().cluster));
      await verifies(verifier, seat, made);
    },
    clients.filter(({ sign }) => sign !== undefined),
  );
}
