import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, inject, it } from 'vitest';
import { releaseFiles, systems } from '../../scripts/release/parts.ts';
import { kubectlOn } from '../programs/kubectl.ts';
import { name, objectsIn } from '../stack.ts';

const folder = join(import.meta.dirname, '../../manifests');
const names = readdirSync(folder).filter((file) => file.endsWith('.yaml'));

const manifests = names.sort().map((file) => [file, readFileSync(join(folder, file), 'utf8')]);
const released = releaseFiles(Object.fromEntries(manifests), 'a release');

/** A file of a release, for a stack whose namespaces begin so: nobody has put anything there. */
const moved = (prefix: string) => (file: string) =>
  released[file]!.replaceAll(/\b(?:trillian|rekor|fulcio|ctlog|tsa|tuf)-system/g, `${prefix}$&`);

const kubectl = kubectlOn(inject('kubeconfig'));
const apply = (input: string) => kubectl(['apply', '--validate=strict', '-f', '-'], input);
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
