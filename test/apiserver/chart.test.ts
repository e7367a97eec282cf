import { execFile } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { chart, renderedFiles, runHelm } from '../../scripts/chart/rendered.ts';
import { binary } from '../programs/binaries.ts';
import { firstStackIn, secondStack } from '../second-stack.ts';
import { manifests, name, objectsIn } from '../stack.ts';

const folder = join(import.meta.dirname, '../../manifests');
const helm = binary('helm');

const byName = (text: string, place: string) =>
  Object.fromEntries(objectsIn(text, place).map((object) => [name(object), object]));
const committed = Object.fromEntries(manifests.map((object) => [name(object), object]));

describe('the manifests', () => {
  it('are what the chart makes of its defaults, byte for byte (npm run manifests)', async () => {
    const names = readdirSync(folder).filter((file) => file.endsWith('.yaml'));
    const files = names.map((file) => [file, readFileSync(join(folder, file), 'utf8')]);
    expect(await renderedFiles(helm)).toEqual(Object.fromEntries(files));
  });

  it('are what helm template prints, object for object', async () => {
    const { status, stdout, stderr } = await runHelm(helm, ['template', 'sigstand', chart]);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(byName(stdout, 'helm template')).toEqual(committed);
  });

  it('are a base for kustomize', async () => {
    const stdout = await new Promise<string>((resolve, reject) => {
      execFile(binary('kubectl'), ['kustomize', folder], { maxBuffer: 64 << 20 }, (error, out) =>
        error ? reject(error) : resolve(out),
      );
    });
    expect(byName(stdout, 'kubectl kustomize')).toEqual(committed);
  });
});

it('a prefix and a label make the stack that the command in manifests/README.md makes, with that label', async () => {
  const set = ['--set', 'namespaces.prefix=stg-,instance=stg'];
  const { stdout } = await runHelm(helm, ['template', 'stg', chart, ...set]);
  const label = /^ +app.kubernetes.io\/instance: "stg"\n/gm;
  // What the addresses in a ConfigMap add up to, sed does not know. It tells changes apart, and nothing reads it.
  const summed = /^ +sigstand.dev\/config-checksum: "\w+"\n/gm;
  const plain = (text: string) => text.replaceAll(label, '').replaceAll(summed, '');
  expect(byName(plain(stdout), 'helm template')).toEqual(
    byName(plain(await secondStack('stg-')), 'sed'),
  );
  expect(stdout.match(summed)).toHaveLength(3);
  expect(stdout.match(label)!.length).toBeGreaterThan(manifests.length);
  expect(firstStackIn(stdout)).toEqual([]);
});
