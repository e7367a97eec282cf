/**
 * Draws where the time of one bring-up of ours goes: RIG=NAME node test/bench/bring-up/timeline.ts
 *
 * The rig runs already, with the images of the Jobs; a stack that stands on it is taken away.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { rig } from '../../cluster/rig.ts';
import { openRuntimeWatch } from './containers.ts';
import { drawing } from './drawing.ts';
import { lanes, marks } from './lanes.ts';
import { stages } from './ours.ts';
import { emptyCluster } from './reset.ts';
import { clock, openWatch } from './watch.ts';

const { RIG } = process.env;
if (RIG === undefined) throw new Error('RIG=NAME must say which rig is emptied for it');
const cluster = rig(RIG);
await emptyCluster(cluster);
const work = await mkdtemp(join(tmpdir(), 'sigstand-timeline-'));
const watch = await openWatch(cluster, ['pods', 'jobs', 'secrets', 'configmaps', 'deployments']);
const runtime = await openRuntimeWatch(cluster);
try {
  const applied = clock();
  const steps: { at: number; what: string }[] = [];
  await stages(cluster, join(work, 'out'), (line) =>
    steps.push({ at: clock() - applied, what: line.trim() }),
  );
  const end = clock() - applied;
  const others = [...marks(watch.changes, applied), ...steps].sort((a, b) => a.at - b.at);
  const text = drawing(lanes(watch.changes, runtime.events, applied), others, end);
  process.stdout.write(`${text}\n`);
} finally {
  await runtime.close();
  await watch.close();
  await rm(work, { recursive: true, force: true });
}
