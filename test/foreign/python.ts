import { createHash } from 'node:crypto';
import { chmod, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from '../cluster/rig.ts';
import { kept } from '../programs/kept.ts';

/**
 * A folder with a client from PyPI, under the name of its module; with what its requirements name, by hash, and kept as the
 * rig keeps sigstore-python.
 */
export async function installed(name: string, module: string): Promise<string> {
  const requirements = join(import.meta.dirname, 'python', `${name}.txt`);
  const python = (await must('python3', '-c', 'import sys; print(sys.executable, end="")')).trim();
  const hash = createHash('sha256')
    .update(python)
    .update(await readFile(requirements));
  return kept(`foreign/${name}-${hash.digest('hex').slice(0, 16)}`, async (made) => {
    const where = ['--target', join(made, 'lib'), '--requirement', requirements];
    const how = ['--require-hashes', '--no-deps', '--only-binary', ':all:'];
    await must(python, '-m', 'pip', 'install', '--disable-pip-version-check', ...how, ...where);
    const program = join(made, module);
    await writeFile(
      program,
      `#!/bin/sh\nPYTHONPATH=$(dirname "$0")/lib PYTHONDONTWRITEBYTECODE=1 exec ${python} -m ${module} "$@"\n`,
    );
    await chmod(program, 0o755);
    // Nothing was resolved: only a run tells whether the pins are all that it needs.
    await must(program, '--help');
  });
}

async function must(command: string, ...args: string[]): Promise<string> {
  const { status, stdout, stderr } = await run(command, args, { timeout: 600_000 });
  if (status !== 0) throw new Error(`${command} ${args.join(' ')}: ${stdout}${stderr}`);
  return stdout;
}
