import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { rig } from '../../cluster/rig.ts';
import { dexUrl, startDex } from './dex.ts';
import { type Client, type Ground, openGround } from './ground.ts';
import { certificateIn, type Signer, signerAt } from './signer.ts';

/* People who log in at a real Dex, whose CA nobody else knows: docs/issuers.md. */

const cluster = rig(process.env.RIG ?? 'test');
let ground: Ground;
let client: Client;
let signer: Signer;

beforeAll(async () => {
  ground = await openGround(cluster, startDex);
  const issuer = { url: dexUrl, type: 'email', podPort: 8443, ca: ground.ca };
  await ground.install({ issuers: [issuer] });
  client = await ground.client();
  signer = await signerAt(cluster, ground, client);
});
afterAll(async () => {
  await client?.remove();
  await ground?.close();
});

describe('a person with an account at Dex', () => {
  it.each([
    ['ada@example.com', 'chromium'],
    ['eve@example.com', 'forms'],
  ] as const)('logs in at its page, and signs: %s, by %s', async (address, by) => {
    const made = await signer.byBrowser(address, by);
    expect(made).toMatchObject({ status: 0, said: expect.stringContaining(`${dexUrl}/auth?`) });
    const { subjectAltName } = await certificateIn(made);
    expect(subjectAltName).toBe(`email:${address}`);
    expect(await signer.verify(made, address, dexUrl)).toMatchObject({ status: 0 });
    const other = await signer.verify(made, 'mallory@example.com', dexUrl);
    expect(other).toMatchObject({ status: 1, stderr: expect.stringContaining(address) });
  });

  it('types a code where cosign has no terminal', async () => {
    const made = await signer.byCode('eve@example.com');
    expect(made).toMatchObject({ status: 0, said: expect.stringContaining(`${dexUrl}/device`) });
    expect(await signer.verify(made, 'eve@example.com', dexUrl)).toMatchObject({ status: 0 });
  });
});
