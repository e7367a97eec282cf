import { describe, expect, it } from 'vitest';
import type { Result } from '../rig.ts';
import { type Client, elsewhere, type Seat, type Signature } from './client.ts';
import { clients, named } from './clients.ts';
import type { Field } from './field.ts';
import { inCluster } from './network.ts';

/** Checks of every client, counted when they are written down and when they pass. */
export interface Board {
  /** One check of each client; the clients run side by side, the checks one after another. */
  check(title: string, body: (client: Client) => Promise<void>, of?: readonly Client[]): void;
  /** Which of how many have passed so far. */
  score(): { passed: number; total: number; text: string };
}

export function openBoard(): Board {
  const planned = new Map<string, number>();
  const passed = new Map<string, number>();
  const add = (counts: Map<string, number>, { name }: Client) =>
    counts.set(name, (counts.get(name) ?? 0) + 1);
  const sum = (counts: Map<string, number>) => [...counts.values()].reduce((a, b) => a + b, 0);
  return {
    check(title, body, of = clients) {
      for (const client of of) add(planned, client);
      describe(title, () => {
        it.concurrent.each(of)('$name', async (client) => {
          await body(client);
          add(passed, client);
        });
      });
    },
    score() {
      const each = [...planned].map(([name, count]) => `${name} ${passed.get(name) ?? 0}/${count}`);
      return { passed: sum(passed), total: sum(planned), text: each.join(', ') };
    },
  };
}

const said = ({ stdout, stderr }: Result) => `${stdout}${stderr}`;

/** That a client, as it stands, takes a signature. */
export async function verifies(client: Client, seat: Seat, signature: Signature): Promise<void> {
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
