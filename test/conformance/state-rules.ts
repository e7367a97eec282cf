import type { Data } from '@sigstand/store/store';
import { broken, commonFaults, type File, referenceFaults, signedFaults } from './common-rules.ts';
import {
  envelope,
  type Meta,
  newestRoot,
  type Root,
  type Signed,
  snapshotOf,
  type Targets,
  targetsOf,
} from './metadata.ts';
import { rootFaults } from './root-rules.ts';

/** Rules that one state of a repository breaks, where clients are to take it until then. */
export function stateFaults(files: Data, until: Date): string[] {
  return [rootFaults, timestampFaults, snapshotFaults, expired].flatMap((rules) => {
    try {
      return rules(files, until);
    } catch (error) {
      return [(error as Error).message];
    }
  });
}

function timestampFaults(files: Data): string[] {
  const file = { name: 'timestamp.json', role: 'timestamp' } as const;
  const timestamp = envelope<Meta>(files, file.name);
  const { meta } = timestamp.signed;
  const reference = meta['snapshot.json'];
  const to = `${reference?.version}.snapshot.json`;
  return [
    ...commonFaults(files, file),
    ...signedFaults(roots(files), { ...file, isNewest: true }, timestamp),
    ...broken(file.name, {
      '§4.6: tells of the snapshot alone': Object.keys(meta).join() === 'snapshot.json',
    }),
    ...(reference ? referenceFaults(files, { name: file.name, to, reference }) : []),
  ];
}

/** All snapshots and what they lead to, and that there is nothing else. */
function snapshotFaults(files: Data): string[] {
  const versions = Object.keys(files).flatMap(
    (name) => /^(\d+)\.snapshot\.json$/.exec(name)?.[1] ?? [],
  );
  const led = versions.map((version) => ledTo(files, Number(version)));
  const reached = new Set(led.flatMap(({ names }) => names));
  return [...led.flatMap(({ faults }) => faults), ...strays(files, reached)];
}

/** A snapshot, be it the newest or one that stayed for clients in between, and all that it leads to. */
function ledTo(files: Data, version: number): { faults: string[]; names: string[] } {
  const name = `${version}.snapshot.json`;
  const file: File = { name, role: 'snapshot', version };
  const snapshot = envelope<Meta>(files, name);
  const { meta } = snapshot.signed;
  const reference = meta['targets.json'];
  const faults = [
    ...commonFaults(files, file),
    ...signedFaults(roots(files), { ...file, isNewest: version === snapshotOf(files) }, snapshot),
    ...broken(name, {
      '§4.4: tells of targets.json alone': Object.keys(meta).join() === 'targets.json',
    }),
  ];
  if (reference?.version === undefined) return { faults, names: [name] };
  const to = `${reference.version}.targets.json`;
  const targets = targetsFaults(files, reference.version);
  return {
    faults: [...faults, ...referenceFaults(files, { name, to, reference }), ...targets.faults],
    names: [name, to, ...targets.names],
  };
}

function targetsFaults(files: Data, version: number): { faults: string[]; names: string[] } {
  const file: File = { name: `${version}.targets.json`, role: 'targets', version };
  const targets = envelope<Targets>(files, file.name);
  const listed = Object.entries(targets.signed.targets).map(([path, reference]) => ({
    path,
    reference,
    to: `${reference.hashes.sha256}.${path}`,
  }));
  return {
    faults: [
      ...commonFaults(files, file),
      ...signedFaults(roots(files), { ...file, isNewest: version === targetsOf(files) }, targets),
      ...broken(file.name, {
        'lists targets': listed.length > 0,
        '§4.5: has relative paths': listed.every(({ path }) => /^[^/]/.test(path)),
      }),
      ...listed.flatMap(({ to, reference }) =>
        referenceFaults(files, { name: file.name, to, reference }),
      ),
    ],
    names: listed.map(({ to }) => to),
  };
}

/** Files that nobody can come to. */
function strays(files: Data, reached: ReadonlySet<string>): string[] {
  return Object.keys(files).flatMap((name) =>
    broken(name, {
      'is a file that something leads to':
        /^((\d+\.)?root|timestamp)\.json$/.test(name) || reached.has(name),
    }),
  );
}

function expired(files: Data, until: Date): string[] {
  return Object.entries(current(files)).flatMap(([role, { expires }]) =>
    broken(`the ${role}`, {
      [`§5.3 to §5.6: is valid until ${until.toISOString()}`]:
        Date.parse(expires) > until.getTime(),
    }),
  );
}

/** The newest metadata of each role. */
export function current(files: Data) {
  return {
    root: trusted(files),
    timestamp: envelope(files, 'timestamp.json').signed,
    snapshot: envelope(files, `${snapshotOf(files)}.snapshot.json`).signed,
    targets: envelope(files, `${targetsOf(files)}.targets.json`).signed,
  } satisfies Record<string, Signed>;
}

function trusted(files: Data): Root {
  return envelope<Root>(files, `${newestRoot(files)}.root.json`).signed;
}

/** All of them, the newest last. */
function roots(files: Data): Root[] {
  return Array.from(
    { length: newestRoot(files) },
    (_, nth) => envelope<Root>(files, `${nth + 1}.root.json`).signed,
  );
}
