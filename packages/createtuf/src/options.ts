import { JobError } from '@sigstand/job/errors';
import { type Ref, secretIn } from '@sigstand/store/store';
import type { Addresses, Urls } from './addresses.ts';
import type { Options } from './command.ts';
import type { InputRefs } from './inputs.ts';
import type { Schedule, Schedules } from './schedule.ts';

/** The objects that a run reads and writes. */
export interface Objects {
  readonly inputs: InputRefs;
  readonly keys: Ref;
  readonly repository: Ref;
  readonly root: Ref;
  readonly extra: Ref | undefined;
}

export function objectsOf(options: Options): Objects {
  const { namespace } = options;
  const secret = (name: string) => secretIn(namespace, name);
  const configMap = (name: string): Ref => ({ kind: 'ConfigMap', namespace, name });
  return {
    inputs: inputsOf(options),
    keys: secret(options.keyssecret),
    repository: configMap(options.configmap),
    root: secret(options.rootsecret),
    extra: options.extraTargets === undefined ? undefined : configMap(options.extraTargets),
  };
}

function inputsOf({ namespace, without, ...options }: Options): InputRefs {
  const all = {
    fulcio: options.fulcioSecret,
    ctlog: options.ctlogSecret,
    rekor: options.rekorSecret,
    tsa: options.tsaSecret,
  } as const;
  const services = (Object.keys(all) as (keyof typeof all)[]).filter(
    (service) => !without.includes(service),
  );
  if (services.length === 0) throw new JobError('usage', '--without leaves no service to trust');
  return Object.fromEntries(services.map((one) => [one, secretIn(namespace, all[one])]));
}

export function addressesOf(options: Options): Addresses {
  return {
    fulcio: urls(options.fulcioUrl),
    rekor: urls(options.rekorUrl),
    ctlog: urls(options.ctlogUrl),
    tsa: urls(options.tsaUrl),
    oidcIssuer: urls(options.oidcIssuer),
    operator: options.operator,
  };
}

/** A flag that can be repeated has one value at least: its default. */
function urls(given: readonly string[]): Urls {
  return [...new Set(given)] as unknown as Urls;
}

/** @throws {JobError} usage, where something would be due as soon as it is signed. */
export function schedulesOf(options: Options): Schedules {
  const of = (role: string, lifetime: number, renew = lifetime / 2): Schedule => {
    if (renew < lifetime) return { lifetime, renew };
    throw new JobError('usage', `--${role}-renew is not shorter than --${role}-expiry`, {
      hint: 'give the time that is left when it is to be signed again',
    });
  };
  return {
    root: of('root', options.rootExpiry, options.rootRenew),
    targets: of('targets', options.targetsExpiry, options.targetsRenew),
    snapshot: of('snapshot', options.snapshotExpiry, options.snapshotRenew),
    timestamp: of('timestamp', options.timestampExpiry, options.timestampRenew),
  };
}

/** How many keys must sign; @throws {JobError} usage, where there are not that many. */
export function thresholdOf({ rootKey, rootThreshold }: Options): number {
  const most = Math.max(rootKey.length, 1);
  if (rootThreshold <= most) return rootThreshold;
  throw new JobError('usage', `--root-threshold is ${rootThreshold}, with ${most} root key(s)`, {
    hint: 'give each by --root-key; of those that only must be known, the public half is enough',
  });
}
