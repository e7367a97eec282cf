import type { Client, Signature } from '../cluster/clients/client.ts';
import type { Field } from '../cluster/clients/field.ts';

/** What became of signing and verifying, over and over, while something else went on. */
export interface Watched {
  /** Signatures that were made. */
  readonly made: readonly Signature[];
  /** How often each client verified one that had just been made. */
  readonly verified: Readonly<Record<string, number>>;
  /** Milliseconds in which one client after the other refused what is newly signed. */
  readonly refused: number;
  /** Milliseconds in which nobody could sign, since a service did not answer. */
  readonly away: number;
  /** Milliseconds that the slowest signature took. */
  readonly longest: number;
  readonly said: readonly string[];
}

type Outcome = 'good' | 'refused' | 'away';

/** How long it goes on after it was told to stop, until all is well again. */
const patience = 180_000; // milliseconds

/** Signs and verifies until it is told to stop: each signature is verified at once, by all clients in turn. */
export function watch(field: Field, signer: Client, clients: readonly Client[]) {
  const made: Signature[] = [];
  const verified: Record<string, number> = Object.fromEntries(clients.map(({ name }) => [name, 0]));
  const said: string[] = [];
  const spent: Record<Outcome, number> = { good: 0, refused: 0, away: 0 };
  let longest = 0;
  let stopped = false;
  let deadline = Number.POSITIVE_INFINITY;

  /** One signature, and what one client says to it. */
  const once = async (client: Client): Promise<Outcome> => {
    const refusal = (who: string, text: string): Outcome => {
      said.push(`${new Date().toISOString()} ${who}: ${text}`);
      const away = isAway(text) || (who === 'sign' && takesNone.test(text));
      return away ? 'away' : 'refused';
    };
    const began = Date.now();
    try {
      made.push(await field.sign(signer, field.seat(signer)));
      longest = Math.max(longest, Date.now() - began);
    } catch (error) {
      return refusal('sign', `${error}`);
    }
    const { stdout, stderr } = await client.verify(field.seat(client), made.at(-1) as Signature);
    if (!client.verified.test(stdout + stderr)) return refusal(client.name, stdout + stderr);
    verified[client.name] = (verified[client.name] ?? 0) + 1;
    return 'good';
  };

  const loop = (async () => {
    let was: Outcome = 'good';
    const isOver = () => stopped && was === 'good';
    for (let nth = 0; !isOver() && Date.now() < deadline; nth++) {
      const began = Date.now();
      was = await once(clients[nth % clients.length] as Client);
      spent[was] += Date.now() - began;
    }
  })();
  return async (): Promise<Watched> => {
    stopped = true;
    deadline = Date.now() + patience;
    await loop;
    if (Date.now() >= deadline) throw new Error(`all is not well again: ${said.at(-1)}`);
    return { made, verified, refused: spent.refused, away: spent.away, longest, said };
  };
}

/** What a signer is told of a log that is frozen, until Rekor has started again with another. */
const takesNone = /\/api\/v1\/log\/entries\b.*\b500\b/s;

/** Whether a client says that nobody answered, which is not that it refuses what it was given. */
function isAway(text: string): boolean {
  return /connection refused|ECONNREFUSED|connection reset|ECONNRESET|EOF|socket hang up|no route|50[234] |timeout/i.test(
    text,
  );
}
