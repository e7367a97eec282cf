import { asJobError, JobError } from '@sigstand/job/errors';
import { hasStatus, Unsuccessful } from '@sigstand/store/api';
import { refusal } from '@sigstand/store/refusal';
import type { StoreError } from '@sigstand/store/store';

interface Status {
  readonly message?: string;
  readonly reason?: string;
  readonly details?: {
    readonly causes?: readonly { reason?: string; message?: string; field?: string }[];
  };
}

/**
 * Why the API server did not do what it was asked, as the store tells it. Nothing that is asked for here is secret, and
 * still no more is told: an admission webhook may say what it likes.
 */
export function refused(verb: string, title: string, error: unknown): JobError {
  const [kind = '', place = ''] = title.split(' ');
  const [namespace = '', name = ''] = place.includes('/') ? place.split('/') : ['', place];
  const found = refusal(verb, { kind, namespace, name } as never, error);
  if (found === 'absent')
    return new JobError('unavailable', `${verb} ${title}: it is not there`, {
      hint: 'somebody deletes it at the same time: see who, then run it again',
    });
  const { failure, message } = asJobError(found as StoreError);
  const webhook = webhookIn(error);
  const told = message.replace(`${kind} ${namespace}/${name}`, title) + (webhook?.says ?? '');
  const gone = 'wait until it is gone, then run it again';
  const isTerminating = (found as StoreError).code === 'TERMINATING';
  return new JobError(failure, told, {
    cause: error,
    hint: isTerminating ? gone : (webhook?.todo ?? hints[failure] ?? ''),
  });
}

/** The webhook that did not answer the API server, and why: of its own words, nothing is told. */
function webhookIn(error: unknown): { says: string; todo: string } | undefined {
  const { message = '' } = statusIn(error);
  const name = /failed calling webhook "([\w.-]+)"/.exec(message)?.[1];
  if (name === undefined) return undefined;
  const network =
    /dial tcp \S+ .*|context deadline exceeded|x509: .*|no endpoints available .*|service "[\w.-]+" not found/;
  const [why] = network.exec(message) ?? [];
  return {
    says: `: it failed to call the webhook ${name}${why ? ` (${why})` : ''}`,
    todo: webhookTodo,
  };
}

/** What is to be done about a webhook that does not answer. */
export const webhookTodo =
  'see that its server runs: kubectl get validatingwebhookconfigurations,mutatingwebhookconfigurations -o yaml says where';

const hints: Partial<Record<JobError['failure'], string>> = {
  forbidden: 'ask for that right: up and down are for those who administer the cluster',
  data: 'change that rule, or the manifests, then run it again: it goes on',
  tryAgain: 'see that it runs and can be reached, then run it again: it goes on',
};

function statusIn(error: unknown): Status {
  if (!(error instanceof Unsuccessful)) return {};
  try {
    return JSON.parse(error.body) as Status;
  } catch {
    return {}; // a proxy's page
  }
}

/** Whether an object takes no such change, and has to be made anew. */
export function isImmutable(error: unknown): boolean {
  if (!hasStatus(error, 422)) return false;
  return (
    statusIn(error).details?.causes?.some((one) => /immutable/.test(one.message ?? '')) ?? false
  );
}

/** Who else has set fields that an apply would change; undefined where that is not why it was refused. */
export function conflictIn(error: unknown): string | undefined {
  if (!hasStatus(error, 409)) return undefined;
  const causes = statusIn(error).details?.causes ?? [];
  const found = causes.filter(({ reason }) => reason === 'FieldManagerConflict');
  if (found.length === 0) return undefined;
  const managers = found.map(({ message = '' }) => /conflict with "([^"]*)"/.exec(message)?.[1]);
  const fields = found.map(({ field }) => field);
  const most =
    fields.slice(0, 3).join(', ') + (fields.length > 3 ? ` and ${fields.length - 3} more` : '');
  return `${[...new Set(managers)].join(', ')} has set ${most}`;
}
