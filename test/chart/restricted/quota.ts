import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';

const root = join(import.meta.dirname, '../../..');
const read = (path: string) => readFileSync(join(root, path), 'utf8');
const page = read('docs/restricted-clusters.md');

/** The YAML blocks of docs/restricted-clusters.md, as objects. */
export const blocks = [...page.matchAll(/^```yaml\n(.*?)^```$/gms)].map(([, text = '']) =>
  parse(text),
);

/** The figures of each namespace in the table of the manifests. */
const figures = read('manifests/README.md')
  .split('\n')
  .filter((line) => /^\| \S+-system \| \d+m \|/.test(line))
  .map((line) => line.split('|').map((cell) => cell.trim()));

/** A quota for each namespace that leaves nothing over, and the LimitRange of the page. */
export function quotas(): object[] {
  const [range] = blocks.filter(({ kind }) => kind === 'LimitRange');
  if (range === undefined || figures.length !== 6) throw new Error('the pages have no figures');
  return figures.flatMap(([, namespace = '', ...amounts]) => {
    const names = ['requests.cpu', 'requests.memory', 'limits.cpu', 'limits.memory'];
    const hard = Object.fromEntries(names.map((name, index) => [name, amounts[index]]));
    const storage = namespace === 'trillian-system' && { 'requests.storage': '5Gi' };
    return [
      {
        apiVersion: 'v1',
        kind: 'ResourceQuota',
        metadata: { name: 'all', namespace },
        spec: { hard: { ...hard, ...storage } },
      },
      { ...range, metadata: { ...range.metadata, namespace } },
    ];
  });
}
