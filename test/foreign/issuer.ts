import { generateKeyPairSync, randomUUID, sign } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';

/** Whom the issuer's tokens speak of; cosign's tests expect this address in their certificates. */
export const subject = 'foo@bar.com';

const encoded = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');

/**
 * An OpenID Connect issuer that gives everybody a token: `/.well-known/openid-configuration`, `/keys` and `/token`, as
 * cosign's tests ask for them. For a network of its own only.
 */
export function issuer(url: string): (asked: IncomingMessage, answer: ServerResponse) => void {
  const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const header = { alg: 'RS256', typ: 'JWT', kid: randomUUID() };
  const keys = [{ ...publicKey.export({ format: 'jwk' }), ...header, use: 'sig' }];

  const token = () => {
    const iat = Math.floor(Date.now() / 1_000);
    const claims = { iss: url, sub: subject, aud: 'sigstore', iat, exp: iat + 1_800 };
    const body = `${encoded(header)}.${encoded({ ...claims, email: subject, email_verified: true })}`;
    return `${body}.${sign('RSA-SHA256', Buffer.from(body), privateKey).toString('base64url')}`;
  };
  const discovery = {
    issuer: url,
    jwks_uri: `${url}/keys`,
    // Who has a token asks neither; sigstore-python wants them named all the same.
    authorization_endpoint: `${url}/authorize`,
    token_endpoint: `${url}/token`,
    response_types_supported: ['id_token'],
    subject_types_supported: ['public'],
    id_token_signing_alg_values_supported: ['RS256'],
  };
  const answers: Readonly<Record<string, () => string>> = {
    '/.well-known/openid-configuration': () => JSON.stringify(discovery),
    '/keys': () => JSON.stringify({ keys }),
    '/token': token,
  };
  return (asked, answer) => {
    const path = asked.url?.split('?')[0] ?? '';
    const body = Object.hasOwn(answers, path) ? answers[path]?.() : undefined;
    const type = path === '/token' ? 'text/plain' : 'application/json';
    answer.writeHead(body === undefined ? 404 : 200, { 'content-type': type }).end(body);
  };
}
