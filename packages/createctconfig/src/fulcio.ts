import { JobError } from '@sigstand/job/errors';
import { utf8 } from '@sigstand/pki/pem';

/** Why there is no answer yet, where one may still come. */
export interface NotYet {
  readonly notYet: string;
}

/** Fulcio, as far as it tells everybody which CAs it signs with. */
export interface Fulcio {
  /**
   * A PEM chain for each CA of the Fulcio at this URL.
   *
   * @throws {JobError} data, where what answers there is not Fulcio.
   */
  chains(url: string, signal: AbortSignal): Promise<readonly Uint8Array[] | NotYet>;
}

const requestTimeout = 10_000; // milliseconds
const mostBytes = 256 * 1024;

/** Fulcio's own API: the trust bundle, and in versions that have none, the one chain. */
export const overHttp: Fulcio = {
  async chains(url, signal) {
    const bundle = await get(`${url}/api/v2/trustBundle`, signal);
    if (bundle !== 'absent') return 'body' in bundle ? chainsIn(url, bundle.body) : bundle;
    const chain = await get(`${url}/api/v1/rootCert`, signal);
    if (chain === 'absent') throw notFulcio(url, 'it has no /api/v2/trustBundle');
    return 'body' in chain ? [new Uint8Array(chain.body)] : chain;
  },
};

type Answer = { readonly body: Buffer } | NotYet | 'absent';

async function get(url: string, signal: AbortSignal): Promise<Answer> {
  const deadline = AbortSignal.any([signal, AbortSignal.timeout(requestTimeout)]);
  try {
    // A redirect could lead to anybody's root.
    const response = await fetch(url, { redirect: 'manual', signal: deadline });
    if (response.ok) return { body: await bodyOf(url, response) };
    await response.body?.cancel();
    return meaning(url, response.status);
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof JobError) throw error;
    return { notYet: reason(error) };
  }
}

function meaning(url: string, status: number): NotYet | 'absent' {
  if (status === 404) return 'absent';
  if (status >= 500 || [408, 425, 429].includes(status)) return { notYet: `HTTP ${status}` };
  throw notFulcio(url, `it answers ${status}${status < 400 ? ', a redirect' : ''}`);
}

async function bodyOf(url: string, response: Response): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of response.body ?? []) {
    length += chunk.length;
    if (length > mostBytes) throw notFulcio(url, `it answers more than ${mostBytes} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function reason(error: unknown): string {
  const { name, code, cause } = error as NodeJS.ErrnoException & { cause?: NodeJS.ErrnoException };
  if (name === 'TimeoutError') return `no answer within ${requestTimeout / 1_000} s`;
  return String(cause?.code ?? code ?? name);
}

/** The chains of a TrustBundle (Fulcio's fulcio.proto) in JSON. */
function chainsIn(url: string, body: Buffer): Uint8Array[] {
  const chains = listIn(json(body), 'chains').map((chain) => listIn(chain, 'certificates'));
  const texts = chains.map((chain) => chain.filter((one) => typeof one === 'string'));
  if (texts.length === 0 || texts.some((chain, index) => chain.length !== chains[index]?.length)) {
    throw notFulcio(`${url}/api/v2/trustBundle`, 'the answer is no trust bundle');
  }
  return texts.map((chain) => utf8(chain.join('\n')));
}

function listIn(value: unknown, name: string): readonly unknown[] {
  const list = (value as Readonly<Record<string, unknown>> | null | undefined)?.[name];
  return Array.isArray(list) ? list : [];
}

function json(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'));
  } catch {
    return undefined;
  }
}

function notFulcio(url: string, why: string): JobError {
  return new JobError('data', `${url} is not Fulcio's API: ${why}`, {
    hint: 'check --fulcio-url',
  });
}
