import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { binary } from '../../programs/binaries.ts';
import { identityOf, issuer } from '../cosign.ts';
import type { Result } from '../rig.ts';
import { type Board, checkSigners, refuses, verifies } from './board.ts';
import { elsewhere, kept, type Signature } from './client.ts';
import { clients, named } from './clients.ts';
import type { Field } from './field.ts';
import { bytesOf, type Files } from './forgery.ts';
import { inCluster } from './network.ts';
import { oneMoreFulcio } from './replicas.ts';
import { follow, type Section, sectionsWithCommands } from './rotation.ts';

/** Who does not verify what it signs, and so signs also while nobody has been told of a new CA. */
const untold = named('sigstore-js');

/** What comes of docs/rotation.md for clients that are not initialised again. */
export function describeReplacements(of: () => Field, board: Board): void {
  const followed = new Set<string>();
  const run = (section: Section) => {
    followed.add(section);
    return follow(of().cluster, of().folder, section);
  };

  describe('a root rotation', () => {
    beforeAll(async () => {
      await run('The root of the TUF repository');
      await of().tuf.served();
    });

    board.check('is followed', async (client) => {
      const seat = of().seat(client);
      expect(await kept(seat.home, 'root')).toBe(1);
      await verifies(client, seat, of().signature('first'));
      expect(await kept(seat.home, 'root')).toBe(2);
    });
  });

  describe("Fulcio's CA replaced", () => describeFulcio(of, board, run));

  describe('the keys of Rekor and the CT log and the TSA replaced, all at once', () => {
    beforeAll(async () => {
      const sections = ["Rekor's key", "The CT log's key", 'The timestamp authority'] as const;
      await Promise.all(sections.map(run));
      await of().signAs('between all and createtuf', untold);
      await run('Telling the clients');
      await of().tuf.served();
      await of().signAs('after all', named('cosign3'));
    });

    board.check('leave what was signed before', async (client) => {
      await verifies(client, of().seat(client), of().signature('first'));
      await verifies(client, of().seat(client), of().signature('after Fulcio'));
    });
    board.check('let the new ones be believed', async (client) => {
      await verifies(client, of().seat(client), of().signature('after all'));
      await verifies(client, of().seat(client), of().signature('between all and createtuf'));
    });
    checkSigners(of, board.check);
  });

  describe('nine more rotations of the root, and its keys given to people', () => {
    beforeAll(async () => {
      const { tuf } = of();
      await tuf.createtuf('rotations', ['--rotate-root'], 9);
      await run('Root keys that people keep');
      // Signs the timestamp, and has no key for the root any more.
      await tuf.createtuf('after-rotations', ['--timestamp-renew=604799s']);
    });

    it('leaves no key for the root in the cluster', async () => {
      const { data } = await of().cluster.get<{ data: object }>(
        ...['secret', 'tuf-keys', '-n', 'tuf-system'],
      );
      expect(Object.keys(data).sort()).toEqual(['snapshot', 'targets', 'timestamp']);
    });

    board.check('are followed by who slept through all of this', async (client) => {
      const seat = of().sleeper(client);
      expect(await kept(seat.home, 'root')).toBe(1);
      for (const signature of of().signatures.values()) await verifies(client, seat, signature);
      // The first, one by itself, nine, and two by people.
      expect(await kept(seat.home, 'root')).toBe(13);
    });
  });

  it('followed each section of docs/rotation.md that has commands', () => {
    expect([...followed].sort()).toEqual(sectionsWithCommands().sort());
  });
}

function describeFulcio(
  of: () => Field,
  board: Board,
  run: (section: Section) => Promise<string>,
): void {
  const replaced = 'fulcio-replaced';
  const sigstoreGo = named('sigstore-go');
  let before: Files;
  let early: Result;
  beforeAll(async () => {
    const { cluster, tuf, seat, signAs } = of();
    before = await tuf.files();
    const namespace = 'fulcio-system';
    const { data } = await cluster.get<{ data: object }>(
      ...['secret', 'fulcio-secrets', '-n', namespace],
    );
    const metadata = { name: replaced, namespace };
    await cluster.apply(JSON.stringify({ apiVersion: 'v1', kind: 'Secret', metadata, data }));

    await run("Fulcio's CA");
    const between = await signAs('between Fulcio and createtuf', untold);
    const asked = await elsewhere(seat(sigstoreGo), inCluster(cluster));
    early = await sigstoreGo.verify(asked, between);
    await run('Telling the clients');
    await tuf.served();
    await signAs('after Fulcio', named('cosign3'));
  });

  board.check('leaves what was signed before', (client) =>
    verifies(client, of().seat(client), of().signature('first')),
  );
  board.check('is believed once createtuf has run', async (client) => {
    await verifies(client, of().seat(client), of().signature('after Fulcio'));
    await verifies(client, of().seat(client), of().signature('between Fulcio and createtuf'));
  });
  const notBefore = async () => refuses(early, endedFor(sigstoreGo));
  board.check('is not believed before', notBefore, [sigstoreGo]);
  checkSigners(of, board.check);

  describe('and still in use somewhere', () => {
    let late: Signature;
    beforeAll(async () => {
      const url = await oneMoreFulcio(of().cluster, replaced, { secret: replaced });
      late = await of().sign(named('cosign2'), of().seat(named('cosign2')), url);
    });

    board.check(
      'is refused for what it signs after its end',
      async (client) => {
        refuses(await client.verify(of().seat(client), late), endedFor(client));
      },
      // rekor-cli knows no CA.
      clients.filter(({ name }) => name !== 'rekor-cli'),
    );

    board.check(
      'was refused for its end alone: by what was published before, it verifies',
      async (client) => {
        const { network, home } = await of().newSeat(client);
        const name = Object.keys(before).find((file) => file.endsWith('.trusted_root.json'));
        const trustedRoot = join(home, 'trusted_root.json');
        await writeFile(trustedRoot, bytesOf(before, name ?? ''));
        const command = [
          ...[binary(client.name), 'verify-blob', '--trusted-root', trustedRoot],
          ...['--bundle', late.bundle, '--use-signed-timestamps'],
          ...['--certificate-identity', identityOf('default')],
          ...['--certificate-oidc-issuer', issuer, late.blob],
        ];
        expect((await network(command, { home })).stderr).toMatch(client.verified);
      },
      [named('cosign3')],
    );
  });
}

/** How a client says that no CA that it trusts at that time has signed the certificate. */
function endedFor({ name }: { name: string }): RegExp {
  return name === 'sigstore-js' ? /certificate/ : /leaf certificate/;
}
