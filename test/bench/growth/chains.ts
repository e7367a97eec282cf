import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { caExtensions, type Foreign, opensslCertificate } from '@sigstand/pki/testing';
import { run } from '../../cluster/rig.ts';
import type { Benchmark } from '../benchmark.ts';
import { goProgram } from '../cost/process.ts';
import type { Figure, Goal } from '../figure.ts';
import { shuffled } from './shuffled.ts';

const short: Goal = { id: 'P18', of: 'max', atMost: 50 };
const batches = 20;
const reader = join(import.meta.dirname, 'chain-reader.ts');

/** B11: what it costs to bring a certificate chain into its order, from one of any order. */
export const growthChains: Benchmark = {
  ids: ['B11'],
  title: 'certificate chains of 0 to 10 intermediates',
  ground: 'empty',
  profiles: ['quick', 'full'],
  async run(bench) {
    const verify = await goProgram('verify', bench.work);
    const full = bench.profile === 'full';
    const figures: Figure[] = [];
    for (const intermediates of full ? Array.from({ length: 11 }, (_, n) => n) : [0, 2, 10]) {
      const file = join(bench.work, `chain-${intermediates}.pem`);
      await writeFile(file, chainOf(intermediates));
      bench.say(`B11 ${intermediates} intermediates`);
      const args = [file, String(full ? 50 : 10), String(batches)];
      const about = { id: 'B11', unit: 'ms' };
      figures.push({
        ...{ ...about, title: `chain of ${intermediates} intermediates, shuffled: CPU of one` },
        ours: await printed(process.execPath, [reader, ...args]),
        peer: await printed(verify, args),
        ...(intermediates === 10 && { goals: [short] }),
        anchor: 'Go’s x509 reads and verifies the same text, in the column of the peer',
        note: `${batches} batches of ${args[1]} shuffles each`,
      });
      if (intermediates === 10) figures.push(await cold(file, full ? 11 : 3));
    }
    return figures;
  },
};

/** A process reads one chain, and that is its first: nothing is compiled yet. */
async function cold(file: string, times: number): Promise<Figure> {
  const ours: number[] = [];
  for (let time = 0; time < times; time += 1)
    ours.push(...(await printed(process.execPath, [reader, file, '1', '1'])));
  return {
    ...{ id: 'B11', title: 'chain of 10 intermediates: CPU of a process’s first', unit: 'ms' },
    ...{ ours, goals: [short], note: 'as a Job has it, which reads one chain and ends' },
  };
}

async function printed(command: string, args: readonly string[]): Promise<number[]> {
  const { status, stdout, stderr } = await run(command, args);
  if (status !== 0) throw new Error(`${command} ended with ${status}: ${stderr}`);
  return stdout.trim().split('\n').map(Number);
}

/** A leaf, intermediates and a root of P-256 keys, as openssl makes them, in an order that is none. */
function chainOf(intermediates: number): string {
  const authority = (subject: string, issuer?: Foreign) =>
    opensslCertificate({ subject, extensions: caExtensions, ...(issuer && { issuer }) });
  const authorities = [authority('/CN=root')];
  for (let n = 1; n <= intermediates; n += 1)
    authorities.push(authority(`/CN=intermediate ${n}`, authorities.at(-1)));
  const leaf = opensslCertificate({
    subject: '/CN=leaf',
    extensions: ['basicConstraints=critical,CA:FALSE', 'keyUsage=critical,digitalSignature'],
    issuer: authorities.at(-1)!,
  });
  return shuffled([leaf, ...authorities].map(({ certificate }) => certificate.toString())).join('');
}
