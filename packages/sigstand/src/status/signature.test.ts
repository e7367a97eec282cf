import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Answer, standIn } from '../testing.ts';
import { openFront } from './front.ts';
import recorded from './recorded.json' with { type: 'json' };
import { judgeSignature } from './signature.ts';
import { readTrust, type Trust } from './trust.ts';
import { wayBy } from './way.ts';

const part = (claims: object) => Buffer.from(JSON.stringify(claims)).toString('base64url');
const token = `${part({})}.${part({ sub: 'me', iss: 'https://issuer' })}.secret-of-the-token`;

const published = (name: string) =>
  Object.entries(recorded.answers).flatMap(([key, { body }]) =>
    key.endsWith(name) ? [Buffer.from(body, 'base64')] : [],
  )[0] ?? Buffer.alloc(0);
const documents = {
  trustedRoot: published('.trusted_root.json'),
  signingConfig: published('.signing_config.v0.2.json'),
};
const now = new Date(recorded.now);

let answer: Answer;
let server: Awaited<ReturnType<typeof standIn>>;
let trust: Trust;
beforeEach(async () => {
  server = await standIn(() => answer);
  trust = readTrust(documents);
  for (const service of [...trust.config.caUrls]) service.url = server.url;
});
afterEach(() => server.close());

async function judged(given = token) {
  const front = await openFront(wayBy({ timeout: 5_000 }));
  try {
    return await judgeSignature(given, { trust, front, now });
  } finally {
    front.close();
  }
}

describe('a signature that does not come', () => {
  it.each([
    [400, 'data', 'issuer and audience'],
    [500, 'unavailable', 'the log of that service'],
  ])('is told of Fulcio’s %i, as %s, without the token', async (status, kind, todo) => {
    answer = { status, body: JSON.stringify({ message: `cannot take ${token}` }) };
    const finding = await judged();
    expect(finding).toMatchObject({ check: 'signature', outcome: 'fail', kind });
    expect(finding.says).toContain('CA_CREATE_SIGNING_CERTIFICATE_ERROR');
    expect(finding.todo).toContain(todo);
    expect(JSON.stringify(finding)).not.toContain('secret-of-the-token');
    expect(server.asked).toHaveLength(1);
  });

  it.each(['', 'secret-word', 'a.b.c'])('is told of what is no token: %j', async (given) => {
    const finding = await judged(given);
    expect(finding).toMatchObject({ kind: 'data', says: 'the token is no JSON Web Token' });
    expect(server.asked).toEqual([]);
  });

  it('is told where clients are sent to no Fulcio', async () => {
    trust.config.caUrls.length = 0;
    expect(await judged()).toMatchObject({ kind: 'data', says: 'clients are told no Fulcio' });
  });
});
