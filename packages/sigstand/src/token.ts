import { InvalidArgumentError, Option } from '@commander-js/extra-typings';
import { asJobError, JobError } from '@sigstand/job/errors';
import { duration, namespaceName, objectName } from '@sigstand/job/values';
import { ask } from '@sigstand/store/api';
import { refusal } from '@sigstand/store/refusal';
import { type Token, type TokenWish, tokenIn, tokenRequest } from './token-request.ts';
import { text } from './values.ts';
import { accessTo, defineVerb, type VerbOptions, verbCommand } from './verb.ts';

const summary = 'print a token of a service account, by which tests and scripts sign';

const description = `Print a token of a service account, once, and nothing else. It is a credential for as long as it
lives: give it on by the environment (SIGSTORE_ID_TOKEN) or a pipe, never by a flag.`;

const afterwards = `
Exit status: 0 the token was printed; 64 a flag is wrong; 65 there is no such service account, or no usable kubeconfig;
75 the API server does not answer; 77 forbidden.`;

const command = () =>
  verbCommand('token', summary, description)
    .option('--namespace <name>', 'namespace of the service account', namespaceName, 'default')
    .option('--service-account <name>', 'whose token it is', objectName, 'default')
    .option('--audience <name>', 'for whom it is; Fulcio takes its own', text, 'sigstore')
    .addOption(
      new Option('--expiry <duration>', 'how long it lives, from 10m to 24h')
        .default(minutes(10), '10m')
        .argParser(expiry),
    )
    .addHelpText('after', afterwards);

/** `sigstand token`. */
export const token = () =>
  defineVerb(command(), async ({ print, env }, options) => {
    const made = await requested(options, options, env);
    print(options.json ? `${JSON.stringify(made)}\n` : `${made.token}\n`);
  });

type Env = Parameters<typeof accessTo>[1];

/** A token of a service account for Fulcio, for ten minutes. @throws {JobError} */
export async function tokenFor(
  { namespace, name }: { namespace: string; name: string },
  flags: VerbOptions,
  env: Env,
): Promise<string> {
  const wish = { namespace, serviceAccount: name, audience: 'sigstore', expiry: minutes(10) };
  try {
    return (await requested(wish, flags, env)).token;
  } catch (error) {
    throw asJobError(error);
  }
}

async function requested(wish: TokenWish, flags: VerbOptions, env: Env): Promise<Token> {
  const { namespace, serviceAccount } = wish;
  const access = await accessTo(flags, env);
  const answer = await ask(access, tokenRequest(wish)).catch((error: unknown) => {
    const ref = { kind: 'ServiceAccount', namespace, name: serviceAccount } as const;
    const refused = refusal('create a token of', ref, error);
    if (refused !== 'absent') throw refused;
    throw new JobError('data', `there is no service account ${serviceAccount} in ${namespace}`, {
      cause: error,
      hint: `kubectl get serviceaccounts -n ${namespace} lists those that are there`,
    });
  });
  const made = tokenIn(answer, wish);
  if (made !== undefined) return made;
  throw new JobError('data', 'the API server answered without a token', {
    hint: 'check that it is an API server of Kubernetes 1.24 or newer',
  });
}

function minutes(count: number): number {
  return count * 60_000;
}

function expiry(value: string): number {
  const length = duration(value);
  // The API server takes no less, and more than a day is no token for tests.
  if (length < minutes(10) || length > minutes(1_440)) {
    throw new InvalidArgumentError('Write 10m to 24h.');
  }
  return length;
}
