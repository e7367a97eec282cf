import type { Question } from '@sigstand/store/api';

/** What a token is asked for. */
export interface TokenWish {
  readonly namespace: string;
  readonly serviceAccount: string;
  readonly audience: string;
  /** Milliseconds. */
  readonly expiry: number;
}

/** A token, and what can be said of it without it. */
export interface Token {
  readonly token: string;
  readonly expires: string;
  /** What Fulcio certifies for the service account, where it knows the cluster as an issuer of Kubernetes. */
  readonly identity: string;
  readonly issuer: string;
}

/** The request of the TokenRequest API (authentication.k8s.io/v1). */
export function tokenRequest(wish: TokenWish): Question {
  const { namespace, serviceAccount, audience, expiry } = wish;
  return {
    method: 'POST',
    path: ['api', 'v1', 'namespaces', namespace, 'serviceaccounts', serviceAccount, 'token'],
    body: {
      type: 'application/json',
      content: {
        apiVersion: 'authentication.k8s.io/v1',
        kind: 'TokenRequest',
        spec: { audiences: [audience], expirationSeconds: Math.round(expiry / 1_000) },
      },
    },
  };
}

/** The token in the API server's answer; undefined where there is none. */
export function tokenIn(answer: unknown, wish: TokenWish): Token | undefined {
  const { token, expirationTimestamp } = part(part(answer).status);
  if (typeof token !== 'string' || token === '') return undefined;
  const { namespace, serviceAccount } = wish;
  return {
    token,
    expires: String(expirationTimestamp ?? ''),
    identity: `https://kubernetes.io/namespaces/${namespace}/serviceaccounts/${serviceAccount}`,
    issuer: String(claims(token).iss ?? ''),
  };
}

/** The claims of a JSON Web Token (RFC 7519), which nobody has verified here. */
export function claims(token: string): Readonly<Record<string, unknown>> {
  try {
    return part(JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()));
  } catch {
    return {}; // some issuers give tokens that only they can read
  }
}

function part(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}
