import { JobError } from '@sigstand/job/errors';
import { type Access, ask } from '@sigstand/store/api';
import { contradicts, type Finding, failed, ok } from './finding.ts';
import { type Heard, heard, type Way } from './way.ts';

/** Whether an issuer is where clients are sent, and says that it is that one (OpenID Connect Discovery 1.0 §4.3). */
export function issuerIn(url: string, discovery: Heard): Finding {
  const told = { check: 'issuer', subject: url };
  if (discovery instanceof JobError) return failed('issuer', url, discovery);
  const named = issuerNamed(discovery);
  if (named === url) return ok({ ...told, says: 'it answers, and calls itself so' });
  return contradicts({
    ...told,
    says: named === undefined ? 'it answers, and says no issuer' : `it calls itself ${named}`,
    todo: 'give createtuf the name that stands in the tokens: CREATETUF_OIDC_ISSUER',
  });
}

function issuerNamed(body: Buffer): string | undefined {
  try {
    const { issuer } = JSON.parse(body.toString()) as { issuer?: unknown };
    return typeof issuer === 'string' ? issuer : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Asks issuers by a way, but the API server where its own name is the issuer's: outside of the cluster that name leads
 * nowhere.
 */
export function discoveryBy(way: Way, access: Access | undefined) {
  return async (issuer: string): Promise<Heard> => {
    const own = /^https:\/\/kubernetes\.default\.svc(\.cluster\.local)?\/?$/.test(issuer);
    if (!own || access === undefined) {
      return heard(way, { url: `${issuer.replace(/\/+$/, '')}/.well-known/openid-configuration` });
    }
    try {
      const path = ['.well-known', 'openid-configuration'];
      return Buffer.from(JSON.stringify(await ask(access, { method: 'GET', path })));
    } catch (error) {
      const { status } = error as { status?: number };
      return new JobError(
        status === 403 ? 'forbidden' : 'unavailable',
        `the API server does not tell its issuer (${status ?? 'no answer'})`,
        { cause: error, hint: 'ask for the ClusterRole system:service-account-issuer-discovery' },
      );
    }
  };
}
