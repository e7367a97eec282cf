// chart/main.ts HELM: writes manifests/*.yaml, which is what the chart makes of its defaults, and the table of these
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { chart, renderedFiles } from './rendered.ts';
import { withTable } from './table.ts';

const folder = join(import.meta.dirname, '../../manifests');
const [helm] = process.argv.slice(2);
if (helm === undefined) {
  console.error('usage: chart/main.ts HELM');
  process.exitCode = 64;
} else {
  const files = await renderedFiles(helm);
  for (const name of readdirSync(folder).filter((one) => one.endsWith('.yaml'))) {
    if (files[name] === undefined) rmSync(join(folder, name));
  }
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  const page = join(chart, 'README.md');
  const values = readFileSync(join(chart, 'values.yaml'), 'utf8');
  writeFileSync(page, withTable(readFileSync(page, 'utf8'), values));
  console.log(
    `manifests/ is what the chart makes of its defaults: ${Object.keys(files).length} files`,
  );
}
