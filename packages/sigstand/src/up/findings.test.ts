import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { worst } from '../status/finding.ts';
import { answering, disorder, fulcio, looked, recording, silent } from '../status/testing.ts';
import { bearable, warnings } from './findings.ts';

/* What up makes of what a healthy stack answered once, and of an issuer that is another. */

// tuf-js asks the clock itself.
beforeEach(() => vi.useFakeTimers({ toFake: ['Date'], now: new Date(recording.now) }));
afterEach(() => vi.useRealTimers());

const issuer = 'https://kubernetes.default.svc';
const discovery = `${issuer}/.well-known/openid-configuration`;

it('warns of nothing where all is in order', async () => {
  const findings = (await looked()).findings.map(bearable);
  expect(warnings(findings)).toEqual([]);
  expect(worst(findings)).toBeUndefined();
});

it.each([
  [
    'calls itself otherwise',
    answering(discovery, () => JSON.stringify({ issuer: 'https://other' })),
    'it calls itself https://other; give createtuf the name that stands in the tokens: CREATETUF_OIDC_ISSUER',
  ],
  [
    'says no issuer',
    answering(discovery, () => '{}'),
    'it answers, and says no issuer; give createtuf the name that stands in the tokens: CREATETUF_OIDC_ISSUER',
  ],
  [
    'does not answer',
    silent(issuer),
    `${issuer} does not answer (ENOTFOUND); see whether its Pod runs and the name leads there`,
  ],
])('warns of an issuer that %s, and does not fail for it', async (_what, change, words) => {
  const { findings } = await looked(change);
  expect(worst(findings)).toBeDefined();
  const borne = findings.map(bearable);
  expect(warnings(borne)).toEqual([`issuer ${issuer}: ${words}`]);
  expect(worst(borne)).toBeUndefined();
});

it('bears nothing else: an issuer that Fulcio does not know fails', async () => {
  const other = '{"issuers":[{"issuerUrl":"https://x"}]}';
  const { findings } = await looked(answering(`${fulcio}/api/v2/configuration`, () => other));
  const borne = findings.map(bearable);
  expect(disorder(borne)).toEqual([['fulcio-issuers', fulcio, 'contradiction']]);
  expect(warnings(borne)).toEqual([]);
});
