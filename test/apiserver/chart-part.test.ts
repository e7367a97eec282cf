import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { chart, runHelm } from '../../scripts/chart/rendered.ts';
import { binary } from '../programs/binaries.ts';
import { objectsIn } from '../stack.ts';

/* The chart as a part of another one, which has it twice: once under a name of its own. */

let whole = '';
beforeAll(() => {
  whole = mkdtempSync(join(tmpdir(), 'sigstand-whole-'));
  mkdirSync(join(whole, 'charts'));
  cpSync(chart, join(whole, 'charts/sigstand'), { recursive: true });
  const part = { name: 'sigstand', version: '0.1.0' };
  const dependencies = [
    { ...part, condition: 'sigstand.enabled' },
    { ...part, alias: 'staging', condition: 'staging.enabled' },
  ];
  const own = { apiVersion: 'v2', name: 'platform', version: '1.0.0', dependencies };
  writeFileSync(join(whole, 'Chart.yaml'), stringify(own));
});
afterAll(() => rmSync(whole, { recursive: true, force: true }));

async function namespaces(values: object): Promise<string[]> {
  const path = join(whole, 'values.yaml');
  writeFileSync(path, stringify({ global: { imageRegistry: 'mirror.example' }, ...values }));
  const { status, stdout, stderr } = await runHelm(binary('helm'), ['template', 'one', whole]);
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  const found = objectsIn(stdout, 'whole').filter(({ kind }) => kind === 'Namespace');
  return found.map(({ metadata }) => metadata.name);
}

const staging = (enabled: boolean) => ({ enabled, namespaces: { prefix: 'stg-' } });

describe('the chart as a part of another', () => {
  it('is there where the condition of its whole says so, under each name with its own values', async () => {
    const both = await namespaces({ sigstand: { enabled: true }, staging: staging(true) });
    expect(both).toHaveLength(12);
    expect(both.filter((name) => name.startsWith('stg-'))).toHaveLength(6);
    expect(await namespaces({ staging: staging(false) })).not.toContain('stg-tuf-system');
  });

  it('says so where no condition asks for what is said of it', async () => {
    const { status, stdout, stderr } = await runHelm(binary('helm'), [
      ...['template', 'one', chart, '--set', 'enabled=false'],
    ]);
    expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
    expect(stderr).toMatch(/values: \/enabled: is for the condition of a chart that has this one/);
  });
});
