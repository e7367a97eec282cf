import { Unsuccessful } from './api.ts';
import { groupOf, resources } from './bodies.ts';
import { howToThaw } from './change.ts';
import { brief, quotes } from './quote.ts';
import { type Data, type Named, StoreError, type StoreErrorCode, show } from './store.ts';

/** The parts of the API server's Status object that say why. */
interface Status {
  readonly message?: string;
  readonly reason?: string;
  readonly details?: { readonly causes?: readonly { reason?: string; field?: string }[] };
}

/** One request that was not answered with success. */
interface Failed {
  readonly verb: string;
  readonly ref: Named;
  readonly http: number;
  readonly status: Status;
  /** What was written, of which nothing may be told. */
  readonly sent: Data;
}

/**
 * What an API call's failure means: `absent` for a 404, else the error to throw. Of what the server
 * sent, nothing is passed on but what it says about rights, quotas, policies and fields, and nothing
 * that quotes what was `sent`.
 */
export function refusal(
  verb: string,
  ref: Named,
  error: unknown,
  sent: Data = {},
): 'absent' | StoreError {
  if (error instanceof StoreError) return error; // nobody was asked: there is nobody to ask as
  if (!(error instanceof Unsuccessful)) return unanswered(verb, ref, error);
  const failed = { verb, ref, http: error.status, status: parse(error.body), sent };
  const code = codeOf(failed);
  if (code === 'ABSENT') return 'absent';
  const hint = hintFor(code, failed);
  const message = `${verb} ${show(ref)}: ${describe(code, failed)}`;
  return new StoreError(code, message, { ...(hint && { hint }) });
}

function hintFor(code: StoreErrorCode, failed: Failed): string | undefined {
  if (code === 'FORBIDDEN') return ruleFor(failed);
  // Somebody made it so since it was read.
  return code === 'IMMUTABLE' ? howToThaw(failed.ref) : undefined;
}

function codeOf({ http, status }: Failed): StoreErrorCode | 'ABSENT' {
  const { message = '', details } = status;
  const caused = (reason: string) => details?.causes?.some((cause) => cause.reason === reason);
  // "failed calling webhook", a quota that cannot be counted: what decides is out of order.
  if (http === 429 || http >= 500) return 'UNAVAILABLE';
  // Whoever denies chooses the number, too.
  if (denial.test(message)) return 'REFUSED';
  if (http === 404) return 'ABSENT';
  if (http === 403) {
    if (caused('NamespaceTerminating')) return 'TERMINATING';
    // A quota that was made a moment ago, whose use nobody has counted yet.
    if (/: status unknown for quota: /.test(message)) return 'UNAVAILABLE';
    return message === '' || rights.test(message) ? 'FORBIDDEN' : 'REFUSED';
  }
  if (http === 422 && /field is immutable when `immutable` is set/.test(message))
    return 'IMMUTABLE';
  const known: Record<number, StoreErrorCode> = {
    400: 'INVALID',
    401: 'UNAUTHENTICATED',
    409: 'CONFLICT',
    413: 'INVALID',
    422: 'INVALID',
  };
  return known[http] ?? 'UNEXPECTED';
}

/** How the API server begins what an admission webhook or policy said. */
const denial =
  /(^|: )(admission webhook "[^"]*" denied the request|ValidatingAdmissionPolicy '[^']*' with binding '[^']*' denied request)/;

/** How the API server says that the identity lacks a right; all other 403s are admission's. */
const rights = /^\S+( "[^"]*")? is forbidden: User "([^"]*)" cannot (\w+) resource "([^"]*)"/;

function describe(code: StoreErrorCode, { http, status, ref, sent }: Failed): string {
  const said = brief(status.message ?? '');
  // Who may do what is said before the object is looked at; what admission says may be about its content.
  if (code === 'FORBIDDEN' && said) return said;
  if (code === 'REFUSED') return quotes(said, { ref, sent }) ? untold(http) : said;
  if (code === 'TERMINATING') return `the namespace ${ref.namespace} is being deleted`;
  // Other messages may quote what was sent, and what is wrong with it is our own affair.
  const fields = status.details?.causes?.map((cause) => cause.field).filter(Boolean) ?? [];
  const where = fields.length > 0 ? ` (${shortList(fields)})` : '';
  return `the API server answered ${http} ${status.reason ?? ''}`.trimEnd() + where;
}

function untold(http: number): string {
  return `the API server answered ${http}, in words that quote the record and are not told here`;
}

function shortList(fields: readonly unknown[]): string {
  const most = 5;
  const more = fields.length > most ? ` and ${fields.length - most} more` : '';
  return fields.slice(0, most).join(', ') + more;
}

/** What somebody must grant, in the words of a Role. */
function ruleFor({ verb, ref, status }: Failed): string {
  const [, , user, denied = verb, resource = resources[ref.kind]] =
    rights.exec(status.message ?? '') ?? [];
  // A list has no name that a rule could be narrowed to.
  const named = denied === 'list' ? '' : `, resourceNames [${ref.name}]`;
  const rule = `verbs [${denied}], resources [${resource}]${named}`;
  const bound = user ? ` bound to ${user}` : '';
  return `grant it in a Role of namespace ${ref.namespace}${bound}: apiGroups ["${groupOf(ref.kind)}"], ${rule}`;
}

function parse(body: string): Status {
  const { message, reason, details } = (fromJson(body) ?? {}) as Record<keyof Status, unknown>;
  const { causes } = (details ?? {}) as { causes?: unknown };
  return {
    ...(typeof message === 'string' && { message }),
    // One word; what has more is not of the API server.
    ...(typeof reason === 'string' && /^\w{1,64}$/.test(reason) && { reason }),
    ...(Array.isArray(causes) && { details: { causes } }),
  };
}

function fromJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // a proxy's page, not the API server's Status
  }
}

const plain: Readonly<Record<string, string>> = {
  TimeoutError: 'no answer in time',
  SyntaxError: 'what came is not JSON',
  CERT_NOT_YET_VALID: 'its certificate does not hold yet, by the clock here',
  CERT_HAS_EXPIRED: 'its certificate has expired, by the clock here',
};

function unanswered(verb: string, ref: Named, error: unknown): StoreError {
  return new StoreError('UNAVAILABLE', `${verb} ${show(ref)}: ${silence(error)}`, { cause: error });
}

/** That the API server did not answer, and why not. */
export function silence(error: unknown): string {
  const { name, code, cause } = error as NodeJS.ErrnoException & { cause?: NodeJS.ErrnoException };
  const why = cause?.code ?? code ?? name;
  return `the API server did not answer (${plain[name] ?? plain[why] ?? why})`;
}
