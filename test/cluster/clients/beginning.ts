import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect } from 'vitest';
import { sha256 } from '../../conformance/metadata.ts';
import { binary } from '../../programs/binaries.ts';
import { secretValue } from '../stack.ts';
import { rootFor } from './attacks.ts';
import { type Board, checkSigners, refuses, verifies } from './board.ts';
import { type Client, kept, mirror } from './client.ts';
import { askRekor, named } from './clients.ts';
import type { Field } from './field.ts';
import { strangers } from './forgery.ts';

/** How each client comes to trust the stack, and that it does. */
export function describeBeginning(of: () => Field, { check }: Board): void {
  beforeAll(async () => {
    // Some clients begin by verifying. Who signs for them does it in a home of no further use.
    const cosign = named('cosign3');
    const seat = await of().newSeat(cosign);
    await cosign.initialise(seat, { blob: '', bundle: '' });
    of().signatures.set('first', await of().sign(cosign, seat));
  });

  describe('the first root', () => {
    check('is all that a client needs to be initialised', async (client) => {
      const seat = of().seat(client);
      const { status, stdout, stderr } = await client.initialise(seat, of().signature('first'));
      expect(status, stdout + stderr).toBe(0);
      expect(stdout + stderr).not.toMatch(/fall(ing)? back|warn/i);
      expect(await kept(seat.home, 'root')).toBe(1);
      expect(await kept(seat.home, 'timestamp')).toBe(1);
      await of().fallsAsleep(client);
    });

    check('of strangers is none to begin with', async (client) => {
      const others = strangers();
      const files = await of().tuf.files();
      const root = rootFor(files, others, { version: 1, by: [others.root] });
      const rootJson = join(of().work, `strangers-${client.name}.json`);
      await writeFile(rootJson, root);
      const seat = await of().newSeat(client, { start: { rootJson, sha256: sha256(root) } });
      const why = {
        go: /Verifying timestamp failed, not enough signatures/,
        js: /timestamp was signed by 0\/1 keys/,
      };
      refuses(await client.initialise(seat, of().signature('first')), why[client.library]);
    });

    const cosigns = [named('cosign3'), named('cosign2')];
    const byUrl = async (client: Client, checksum?: string) => {
      const seat = await of().newSeat(client);
      const from = ['--mirror', mirror, '--root', `${mirror}/1.root.json`];
      const sum = ['--root-checksum', checksum ?? seat.start.sha256];
      const result = await seat.network([binary(client.name), 'initialize', ...from, ...sum], seat);
      return { seat, result };
    };
    check(
      'is taken from the mirror itself, with its checksum',
      async (client) => {
        const { seat, result } = await byUrl(client);
        expect(result.status, result.stderr).toBe(0);
        await verifies(client, seat, of().signature('first'));
      },
      cosigns,
    );
    check(
      'is refused with another checksum',
      async (client) => {
        refuses((await byUrl(client, sha256(Buffer.of(0)))).result, /checksum/);
      },
      cosigns,
    );
  });

  describe('what the stack signs', () => {
    check('verifies', (client) => verifies(client, of().seat(client), of().signature('first')));

    check('is not taken for another blob', async (client) => {
      const blob = join(of().work, 'another blob');
      await writeFile(blob, 'another blob\n');
      const { bundle } = of().signature('first');
      refuses(await client.verify(of().seat(client), { blob, bundle }), otherBlob(client));
    });

    checkSigners(of, check);

    check(
      'is in the log by the key that TUF hands out, and by no other',
      async (client) => {
        const files = Object.entries(await of().tuf.files());
        const [, key = Buffer.of()] = files.find(([name]) => name.endsWith('.rekor.pub')) ?? [];
        const asked = (key: Buffer) =>
          askRekor(of().seat(client), of().signature('first'), key.toString());
        const good = await asked(key);
        expect(good.status, good.stderr).toBe(0);
        const other = 'ctlog-system/ctlog-public-key';
        refuses(
          await asked(await secretValue(of().cluster, other, 'public')),
          /validating entry: .*signature/,
        );
      },
      [named('rekor-cli')],
    );
  });
}

/** How each says that a signature is for something else. */
function otherBlob({ name }: Client): RegExp {
  if (name === 'rekor-cli') return /signature/;
  return name === 'sigstore-js' ? /signature verification failed/ : /could not verify message/;
}
