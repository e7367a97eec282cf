import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bringUp as bringUpRig } from '../cluster/bring-up.ts';
import { rig } from '../cluster/rig.ts';
import type { Bench, Benchmark } from './benchmark.ts';
import { bringUp } from './bring-up/bring-up.ts';
import { jobs } from './bring-up/jobs.ts';
import { late } from './bring-up/late.ts';
import { stages } from './bring-up/ours.ts';
import { emptyCluster } from './bring-up/reset.ts';
import { costImages } from './cost/images.ts';
import { costProcess } from './cost/processes.ts';
import { costRequests } from './cost/requests.ts';
import type { Figure } from './figure.ts';
import { type Flags, flags, usage } from './flags.ts';
import { growthChains } from './growth/chains.ts';
import { growthStacks } from './growth/stacks.ts';
import { growthTargets } from './growth/targets.ts';
import { growthTrees } from './growth/trees.ts';
import { drift } from './load/drift.ts';
import { idle } from './load/idle.ts';
import { load } from './load/load.ts';
import { openPeer, type Peer } from './peer/peer.ts';
import { json, type Missing, machine, type Report, table } from './report.ts';

/** In the order in which they run. */
const benchmarks: readonly Benchmark[] = [
  bringUp,
  late,
  jobs,
  growthStacks,
  ...[costProcess, costRequests, costImages, growthTargets, growthTrees, growthChains],
  ...[idle, load, drift],
];

const say = (line: string) => void process.stderr.write(`${line}\n`);

async function measure({ profile, rounds, peers: checkouts, chosen }: Flags): Promise<Report> {
  const cluster = rig(process.env.RIG ?? 'bench');
  const work = await mkdtemp(join(tmpdir(), 'sigstand-bench-'));
  const figures: Figure[] = [];
  const missing: Missing[] = [];
  const date = new Date().toISOString();
  say('the rig ...');
  const manifests = await bringUpRig(cluster, work);
  const peers: Peer[] = [];
  for (const checkout of checkouts) {
    say(`the peer in ${checkout}, compiled and brought to the node ...`);
    const peer = await openPeer(checkout);
    if (peers.some(({ release }) => release === peer.release))
      throw new Error(`two checkouts of ${peer.release}: --peer takes one of each release`);
    peers.push(peer);
    await peer.load(cluster);
  }
  const peer = peers.find(({ release }) => release === 'v0.7.31');
  const bench: Bench = {
    ...{ profile, rounds, cluster, manifests, peers, peer, work, say },
    missing: (what, why) => {
      missing.push({ what, why });
      say(`not measured: ${what} (${why})`);
    },
  };
  try {
    for (const benchmark of chosen) figures.push(...(await attempt(benchmark, bench)));
  } finally {
    for (const one of peers) await one.close();
    await rm(work, { recursive: true, force: true });
  }
  return {
    ...{ date, profile, machine: machine(), figures, missing },
    ...(peers.length > 0 && {
      peer: `sigstore/scaffolding ${peers.map(({ release }) => release).join(' and ')}`,
    }),
  };
}

let stands: string | undefined;

/** One benchmark's figures; where it fails, the others go on, and the report says so. */
async function attempt(benchmark: Benchmark, bench: Bench): Promise<readonly Figure[]> {
  const title = `${benchmark.ids.join(', ')}: ${benchmark.title}`;
  say(title);
  try {
    if (benchmark.ground === 'stack' && stands === undefined) {
      await emptyCluster(bench.cluster);
      stands = join(bench.work, 'stack');
      await stages(bench.cluster, stands);
    }
    if (benchmark.ground === 'empty') {
      await emptyCluster(bench.cluster);
      stands = undefined;
    }
    return await benchmark.run(bench);
  } catch (error) {
    stands = undefined;
    bench.missing(title, (error as Error).message);
    process.exitCode = 1;
    return [];
  }
}

async function main(args: readonly string[]): Promise<void> {
  if (args.includes('--help')) return void process.stdout.write(usage);
  let asked: Flags;
  try {
    asked = flags(args, benchmarks);
  } catch (error) {
    say(`bench: ${(error as Error).message}`);
    process.exitCode = 64;
    return;
  }
  const report = await measure(asked);
  process.stdout.write(`${table(report)}\n`);
  if (asked.json !== undefined) await writeFile(asked.json, json(report));
}

await main(process.argv.slice(2));
