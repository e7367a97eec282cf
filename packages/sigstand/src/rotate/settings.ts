import { JobError } from '@sigstand/job/errors';
import { type Data, type Ref, type Store, show } from '@sigstand/store/store';

/** A Job of the cluster, as far as it is read here. */
export interface JobObject {
  readonly metadata?: {
    readonly name?: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
  };
  readonly spec?: {
    readonly template?: {
      readonly metadata?: { readonly labels?: Readonly<Record<string, string>> };
      readonly spec?: PodSpec;
    };
  };
}

interface PodSpec {
  readonly containers?: readonly Container[];
}

interface KeyRef {
  readonly name: string;
  readonly key: string;
  readonly optional?: boolean;
}

interface Container {
  readonly args?: readonly string[];
  readonly env?: readonly {
    readonly name: string;
    readonly value?: string;
    readonly valueFrom?: {
      readonly fieldRef?: { readonly fieldPath: string };
      readonly configMapKeyRef?: KeyRef;
    };
  }[];
  readonly envFrom?: readonly {
    readonly prefix?: string;
    readonly configMapRef?: { readonly name: string; readonly optional?: boolean };
  }[];
}

/** How a Job of the cluster is called: what stands in it, with what people changed. */
export interface Settings {
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

/**
 * The arguments and the environment that a Job's container gets.
 *
 * @throws {JobError} data, for a value that only a Pod can know; unavailable, for a ConfigMap that is not there.
 */
export async function settingsOf(
  store: Store,
  place: string,
  { job, namespace }: InNamespace,
): Promise<Settings> {
  const [container] = job.spec?.template?.spec?.containers ?? [];
  const env: Record<string, string> = {};
  const mapped: Mapped = async (name, optional = false) => {
    const ref: Ref = { kind: 'ConfigMap', namespace, name };
    const found = await store.read(ref);
    if (found || optional) return found?.data ?? {};
    throw new JobError(
      'unavailable',
      `there is no ${show(ref)}, from which ${place} takes settings`,
    );
  };
  for (const { prefix = '', configMapRef } of container?.envFrom ?? []) {
    if (configMapRef === undefined) throw unknown(place, 'envFrom');
    const data = await mapped(configMapRef.name, configMapRef.optional);
    for (const [key, value] of Object.entries(data)) env[prefix + key] = text(value);
  }
  for (const variable of container?.env ?? []) {
    const value = await resolved(variable, namespace, mapped);
    if (value === undefined) throw unknown(place, variable.name);
    env[variable.name] = value;
  }
  return { args: container?.args ?? [], env };
}

type Mapped = (name: string, optional?: boolean) => Promise<Data>;

async function resolved(
  { value, valueFrom }: NonNullable<Container['env']>[number],
  namespace: string,
  mapped: Mapped,
): Promise<string | undefined> {
  if (valueFrom === undefined) return value ?? '';
  const { fieldRef, configMapKeyRef: from } = valueFrom;
  if (from) return text((await mapped(from.name, from.optional))[from.key]);
  return fieldRef?.fieldPath === 'metadata.namespace' ? namespace : undefined;
}

/** The value of a setting that is one word: as a flag, else as a variable. */
export function settingIn({ args, env }: Settings, job: string, flag: string): string | undefined {
  const dashed = args.map((arg) => arg.replaceAll('_', '-'));
  const index = dashed.findIndex(
    (arg) => /^--?/.test(arg) && arg.split('=')[0]?.replace(/^--?/, '') === flag,
  );
  if (index >= 0) {
    const given = args[index] ?? '';
    return given.includes('=') ? given.slice(given.indexOf('=') + 1) : args[index + 1];
  }
  return env[`${job}_${flag}`.replaceAll('-', '_').toUpperCase()] || undefined;
}

interface InNamespace {
  readonly job: JobObject;
  readonly namespace: string;
}

function unknown(place: string, what: string): JobError {
  return new JobError('data', `${place} takes ${what} from where only its Pod can read it`, {
    hint: 'give it as a value or from a ConfigMap; docs/rotation.md has the way by kubectl',
  });
}

function text(bytes: Uint8Array = new Uint8Array()): string {
  return Buffer.from(bytes).toString();
}
