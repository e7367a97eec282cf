import { describe, expect, it } from 'vitest';
import { Unsuccessful } from './api.ts';
import { refusal, silence } from './refusal.ts';

const ref = { kind: 'Secret', namespace: 'ns', name: 'x' } as const;

describe('an answer that is not the API server’s', () => {
  it.each([
    ['a page', '<html>hunter2</html>'],
    ['null', 'null'],
    ['a text', '"hunter2"'],
    ['a list', '[1]'],
    [
      'a message that is no text',
      '{"message":{"a":1},"reason":["hunter2"],"details":{"causes":7}}',
    ],
    ['a reason in many words', '{"reason":"hunter2 is the password"}'],
    ['nothing', ''],
  ])('is told by its number: %s', (_what, body) => {
    const told = [400, 401, 403, 418, 422, 503].map((code) =>
      refusal('get', ref, new Unsuccessful(code, body)),
    );
    expect(told.map((one) => one !== 'absent' && one.code)).toEqual([
      'INVALID',
      'UNAUTHENTICATED',
      'FORBIDDEN',
      'UNEXPECTED',
      'INVALID',
      'UNAVAILABLE',
    ]);
    expect(
      told.map(String).filter((one) => !/^StoreError: get Secret ns\/x: .* \d+$/.test(one)),
    ).toEqual([]);
  });
});

describe('an API server whose certificate is refused', () => {
  it.each([
    ['CERT_NOT_YET_VALID', 'its certificate does not hold yet, by the clock here'],
    ['CERT_HAS_EXPIRED', 'its certificate has expired, by the clock here'],
    ['ECONNREFUSED', 'ECONNREFUSED'],
  ])('is told with the clock where that may be off: %s', (code, why) => {
    const error = Object.assign(new Error('no'), { code });
    for (const one of [error, new TypeError('fetch failed', { cause: error })]) {
      expect(silence(one)).toBe(`the API server did not answer (${why})`);
    }
  });
});

describe('a Secret that somebody made immutable while a Job looked at it', () => {
  it('is told with the way that loses nothing of it', () => {
    const message =
      'Secret "x" is invalid: data: Forbidden: field is immutable when `immutable` is set';
    const told = refusal('patch', ref, new Unsuccessful(422, JSON.stringify({ message })));
    expect(told).toMatchObject({
      code: 'IMMUTABLE',
      hint: expect.stringMatching(/kubectl get secret -n ns x -o yaml > FILE.* replace --force -f/),
    });
  });
});
