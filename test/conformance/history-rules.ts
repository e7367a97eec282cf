import type { Data } from '@sigstand/store/store';
import type { Served } from './client.ts';
import { envelope, sha256 } from './metadata.ts';
import { current, stateFaults } from './state-rules.ts';

/** Rules of the TUF specification that a repository breaks in some state, or from one to the next. */
export function faults(states: readonly Served[]): string[] {
  const found = states.flatMap(({ files, ends }, index) =>
    stateFaults(files, ends).map((fault) => `state ${index + 1}: ${fault}`),
  );
  try {
    return [...found, ...renamed(states), ...jumps(states)];
  } catch (error) {
    // What cannot be read is a fault of its state, and was told.
    if (found.length === 0) throw error;
    return found;
  }
}

/** Files that have another content than under the same name before, or versions that come back. */
function renamed(states: readonly Served[]): string[] {
  const known = new Map<string, { hash: string; last: number }>();
  return states.flatMap(({ files }, index) =>
    Object.entries(files).flatMap(([file, bytes]) => {
      const name = versionedName(file, files);
      const hash = sha256(bytes);
      const before = known.get(name);
      known.set(name, { hash, last: index });
      if (before === undefined) return [];
      if (before.hash !== hash)
        return [`state ${index + 1}: ${name} has another content than before`];
      // A target may be again what it was.
      if (before.last === index - 1 || /^[0-9a-f]{64}\./.test(name)) return [];
      return [`state ${index + 1}: ${name} is back, which was gone`];
    }),
  );
}

/** The two names without a version stand for the version that lies under them. */
function versionedName(file: string, files: Data): string {
  if (!['timestamp.json', 'root.json'].includes(file)) return file;
  return `${file} with version ${envelope(files, file).signed.version}`;
}

/** Versions that fall or skip one, and metadata that ends earlier than what it follows. */
function jumps(states: readonly Served[]): string[] {
  const all = states.map(({ files }) => current(files));
  return all.flatMap((now, index) =>
    Object.entries(now).flatMap(([role, { version, expires }]) => {
      const before = all[index - 1]?.[role as keyof typeof now];
      if (before === undefined) return version === 1 ? [] : [`${role} begins with ${version}`];
      const step = version - before.version;
      const told = `state ${index + 1}: ${role} ${version} follows ${before.version}`;
      return [
        ...(step === 0 || step === 1 ? [] : [told]),
        ...(expires >= before.expires ? [] : [`${told}, and ends earlier`]),
      ];
    }),
  );
}
