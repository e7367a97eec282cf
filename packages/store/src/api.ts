import { type IncomingMessage, request as plain } from 'node:http';
import { type RequestOptions, request as secure } from 'node:https';
import { text } from 'node:stream/consumers';

/** Where an API server is, and how one shows who one is. */
export interface Access {
  /** Its URL. */
  readonly server: string;
  /** Asked before each request: an identity may be renewed at any time. */
  options(): Promise<RequestOptions>;
  /** Told after a 401: what was remembered of the identity is no good. */
  forget(): void;
  /** Makes an attempt again where it may pass; without it, nobody does. */
  readonly patiently?: (<T>(attempt: () => Promise<T>) => Promise<T>) | undefined;
}

/** One request for an object. */
export interface Question {
  readonly method: 'GET' | 'PATCH' | 'POST' | 'PUT' | 'DELETE';
  /** Below the server's URL; every part of it is escaped. */
  readonly path: readonly string[];
  readonly query?: Readonly<Record<string, string>>;
  readonly body?: { readonly type: string; readonly content: object };
  /** The form of the answer, where it is not the whole object. */
  readonly accept?: string;
}

/** The form of an object, and of a list, that has no more of each than its metadata: nothing that is secret. */
export const metadataOnly = 'application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1';
export const metadataListOnly = 'application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1';

/** An answer that is not success. Its message says nothing of what the server sent. */
export class Unsuccessful extends Error {
  override readonly name = 'Unsuccessful';
  /** The HTTP status. */
  readonly status: number;
  /** What came with it: a Status object as JSON, or the page of a proxy. */
  readonly body: string;

  constructor(status: number, body: string) {
    super(`answered ${status}`);
    this.status = status;
    this.body = body;
  }
}

/** Whether an error is an answer with one of these HTTP statuses. */
export function hasStatus(error: unknown, ...statuses: readonly number[]): boolean {
  return error instanceof Unsuccessful && statuses.includes(error.status);
}

/** Whether another try may succeed in a moment: a server, or a webhook, that is away, is starting, or has no time. */
export function mayPass(error: unknown): boolean {
  if (!(error instanceof Unsuccessful)) return true;
  return error.status === 429 || error.status >= 500;
}

const timeout = 10_000; // milliseconds; a silent API server must not eat the Job's time

/**
 * The object that the API server answers with.
 *
 * @throws {Unsuccessful} Of any status but 2xx.
 * @throws {Error} A TimeoutError, or what the network or the JSON parser says.
 */
export function ask(access: Access, question: Question): Promise<unknown> {
  const once = async (): Promise<unknown> => {
    const { status, body } = await exchange(access, question);
    if (status === 401) access.forget();
    if (status < 200 || status > 299) throw new Unsuccessful(status, body);
    return JSON.parse(body);
  };
  return access.patiently ? access.patiently(once) : once();
}

async function exchange(
  access: Access,
  question: Question,
): Promise<{ status: number; body: string }> {
  const signal = AbortSignal.timeout(timeout);
  try {
    const response = await begin(access, question, signal);
    return { status: response.statusCode ?? 0, body: await text(response) };
  } catch (error) {
    // The stream says that it was cut off; the signal says why.
    throw signal.aborted ? signal.reason : error;
  }
}

/** Sends a question; the answer may have begun alone, whatever its status. */
export async function begin(
  access: Access,
  { method, path, query, body, accept = 'application/json' }: Question,
  signal: AbortSignal,
): Promise<IncomingMessage> {
  const url = new URL(
    path.map(encodeURIComponent).join('/'),
    `${access.server.replace(/\/+$/, '')}/`,
  );
  url.search = new URLSearchParams(query).toString();
  const options = await access.options();
  const send = url.protocol === 'http:' ? plain : secure;
  const content = body && JSON.stringify(body.content);
  const headers = {
    ...options.headers,
    accept,
    ...(content && { 'content-type': body.type, 'content-length': Buffer.byteLength(content) }),
  };
  return new Promise((resolve, reject) => {
    send(url, { ...options, method, headers, signal }, resolve)
      .once('error', reject)
      .end(content);
  });
}
