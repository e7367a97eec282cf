import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'vitest';
import { type Cosign, cosign, identityOf, issuer, tokenOf } from './cosign.ts';
import type { Result, Rig } from './rig.ts';

/** A client that trusts one of two stacks, and what it signed there. */
export interface Party {
  readonly cluster: Rig;
  readonly client: Cosign;
  readonly blob: string;
  readonly bundle: string;
}

/** A client with the trust of the mirror at `url`, from a first root. */
export async function openParty(cluster: Rig, url: string, rootJson: string): Promise<Party> {
  const client = await cosign(cluster, 'cosign3');
  await client.must(['initialize', '--mirror', url, '--root', rootJson]);
  const blob = join(client.home, 'blob');
  await writeFile(blob, `signed where ${url} is trusted\n`);
  return { cluster, client, blob, bundle: join(client.home, 'bundle.json') };
}

/** @throws {Error} Where cosign does not sign. */
export async function sign({ cluster, client, blob, bundle }: Party): Promise<void> {
  const token = await tokenOf(cluster, 'default');
  await client.must(['sign-blob', '--yes', '--bundle', bundle, blob], token);
}

/** What a client says of what another one signed, or of its own. */
export function verify({ client }: Party, { blob, bundle }: Party): Promise<Result> {
  return client.run([
    ...['verify-blob', '--bundle', bundle, '--use-signed-timestamps', blob],
    ...['--certificate-identity', identityOf('default'), '--certificate-oidc-issuer', issuer],
  ]);
}

/** Each verifies what it signed, and neither what the other did. */
export async function expectApart(first: Party, second: Party): Promise<void> {
  expect(await verify(first, first)).toMatchObject({ status: 0 });
  expect(await verify(second, second)).toMatchObject({ status: 0 });
  const refused = {
    status: 1,
    stderr: expect.stringMatching(/trusted root|transparency log|certificate/),
  };
  expect(await verify(first, second)).toMatchObject(refused);
  expect(await verify(second, first)).toMatchObject(refused);
}
