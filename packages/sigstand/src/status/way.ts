import { request as plain, type RequestOptions } from 'node:http';
import { request as secure } from 'node:https';
import { buffer } from 'node:stream/consumers';
import * as tls from 'node:tls';
import { asJobError, JobError } from '@sigstand/job/errors';
import type { Connect, ServicePort } from './forward.ts';

/** One request to a service, by the URL that clients are told. */
export interface Asked {
  readonly url: string;
  readonly method?: 'GET' | 'POST';
  readonly type?: string;
  readonly body?: Uint8Array | string;
}

/** What a service answered, whatever its status. */
export interface Answer {
  readonly status: number;
  readonly type: string;
  readonly body: Buffer;
}

/** How services are reached. @throws {JobError} unavailable or forbidden, where none answered. */
export type Way = (asked: Asked) => Promise<Answer>;

/** A body, or why there is none. */
export type Heard = Buffer | JobError;

/** What decides how a service is reached. */
export interface Ways {
  /** How a Service of the cluster is reached from outside; none means that its name is looked up. */
  readonly connect?: Connect | undefined;
  /** PEM of the authorities that https:// is believed by, beside those of Node. */
  readonly ca?: string | undefined;
  /** Milliseconds. */
  readonly timeout: number;
}

const mostBytes = 32 << 20;

/** The Service that a URL means, where its host is a Service's name in the cluster. */
export function serviceOf(url: URL): ServicePort | undefined {
  const [, name, namespace] =
    /^([a-z0-9-]+)\.([a-z0-9-]+)\.svc(?:\.cluster\.local)?$/.exec(url.hostname) ?? [];
  if (url.protocol !== 'http:' || !name || !namespace) return undefined;
  return { namespace, name, port: Number(url.port || 80) };
}

/** Reaches a Service by its name through the API server, and everything else straight. */
export function wayBy(ways: Ways): Way {
  const once = onceBy(ways);
  return async (asked) => {
    try {
      return await once(asked);
    } catch (error) {
      // The way there was cut, and not by the service: an API server that restarts cuts them all.
      if (!(error instanceof Cut) || (asked.method ?? 'GET') !== 'GET') throw error;
      return once(asked);
    }
  };
}

function onceBy({ connect, ca, timeout }: Ways): Way {
  return async ({ url: text, method = 'GET', type, body }) => {
    const url = new URL(text);
    const service = connect && serviceOf(url);
    const through = service && (await connect(service).catch(refuse));
    const options: RequestOptions & { ca?: string[] } = {
      method,
      signal: AbortSignal.timeout(timeout),
      headers: {
        accept: '*/*',
        ...(body && { 'content-type': type, 'content-length': Buffer.byteLength(body) }),
      },
      // One connection for each request: a kept one would end with its Pod.
      ...(through ? { createConnection: () => through as never } : { agent: false }),
      ...(ca && { ca: [...known(), ca] }),
    };
    try {
      return await exchange(url, options, body);
    } catch (error) {
      throw unreached(url, error, through !== undefined);
    } finally {
      through?.destroy();
    }
  };
}

/** What Node believes by itself, with what NODE_EXTRA_CA_CERTS adds where Node tells it (22.15). */
function known(): readonly string[] {
  return tls.getCACertificates?.('default') ?? tls.rootCertificates;
}

function refuse(error: unknown): never {
  throw asJobError(error);
}

function exchange(url: URL, options: RequestOptions, body: Asked['body']): Promise<Answer> {
  const send = url.protocol === 'http:' ? plain : secure;
  return new Promise((resolve, reject) => {
    send(url, options, (response) => {
      let size = 0;
      response.on('data', (chunk: Buffer) => {
        size += chunk.length;
        if (size > mostBytes) response.destroy(new Error('TOO_LONG'));
      });
      const { statusCode: status = 0, headers } = response;
      const type = headers['content-type'] ?? '';
      buffer(response).then((read) => resolve({ status, type, body: read }), reject);
    })
      .once('error', reject)
      .end(body);
  });
}

/** A connection through the API server that ended before the answer. */
class Cut extends JobError {}

function unreached({ origin }: URL, error: unknown, isThrough: boolean): JobError {
  const { name, code, message } = error as NodeJS.ErrnoException;
  const timedOut = name === 'AbortError' || name === 'TimeoutError';
  const why = timedOut ? 'no answer in time' : (code ?? message);
  const cert = /CERT|SELF_SIGNED|UNABLE_TO/.test(why);
  const Kind = isThrough && why === 'ECONNRESET' ? Cut : JobError;
  return new Kind('unavailable', `${origin} does not answer (${why})`, {
    cause: error,
    hint: cert
      ? 'give the certificate of its authority with --ca'
      : 'see whether its Pod runs and the name leads there',
  });
}

/** The body of an answer of 200, or why there is none. */
export async function heard(way: Way, asked: Asked): Promise<Heard> {
  try {
    const { status, body } = await way(asked);
    if (status >= 200 && status < 300) return body;
    return new JobError('unavailable', `${asked.url} answers ${status}`, {
      hint: 'look at the log of its Pod',
    });
  } catch (error) {
    if (error instanceof JobError) return error;
    throw error;
  }
}
