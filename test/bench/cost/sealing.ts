import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

// Loaded before a Job: adds up the CPU between the start and the end of what computes a key from a password. All of it
// is synchronous, so nothing else runs meanwhile.
const preload = `
const crypto = require('node:crypto');
let spent = 0;
for (const name of ['pbkdf2Sync', 'scryptSync', 'createPrivateKey']) {
  const real = crypto[name];
  crypto[name] = function (...args) {
    const before = process.cpuUsage();
    try {
      return real.apply(this, args);
    } finally {
      const { user, system } = process.cpuUsage(before);
      spent += user + system;
    }
  };
}
process.on('exit', () => require('node:fs').writeFileSync(process.env.SEALING, String(spent)));
`;

/** Has a Job tell how much of its CPU time went into sealing and opening private keys. */
export async function sealing(folder: string) {
  const script = join(folder, 'preload.cjs');
  await writeFile(script, preload);
  const file = (run: string) => join(folder, run);
  return {
    /** What to put into the environment of a run. */
    env: (run: string) => ({ NODE_OPTIONS: `--require=${script}`, SEALING: file(run) }),
    /** Milliseconds. */
    spent: async (run: string) => Number(await readFile(file(run), 'utf8')) / 1_000,
  };
}
