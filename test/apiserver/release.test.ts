import { execFile } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, inject, it } from 'vitest';
import { releaseFiles, systems } from '../../scripts/release/parts.ts';
import { binary } from '../programs/binaries.ts';
import { name, objectsIn } from '../stack.ts';

const folder = join(import.meta.dirname, '../../manifests');
const names = readdirSync(folder).filter((file) => file.endsWith('.yaml'));

const manifests = names.sort().map((file) => [file, readFileSync(join(folder, file), 'utf8')]);
const released = releaseFiles(Object.fromEntries(manifests), 'a release');

/** A file of a release, for a stack whose namespaces begin so: nobody has put anything there. */
const moved = (prefix: string) => (file: string) =>
  released[file]!.replaceAll(/\b(?:trillian|rekor|fulcio|ctlog|tsa|tuf)-system/g, `${prefix}$&`);

function apply(input: string): Promise<{ status: number; stdout: string; stderr: string }> {
  const args = ['--kubeconfig', inject('kubeconfig'), 'apply', '--validate=strict', '-f', '-'];
  return new Promise((resolve) => {
    const child = execFile(binary('kubectl'), args, (error, stdout, stderr) => {
      resolve({ status: error ? 1 : 0, stdout, stderr });
    });
    child.stdin?.end(input);
  });
}
const lines = (text: string) => text.trim().split('\n');

describe('the files of a release, on a real API server', () => {
  it('sigstand.yaml is taken whole, in one go, without a warning, on a cluster that has nothing of it', async () => {
    const text = moved('one-')('sigstand.yaml');
    const { status, stdout, stderr } = await apply(text);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(lines(stdout)).toHaveLength(objectsIn(text, 'sigstand.yaml').length);
    const created = lines(stdout).filter((line) => line.endsWith(' created'));
    // One object is of the whole cluster, and may be there.
    expect(created.length).toBeGreaterThanOrEqual(lines(stdout).length - 1);
  });

  it('release-*.yaml are taken one after another, and are the same stack', async () => {
    const file = moved('six-');
    for (const system of systems) {
      const { status, stderr } = await apply(file(`release-${system}.yaml`));
      expect({ system, status, stderr }).toEqual({ system, status: 0, stderr: '' });
    }
    const { status, stdout } = await apply(file('sigstand.yaml'));
    expect(status).toBe(0);
    expect(lines(stdout).filter((line) => !line.endsWith(' unchanged'))).toEqual([]);
    expect(lines(stdout)).toHaveLength(objectsIn(file('sigstand.yaml'), 'x').map(name).length);
  });
});
