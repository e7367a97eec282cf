// openid/provider.ts FOLDER URL PORT: an OpenID provider below URL for each of `names`, with the certificate and the key in
// FOLDER; ends with its standard input
import { readFileSync } from 'node:fs';
import type { RequestListener } from 'node:http';
import { createServer } from 'node:https';
import { join } from 'node:path';
import Provider from 'oidc-provider';
import { names } from './names.ts';

const [folder, url, port] = process.argv.slice(2) as [string, string, string];
const file = (name: string) => readFileSync(join(folder, name), 'utf8');
const key = JSON.parse(file('signing.json')) as object;

// It warns of what is for tests alone, its own pages for one.
console.info = console.warn = () => {};

/** A provider at whose page everybody logs in by an address, with any password. */
function providerAt(issuer: string): RequestListener {
  const provider = new Provider(issuer, {
    jwks: { keys: [key] },
    cookies: { keys: ['of a test'] },
    clients: [
      {
        client_id: 'sigstore',
        application_type: 'native',
        token_endpoint_auth_method: 'none',
        redirect_uris: ['http://localhost/auth/callback'],
        id_token_signed_response_alg: 'ES256',
      },
    ],
    pkce: { required: () => true },
    claims: { openid: ['sub'], email: ['email', 'email_verified'] },
    // Claims of `email` in the token itself, as Dex and Keycloak have them.
    conformIdTokenClaims: false,
    findAccount: (_: unknown, accountId: string) => ({
      accountId,
      claims: () => ({
        sub: accountId,
        email: accountId,
        email_verified: !accountId.startsWith('unverified'),
      }),
    }),
  });
  return provider.callback();
}

const callbacks = new Map(names.map((name) => [name as string, providerAt(`${url}/${name}`)]));
const server = createServer(
  { cert: file('tls.crt'), key: file('tls.key') },
  (request, response) => {
    const asked = request.url ?? '/';
    const [, name = '', rest] = /^\/(\w+)(\/.*)$/.exec(asked) ?? [];
    const callback = callbacks.get(name);
    if (!callback || rest === undefined) {
      response.writeHead(404).end();
      return;
    }
    // As Express mounts it.
    Object.assign(request, { originalUrl: asked });
    request.url = rest;
    callback(request, response);
  },
);
server.listen(Number(port), () => process.stdout.write('ready\n'));
process.stdin.resume().once('end', () => process.exit());
