import { type Made, uidsOf } from '../record/record.ts';
import { type KubeObject, titleOf } from '../up/objects.ts';
import {
  besideOf,
  crowdedOf,
  type Here,
  instancesOf,
  lastWaves,
  outside,
  type Removal,
  records,
  wavesOf,
} from './removal.ts';
import { crowdedText, named } from './report.ts';

const makers = ['Job', 'CronJob', 'StatefulSet'];

/**
 * Decides what goes of what a record names: these objects, by their UIDs, and what the Jobs among them wrote. A namespace
 * goes where it holds nothing of others. What was there before stays.
 */
export function recordedRemovalOf(here: Here, made: Made, tuf: string | undefined): Removal {
  const uids = uidsOf(made);
  const found = [...here.found.values()];
  const isMade = (one: KubeObject) =>
    uids.has(titleOf(one)) && (uids.get(titleOf(one)) ?? one.metadata.uid) === one.metadata.uid;
  const mine = found.filter(isMade);
  const namespaces = mine.filter(({ kind }) => kind === 'Namespace');
  const homes = new Set<string | undefined>(namespaces.map(({ metadata }) => metadata.name));
  const instances = instancesOf(here.manifests);
  const crowded = crowdedOf(here.inside, homes, { mine: new Set(uids.keys()), instances });
  const isCrowded = (name: string) => crowded.some(({ namespace }) => namespace === name);
  const whole = namespaces.filter(({ metadata }) => !isCrowded(metadata.name));

  const making = mine.filter(({ kind }) => makers.includes(kind));
  const working = new Set(making.map(({ metadata }) => metadata.namespace));
  const written = besideOf(here.labelled, working, { named: uids, instances }).filter(
    (one) => records.includes(one.kind) && !made.before.includes(titleOf(one)),
  );
  const alone = outside(mine, whole).filter(({ kind }) => kind !== 'Namespace');
  const plain = alone.filter(({ kind }) => kind !== 'Lease');
  const leases = alone.filter(({ kind }) => kind === 'Lease');
  const stays = outside(found, whole).filter((one) => !isMade(one));
  return {
    // Until the lease goes, nobody else begins.
    waves: [
      ...wavesOf(plain),
      ...lastWaves(written, whole, tuf),
      ...(leases.length > 0 ? [{ what: 'lease', objects: leases }] : []),
    ],
    kept: [],
    lost: written,
    foreign: [],
    crowded: [],
    left: [
      ...crowded.map((one) => `${crowdedText(one)}, which is of others`),
      ...because(
        stays.filter((one) => !uids.has(titleOf(one))),
        'there before',
      ),
      ...because(
        stays.filter((one) => uids.has(titleOf(one))),
        'made anew by others since',
      ),
    ],
  };
}

function because(objects: readonly KubeObject[], why: string): string[] {
  if (objects.length === 0) return [];
  return [
    `${named(objects.map(titleOf))}, ${objects.length === 1 ? 'which was' : 'which were'} ${why}`,
  ];
}
