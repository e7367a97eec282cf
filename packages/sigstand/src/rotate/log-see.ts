import { rekorConfig } from '@sigstand/contracts/records';
import {
  frozenNote,
  nextTree,
  readFrozen,
  readShards,
  type Shard,
  shardingSetting,
  shardsBefore,
} from '@sigstand/contracts/shards';
import { JobError } from '@sigstand/job/errors';
import { type Named, type Ref, type Snapshot, show } from '@sigstand/store/store';
import { jobNameOf, type Naming, namespaceOf } from '../names.ts';
import { headIn, readInfo } from '../status/judge-rekor.ts';
import { heard } from '../status/way.ts';
import type { Ground } from './ground.ts';
import type { LogSeen, Trees } from './log-next.ts';
import { type JobObject, settingIn, settingsOf } from './settings.ts';

/** Where a log's tree is recorded, and what makes trees for it. */
export interface TreePlaces {
  readonly record: Ref;
  readonly job: Named;
}

/** Where everything of Rekor's log is, in one stack. */
export interface LogPlaces extends TreePlaces {
  readonly server: Named;
  readonly url: string;
}

/** @throws {JobError} Where there is no createtree, or it takes a setting from where only its Pod can read it. */
export async function logPlaces(ground: Ground, naming: Naming): Promise<LogPlaces> {
  const namespace = namespaceOf(naming, 'rekor');
  return {
    ...(await treePlaces(ground, naming, 'rekor')),
    server: { kind: 'Deployment', namespace, name: 'rekor' },
    url: `http://rekor.${namespace}.svc`,
  };
}

/** @throws {JobError} As above. */
export async function treePlaces(
  ground: Ground,
  naming: Naming,
  system: 'rekor' | 'ctlog',
): Promise<TreePlaces> {
  const namespace = namespaceOf(naming, system);
  const job = { kind: 'Job', namespace, name: jobNameOf(naming, system, 'createtree') } as const;
  const settings = await settingsOf(ground.store, show(job), {
    job: await ground.job(job),
    namespace,
  });
  const name = settingIn(settings, 'createtree', 'configmap') ?? rekorConfig.name;
  return { job, record: { kind: 'ConfigMap', namespace, name } };
}

/** The log as its record has it, and as Rekor has it. @throws {JobError} */
export async function seeLog(ground: Ground, places: LogPlaces): Promise<LogSeen> {
  const { record, server, url } = places;
  const found = await ground.store.read(record);
  const value = (key: string) => Buffer.from(found?.data[key] ?? []).toString();
  const active = value('treeID');
  if (found === undefined || active === '') throw treeless(record);
  return {
    recorded: { active, shards: recordedShards(record, found, active) },
    next: value(nextTree) || undefined,
    frozen: readFrozen(found.annotations[frozenNote]),
    live: await liveTrees(ground, url),
    obstacle: obstacleIn(await ground.job(server)),
  };
}

/** The trees by what Rekor says, whose shards have the length that they had when it started. @throws {JobError} */
export async function liveTrees(ground: Ground, url: string): Promise<Trees> {
  const info = readInfo(await answer(ground, `${url}/api/v1/log`));
  // In the order in which they were written to, which is that of their indexes.
  const shards = (info.inactiveShards ?? []).map(({ treeID, signedTreeHead }) => ({
    tree: treeID,
    length: headIn(signedTreeHead).size,
  }));
  return { active: info.treeID, shards };
}

/** Whether Rekor finds the last entry of each of its old trees, and where it should be. @throws {JobError} */
export async function refuseUnfound(
  ground: Ground,
  url: string,
  shards: readonly Shard[],
): Promise<void> {
  let before = 0;
  for (const { tree, length } of shards) {
    before += length;
    if (length === 0) continue;
    const body = await answer(ground, `${url}/api/v1/log/entries?logIndex=${before - 1}`);
    const [uuid = ''] = Object.keys(JSON.parse(body.toString()));
    if (uuid.startsWith(BigInt(tree).toString(16).padStart(16, '0'))) continue;
    throw new JobError(
      'contradiction',
      `Rekor has another entry at ${before - 1} than tree ${tree}`,
      {
        hint: 'see what its log says of the trees before; docs/rotation.md has what is recorded of them',
      },
    );
  }
}

function recordedShards(ref: Ref, { data }: Snapshot, active: string): readonly Shard[] {
  const value = (key: string) => Buffer.from(data[key] ?? []).toString();
  const path = value(shardingSetting.key);
  if (path === '') return [];
  const name = shardsBefore(active);
  const shards = path === pathOf(active) ? readShards(value(name)) : undefined;
  if (shards) return shards;
  throw new JobError(
    'contradiction',
    `${show(ref)} names old trees in another way than this program`,
    {
      hint: `nothing was changed; ${shardingSetting.key} is to be ${pathOf(active)}, and the key ${name} their list (docs/rotation.md)`,
    },
  );
}

/** Where Rekor finds the trees before one. */
export function pathOf(tree: string): string {
  return `${shardingSetting.mount}/${shardsBefore(tree)}`;
}

/** Why Rekor would not read what is recorded. */
function obstacleIn({ spec }: JobObject): string | undefined {
  const { variable } = shardingSetting;
  const [container] = spec?.template?.spec?.containers ?? [];
  const given = container?.env?.find(({ name }) => name === variable);
  if ((container?.args ?? []).some((arg) => /^--?trillian_log_server\.sharding_config/.test(arg))) {
    return 'its Deployment has a list of old trees of its own, by a flag';
  }
  if (given?.valueFrom?.configMapKeyRef?.key === shardingSetting.key) return undefined;
  return `its Deployment does not read ${variable} from its record: apply the manifests of this version first`;
}

export async function answer({ way }: Ground, url: string): Promise<Buffer> {
  const body = await heard(way, { url });
  if (body instanceof JobError) throw body;
  return body;
}

export function treeless(ref: Ref): JobError {
  return new JobError('contradiction', `${show(ref)} names no tree`, {
    hint: 'nothing was changed; restore it from your backup, or let createtree say which tree it was (docs/backup.md)',
  });
}
