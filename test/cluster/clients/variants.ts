import { mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect } from 'vitest';
import { issuer } from '../cosign.ts';
import { type Board, refuses, verifies } from './board.ts';
import type { Client, Seat, Signature } from './client.ts';
import { clients, named } from './clients.ts';
import type { Field } from './field.ts';
import { oneMoreFulcio } from './replicas.ts';
import { variant } from './variant.ts';

/** Who takes the services' addresses from the TUF repository. */
const guided = clients.filter(({ name, sign }) => sign !== undefined && name !== 'cosign2');

const services = {
  fulcio: 'http://fulcio.fulcio-system.svc',
  rekor: 'http://rekor.rekor-system.svc',
  tsa: 'http://tsa.tsa-system.svc',
};
const nobody = 'http://nobody.rekor-system.svc';

/** Stacks of other shapes than the manifests': each a repository of its own, over the services that run. */
export function describeVariants(of: () => Field, board: Board): void {
  describe('a stack without a TSA', () =>
    describeVariant(of, board, { without: 'tsa', flags: async () => ['--without=tsa'] }));

  describe('a stack without a CT log', () =>
    describeVariant(of, board, {
      without: 'ctlog',
      flags: async () => {
        const url = await oneMoreFulcio(of().cluster, 'fulcio-without-ctlog', { ctLog: '' });
        return ['--without=ctlog', `--fulcio-url=${url}`];
      },
    }));

  describe('several URLs of each service', () =>
    describeVariant(of, board, {
      flags: async () => [
        ...[`--fulcio-url=${services.fulcio}`, `--fulcio-url=${nobody}`],
        ...[`--rekor-url=${services.rekor}`, `--rekor-url=${nobody}`],
        ...[`--tsa-url=${services.tsa}`, `--tsa-url=${nobody}`],
        ...[`--oidc-issuer=${issuer}`, `--oidc-issuer=${nobody}`],
      ],
      // What there is to trust is as it was.
      believers: guided,
    }));

  describe('several URLs, the first of which nobody answers', () => {
    const flags = [`--rekor-url=${nobody}`, `--rekor-url=${services.rekor}`];
    board.check(
      'let nobody sign: the first is the one that is asked',
      async (client) => {
        const seat = await newcomer(of(), client, await publish(of(), flags));
        await expect(of().sign(client, seat)).rejects.toThrow(/nobody/);
      },
      guided,
    );
  });
}

type Place = Omit<Seat, 'home'>;

/** Where clients find a repository that createtuf makes with these flags. */
async function publish(
  { cluster, work, impostors }: Field,
  flags: readonly string[],
  without?: Seat['without'],
): Promise<Place> {
  const folder = await mkdtemp(join(work, 'variant-'));
  const { files, start } = await variant(cluster, folder, flags, without);
  return { start, network: await impostors.serve(files), ...(without && { without }) };
}

async function newcomer(field: Field, client: Client, place: Place): Promise<Seat> {
  const seat = await field.newSeat(client, place);
  // Who has a command for it asks the public Sigstore where it was not used.
  if (client.sign) await client.initialise(seat, field.signature('first'));
  return seat;
}

interface Variant {
  readonly without?: Seat['without'];
  readonly flags: () => Promise<readonly string[]>;
  readonly believers?: readonly Client[];
}

function describeVariant(
  of: () => Field,
  board: Board,
  { without, flags, believers = clients }: Variant,
): void {
  const signatures = new Map<string, Signature>();
  let place: Place;
  beforeAll(async () => {
    place = await publish(of(), await flags(), without);
  });

  board.check(
    'is signed for',
    async (client) => {
      const seat = await newcomer(of(), client, place);
      signatures.set(client.name, await of().sign(client, seat));
    },
    guided,
  );

  board.check(
    'is believed',
    async (client) => {
      const seat = await newcomer(of(), client, place);
      expect(signatures.size).toBe(guided.length);
      for (const signature of signatures.values()) await verifies(client, seat, signature);
    },
    believers,
  );

  if (without === undefined) return;
  board.check(
    'is not believed by who insists on what is not there',
    async (client) => {
      const { without: _, ...seat } = await newcomer(of(), client, place);
      const result = await client.verify(seat, signatures.get(client.name) as Signature);
      refuses(result, without === 'tsa' ? /timestamp/ : /SCT|certificate timestamp/i);
    },
    [named('cosign3')],
  );
}
