// Prints what a run of createtuf costs with more and more targets: node scripts/figures-targets.ts [RUNS]
//
// The files are the operator's own, by --extra-targets, beside those that every repository has. first: a new
// repository; again: nothing to do; changed: one of the files has another content. CPU is user and system time
// together, of a process with everything that it does.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { copyFile, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { tufRepository } from '@sigstand/contracts/records';
import { inputs, put } from '@sigstand/createtuf/testing';
import { directoryStore } from '@sigstand/store/directory';
import type { Data, Ref, Store } from '@sigstand/store/store';

const place = await mkdtemp(join(tmpdir(), 'sigstand-targets-'));
// All runs are of one bundle, also where somebody builds meanwhile.
const bundle = join(place, 'createtuf.cjs');
await copyFile('dist/createtuf.cjs', bundle);

const runs = Number(process.argv[2] ?? 5);
const counts = [4, 100, 1_000];
const extra: Ref = { kind: 'ConfigMap', namespace: tufRepository.namespace, name: 'extra' };

interface Cost {
  readonly milliseconds: number;
  readonly mebibytes: number;
}

/** One run of the file that the image holds. */
function cost(folder: string): Cost {
  const time = join(place, 'time');
  const job = [bundle, `--store=dir:${folder}`, `--extra-targets=${extra.name}`, '--timeout=5s'];
  const args = ['-o', time, '-f', '%U %S %M', process.execPath, ...job];
  execFileSync('/usr/bin/time', args, { stdio: ['ignore', 'ignore', 'pipe'] });
  const [user = 0, system = 0, kibibytes = 0] = readFileSync(time, 'utf8').split(' ').map(Number);
  return { milliseconds: Math.round((user + system) * 1000), mebibytes: kibibytes / 1024 };
}

/** As large as a public key, each of them another. */
function files(count: number): Data {
  const names = Array.from({ length: count }, (_, index) => `file-${index + 1}.txt`);
  return Object.fromEntries(names.map((name) => [name, text(`${name} `.repeat(20).slice(0, 180))]));
}

function text(content: string): Uint8Array {
  return new Uint8Array(Buffer.from(content));
}

async function trial(count: number) {
  const folder = join(place, 'store');
  const store = directoryStore(folder);
  await put(store, inputs('first'));
  await store.write(extra, { data: files(count) });
  const first = cost(folder);
  const again = cost(folder);
  const changed = { 'file-1.txt': text('another content') };
  await store.write(extra, { data: changed }, await store.read(extra));
  const costs = { first, again, changed: cost(folder), bytes: await bytesOf(store) };
  await rm(folder, { recursive: true });
  return costs;
}

async function bytesOf(store: Store): Promise<number> {
  const held = Object.entries((await store.read(tufRepository))?.data ?? {});
  return held.reduce((sum, [name, { length }]) => sum + name.length + length, 0);
}

function spread(costs: readonly Cost[]): string {
  const sorted = costs.map(({ milliseconds }) => milliseconds).sort((a, b) => a - b);
  return [sorted[0], sorted[Math.floor(sorted.length / 2)], sorted.at(-1)].join(' / ');
}

const row = (...cells: readonly (string | number)[]) =>
  console.log(cells.map((cell) => String(cell).padStart(22)).join(''));

try {
  row('targets beside ours', 'first ms', 'again ms', 'changed ms', 'most MiB', 'bytes after');
  for (const count of counts) {
    const trials = [];
    for (let run = 0; run < runs; run += 1) trials.push(await trial(count));
    const all = trials.flatMap(({ first, again, changed }) => [first, again, changed]);
    row(
      count,
      spread(trials.map(({ first }) => first)),
      spread(trials.map(({ again }) => again)),
      spread(trials.map(({ changed }) => changed)),
      Math.round(Math.max(...all.map(({ mebibytes }) => mebibytes))),
      trials.at(-1)?.bytes ?? 0,
    );
  }
  console.log(`minimum / median / maximum of ${runs} runs`);
} finally {
  await rm(place, { recursive: true });
}
