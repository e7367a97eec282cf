// chain-reader.ts FILE ROUNDS BATCHES: brings a certificate chain from a PEM file, in whatever order, into its own, as the
// Jobs do it; prints the CPU milliseconds of one round, a batch a line. go/verify does the same with Go's x509.
import { readFileSync } from 'node:fs';
import { orderChain, parseCertificates } from '@sigstand/pki/chain';
import { shuffled } from './shuffled.ts';

const [file = '', rounds = '1', batches = '1'] = process.argv.slice(2);
const blocks = readFileSync(file, 'utf8').match(/-----BEGIN[\s\S]*?-----END [A-Z ]+-----\n/g) ?? [];

for (let batch = 0; batch < Number(batches); batch += 1) {
  const texts = Array.from({ length: Number(rounds) }, () =>
    Buffer.from(shuffled(blocks).join('')),
  );
  const start = process.cpuUsage();
  for (const text of texts) {
    const { leaf, intermediates } = orderChain(parseCertificates(text));
    if (!leaf || intermediates.length !== blocks.length - 2) throw new Error('not the whole chain');
  }
  const { user, system } = process.cpuUsage(start);
  process.stdout.write(`${(user + system) / 1_000 / Number(rounds)}\n`);
}
