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

/** The one Pod more of the chart's status, in tuf-system, and what its volume takes. */
const { resources, status } = parse(read('chart/values.yaml'));
const look = resources.status as Readonly<Record<'requests' | 'limits', Amounts>>;

type Amounts = Readonly<Record<'cpu' | 'memory', string>>;

/** Two amounts of CPU in thousandths of a core, or of memory in Mi, as one. */
function sum(one: string, other: string): string {
  const unit = one.endsWith('m') ? 'm' : 'Mi';
  const number = (text: string) =>
    Number.parseInt(text, 10) * (unit === 'm' && !text.endsWith('m') ? 1_000 : 1);
  return `${number(one) + number(other)}${unit}`;
}

/** A quota for each namespace that leaves nothing over, and the LimitRange of the page. */
export function quotas(): object[] {
  const [range] = blocks.filter(({ kind }) => kind === 'LimitRange');
  if (range === undefined || figures.length !== 6) throw new Error('the pages have no figures');
  return figures.flatMap(([, namespace = '', ...amounts]) => {
    const names = ['requests.cpu', 'requests.memory', 'limits.cpu', 'limits.memory'];
    const hard = Object.fromEntries(
      names.map((name, index) => {
        const [kind, what] = name.split('.') as ['requests' | 'limits', 'cpu' | 'memory'];
        const own = amounts[index] ?? '';
        return [name, namespace === 'tuf-system' ? sum(own, look[kind][what]) : own];
      }),
    );
    const volumes: Record<string, string> = {
      'trillian-system': '5Gi',
      'tuf-system': status.size,
    };
    const storage = volumes[namespace] && { 'requests.storage': volumes[namespace] };
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
