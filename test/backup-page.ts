import type { Contract } from '@sigstand/contracts/contract';
import { ctlogKey, records } from '@sigstand/contracts/records';
import { show } from '@sigstand/store/store';

/** A record as the table of docs/backup.md has it. */
export function objectRow({ namespace, kind, name, notes = [], without }: Contract): string {
  const linked = without.replace('docs/rotation.md', '[rotation](rotation.md)');
  return `| ${namespace} | ${kind} ${name} | ${notes.join(', ')} | ${linked} |`;
}

/** The commands of docs/backup.md that save all records; one that is empty in a whole stack is left out. */
export function saving(): string[] {
  const kept = records.filter((one) => show(one) !== show(ctlogKey));
  const namespaces = [...new Set(kept.map(({ namespace }) => namespace))];
  return namespaces.map((namespace) => {
    const objects = kept
      .filter((one) => one.namespace === namespace)
      .map(({ kind, name }) => `${kind.toLowerCase()}/${name}`);
    return `save ${namespace} ${objects.join(' ')}`;
  });
}
