import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { jobPods } from '../jobs.ts';
import { ofKind, pods } from '../stack.ts';

const anybody = 'anybody';
const anyPod = 'any Pod of the cluster';

/** Who opens a connection; without a namespace it is no Pod, but the node or somebody outside of the cluster. */
export interface Source {
  readonly namespace?: string;
  /** As the label `app.kubernetes.io/name` says. */
  readonly name: string;
}
export const node: Source = { name: 'the node' };
export const outside: Source = { name: 'outside' };

/** Where a connection goes to: with a namespace a Pod, without one any other address. */
export interface Target extends Source {
  readonly port: number;
  readonly protocol: 'tcp' | 'udp';
}

interface Row {
  readonly from: readonly string[];
  /** `NAME PORT`. */
  readonly to: readonly string[];
}

const namespaces = ofKind('Namespace').map(({ metadata }) => metadata.name);
const placeOf = ({ namespace, name }: Source) => `${namespace}/${name}`;
const ours = new Set(
  pods.map(({ owner, labels }) =>
    placeOf({ namespace: owner.metadata.namespace!, name: labels['app.kubernetes.io/name']! }),
  ),
);
const jobs = new Set(jobPods.map(({ namespace, job }) => `${namespace}/${job}`));

/** The rows of the one table that says who may speak to whom: the one that users read. */
export const table: readonly Row[] = rowsOf(
  readFileSync(join(import.meta.dirname, '../../manifests/README.md'), 'utf8'),
);

/** @throws {Error} Where a row says what nobody here understands, or names what is no Pod of ours. */
export function rowsOf(page: string): Row[] {
  const [, text = ''] = /^\| from \| to, by the Pod's port \|\n.*\n((?:\|.*\n)+)/m.exec(page) ?? [];
  const list = (cell = '') => cell.split(',').map((part) => part.trim());
  const names = new Set([...ours].map((place) => place.split('/')[1]));
  const rows = text.split('\n').filter(Boolean);
  if (rows.length === 0) throw new Error('manifests/README.md has no table of who reaches what');
  return rows.map((row) => {
    const [, from, to, end] = row.replace(/\([^)]*\)/g, '').split('|');
    const [sources, targets] = [list(from), list(to)];
    const strange = [
      ...sources.filter((one) => !names.has(one) && ![anybody, anyPod, 'Jobs'].includes(one)),
      ...targets.filter((one) => {
        const [, name = '', port] = /^(.+) (\d+)$/.exec(one) ?? [];
        const known = names.has(name) || ['any address', 'kube-system'].includes(name);
        return port === undefined || !known;
      }),
    ];
    if (strange.length > 0 || end?.trim() !== '')
      throw new Error(`not understood in manifests/README.md: ${strange} in ${row}`);
    return { from: sources, to: targets };
  });
}

/** Whether the table lets this connection through. */
export function mayReach(from: Source, to: Target): boolean {
  const targets = namesOf(to);
  const isThere = (row: Row) => row.to.some((one) => targets.includes(one));
  if (from.namespace !== undefined && namespaces.includes(from.namespace)) {
    return table.some((row) => isThere(row) && row.from.some((one) => isNamed(one, from)));
  }
  if (placeOf(from) === placeOf(node) || !ours.has(placeOf(to))) return true;
  const open = from.namespace === undefined ? [anybody] : [anybody, anyPod];
  return table.some((row) => isThere(row) && row.from.some((one) => open.includes(one)));
}

function namesOf(to: Target): string[] {
  const tcp = to.protocol === 'tcp';
  if (ours.has(placeOf(to))) return tcp ? [`${to.name} ${to.port}`] : [];
  // A Pod of somebody else is an address like any other.
  const names = tcp ? [`any address ${to.port}`] : [];
  return to.namespace === 'kube-system' ? [...names, `kube-system ${to.port}`] : names;
}

function isNamed(name: string, from: Source): boolean {
  const place = placeOf(from);
  return ours.has(place) && (name === 'Jobs' ? jobs.has(place) : name === from.name);
}
