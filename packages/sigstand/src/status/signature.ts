import { randomBytes } from 'node:crypto';
import {
  FulcioSigner,
  MessageSignatureBundleBuilder,
  RekorWitness,
  TSAWitness,
} from '@sigstore/sign';
import { toSignedEntity, Verifier } from '@sigstore/verify';
import { claims } from '../token-request.ts';
import { contradicts, type Finding, fail, ok } from './finding.ts';
import type { Front } from './front.ts';
import { type Trust, urlsOf } from './trust.ts';

const check = 'signature';

/** Signs 32 random bytes by a token as sigstore-js does, and verifies them by what clients trust. */
export async function judgeSignature(
  token: string,
  { trust, front, now }: { trust: Trust; front: Front; now: Date },
): Promise<Finding> {
  const { config } = trust;
  const [ca] = urlsOf(config.caUrls, now);
  const [rekor] = urlsOf(config.rekorTlogUrls, now);
  const [tsa] = urlsOf(config.tsaUrls, now);
  const subject = ca?.url ?? 'signing_config.v0.2.json';
  // sigstore-js tells a token that it cannot read in its message.
  if (typeof claims(token).sub !== 'string') {
    const todo = 'give a token of an issuer that Fulcio knows';
    return fail('data', { check, subject, says: 'the token is no JSON Web Token', todo });
  }
  if (ca === undefined) {
    const todo = 'see what createtuf published';
    return fail('data', { check, subject, says: 'clients are told no Fulcio', todo });
  }
  const data = randomBytes(32);
  const options = { retry: 0, timeout: 20_000 };
  const builder = new MessageSignatureBundleBuilder({
    signer: new FulcioSigner({
      ...{ fulcioBaseURL: front.url(ca.url), ...options },
      identityProvider: { getToken: async () => token },
    }),
    witnesses: [
      ...(tsa ? [new TSAWitness({ tsaBaseURL: front.url(tsa.url), ...options })] : []),
      ...(rekor
        ? [
            new RekorWitness({
              ...{ rekorBaseURL: front.url(rekor.url), majorApiVersion: rekor.version },
              ...options,
            }),
          ]
        : []),
    ],
  });
  try {
    const bundle = await builder.create({ data });
    return verified(bundle, data, trust, subject);
  } catch (error) {
    return refused(error, subject, token);
  }
}

type Bundle = Awaited<ReturnType<MessageSignatureBundleBuilder['create']>>;

function verified(bundle: Bundle, data: Buffer, trust: Trust, subject: string): Finding {
  try {
    const verifier = new Verifier(trust.material, {
      tlogThreshold: trust.config.rekorTlogUrls.length > 0 ? 1 : 0,
      ctlogThreshold: trust.root.ctlogs.length > 0 ? 1 : 0,
      timestampThreshold: 1,
    });
    const { identity } = verifier.verify(toSignedEntity(bundle, data));
    return ok({
      check,
      subject,
      says: `signed and verified, as ${identity?.subjectAlternativeName}`,
    });
  } catch (error) {
    const why = error instanceof Error ? error.message : 'unknown error';
    return contradicts({
      ...{ check, subject, says: `what was signed just now does not verify: ${why}` },
      todo: 'look at the other lines: one of the services signs with what clients do not trust',
    });
  }
}

/** Which step refused, by the code of sigstore-js; of a message, nothing that the token could be in. */
function refused(error: unknown, subject: string, token: string): Finding {
  const { code = 'unknown', cause } = error as { code?: string; cause?: unknown };
  const { statusCode, message = '' } = (cause ?? {}) as { statusCode?: number; message?: string };
  const said = message.includes(token) ? '' : `: ${message.split('\n')[0]?.slice(0, 300)}`;
  const says = `nothing could be signed (${code}${said})`;
  const isToken = code.startsWith('CA_') && (statusCode === 400 || statusCode === 401);
  const todo = isToken
    ? "give a token of an issuer and audience that Fulcio's configuration has"
    : 'look at the other lines, and at the log of that service';
  return fail(isToken ? 'data' : 'unavailable', { check, subject, says, todo });
}
