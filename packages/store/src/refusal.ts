import { ApiException } from '@kubernetes/client-node';
import { type Ref, StoreError, type StoreErrorCode, show } from './store.ts';

/** The parts of the API server's Status object that say why. */
interface Status {
  readonly message?: string;
  readonly reason?: string;
  readonly details?: { readonly causes?: readonly { reason?: string; field?: string }[] };
}

/**
 * What an API call's failure means: `absent` for a 404, else the error to throw. An ApiException's
 * own message holds the whole response with its headers, so nothing of it is passed on but what the
 * server says about rights, quotas and fields.
 */
export function refusal(verb: string, ref: Ref, error: unknown): 'absent' | StoreError {
  if (!(error instanceof ApiException)) return unanswered(verb, ref, error);
  const status = parse(error.body);
  if (error.code === 404) return 'absent';
  return new StoreError(
    codeOf(error.code, status),
    `${verb} ${show(ref)}: ${describe(error.code, status)}`,
  );
}

function codeOf(http: number, status: Status): StoreErrorCode {
  const caused = (reason: string) =>
    status.details?.causes?.some((cause) => cause.reason === reason);
  if (http === 403 && caused('NamespaceTerminating')) return 'TERMINATING';
  if (http === 422 && /immutable/.test(status.message ?? '')) return 'IMMUTABLE';
  if (http === 429 || http >= 500) return 'UNAVAILABLE';
  const known: Record<number, StoreErrorCode> = {
    400: 'INVALID',
    401: 'UNAUTHENTICATED',
    403: 'FORBIDDEN',
    409: 'CONFLICT',
    413: 'INVALID',
    422: 'INVALID',
  };
  return known[http] ?? 'UNEXPECTED';
}

function describe(http: number, status: Status): string {
  // A 403 names user, verb and resource; other messages may quote what was sent.
  if (http === 403 && status.message) return status.message;
  const fields = status.details?.causes?.map((cause) => cause.field).filter(Boolean) ?? [];
  const where = fields.length > 0 ? ` (${fields.join(', ')})` : '';
  return `the API server answered ${http} ${status.reason ?? ''}`.trimEnd() + where;
}

function parse(body: unknown): Status {
  if (typeof body === 'object' && body !== null) return body;
  try {
    return JSON.parse(String(body)) as Status;
  } catch {
    return {}; // a proxy's page, not the API server's Status
  }
}

function unanswered(verb: string, ref: Ref, error: unknown): StoreError {
  const { name, code, cause } = error as NodeJS.ErrnoException & { cause?: NodeJS.ErrnoException };
  const why = name === 'TimeoutError' ? 'no answer in time' : (cause?.code ?? code ?? name);
  return new StoreError(
    'UNAVAILABLE',
    `${verb} ${show(ref)}: the API server did not answer (${why})`,
    {
      cause: error,
    },
  );
}
