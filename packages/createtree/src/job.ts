import { randomBytes } from 'node:crypto';
import { Option } from '@commander-js/extra-typings';
import { rekorConfig, treeAlike } from '@sigstand/contracts/records';
import { services } from '@sigstand/contracts/services';
import { jobCommand } from '@sigstand/job/command';
import { at, JobError } from '@sigstand/job/errors';
import { fileAt } from '@sigstand/job/file';
import { defineJob } from '@sigstand/job/main';
import { inDirectory, leadsOut } from '@sigstand/job/outside';
import { act } from '@sigstand/job/settings';
import { refuseStrangers } from '@sigstand/job/strangers';
import { duration, hostPort, objectName, yesNo } from '@sigstand/job/values';
import { certificatePem, parseCertificates } from '@sigstand/pki/chain';
import { type Ref, show } from '@sigstand/store/store';
import manifest from '../package.json' with { type: 'json' };
import { freezeTree } from './freeze.ts';
import { keepOneTree, type OneTree } from './one-tree.ts';
import { coming, newTree, present, recordedId } from './tree.ts';
import { type Connection, connectTrillian, type Trillian } from './trillian.ts';

const summary = `Create the Trillian tree that a log keeps its entries in, and record its id. A tree that is
recorded is checked and kept; however often this runs, and wherever it was killed, one live tree
is left.`;

const command = () =>
  jobCommand('createtree', summary, {
    version: manifest.version,
    namespace: rekorConfig.namespace,
  })
    .option('--configmap <name>', 'ConfigMap with the id, as treeID', objectName, rekorConfig.name)
    .addOption(
      leadsOut(
        new Option('--admin-server <host:port>', 'where Trillian serves gRPC')
          .argParser(hostPort)
          .default(services.trillian as string, inDirectory(services.trillian)),
      ),
    )
    .option('--tls-cert-file <path>', 'PEM file of the CAs to trust; without it there is no TLS')
    .addOption(
      new Option('--tree-type <type>', 'kind of tree')
        .choices(['LOG', 'PREORDERED_LOG'] as const)
        .default('LOG' as const),
    )
    .addOption(
      // Trillian makes no tree in another state.
      new Option('--tree-state <state>', 'state of the new tree')
        .choices(['ACTIVE'] as const)
        .default('ACTIVE' as const),
    )
    .option('--display-name <text>', 'name of the new tree, at most 20 characters', '')
    .option('--description <text>', 'its description, at most 172 characters', '')
    .addOption(
      new Option('--max-root-duration <duration>', 'how old its root may get without new entries')
        .default(3_600_000, '1h')
        .argParser(duration),
    )
    .addOption(
      act(
        new Option('--force [bool]', 'record a new tree, whatever is recorded, or has entries')
          .preset('true')
          .argParser(yesNo)
          .default(false),
      ),
    )
    .addOption(
      act(
        new Option(
          '--next',
          'make the tree that the log goes on in, beside the recorded one',
        ).conflicts(['force']),
      ),
    )
    .addOption(
      act(
        new Option(
          '--freeze',
          'end the recorded tree, whose place the next one takes: drain it, and freeze it',
        ).conflicts(['force', 'next']),
      ),
    );

export interface Effects {
  readonly connect: (address: string, connection: Connection) => Trillian;
  /** Sixteen hexadecimal digits that nobody has used before. */
  readonly newToken: () => string;
  /** How long a tree has to stay as it is before it counts as drained; milliseconds. */
  readonly stillFor?: number;
}

const real: Effects = {
  connect: connectTrillian,
  newToken: () => randomBytes(8).toString('hex'),
};

// Trillian's signer comes several times a second.
const drainedAfter = 1_500;

export function createTree({ connect, newToken, stillFor = drainedAfter }: Effects = real) {
  return defineJob(command(), async ({ store, log, signal, waitFor }, options) => {
    const { namespace, configmap, adminServer, timeout, freeze } = options;
    const wanted = newTree(options);
    const roots = options.tlsCertFile === undefined ? undefined : readRoots(options.tlsCertFile);
    const record: Ref = { kind: 'ConfigMap', namespace, name: configmap };
    const found = (await store.read(record))?.data;
    const recorded = recordedId(show(record), found);
    if (!recorded)
      refuseStrangers(show(record), found, { wanted: rekorConfig.keys, alike: treeAlike });

    const trillian = connect(adminServer, { roots, timeout, signal });
    const server = `Trillian at ${adminServer}`;
    const about = {
      store,
      log,
      waitFor,
      trillian,
      server,
      record,
      wanted,
      ...making(show(record), recorded, options),
      newToken,
    };
    try {
      if (freeze) await freezeTree({ ...about, stillFor });
      else await keepOneTree(about);
    } finally {
      trillian.close();
    }
  });
}

/** Which tree of the record is made, and what it takes the place of. */
function making(
  place: string,
  recorded: string | undefined,
  { force, next }: { force: boolean; next?: true | undefined },
): Pick<OneTree, 'slot' | 'replaces' | 'force'> {
  if (!next) return { slot: present, replaces: force ? recorded : undefined, force };
  if (recorded === undefined) throw nothingBefore(place);
  return { slot: coming, replaces: recorded, force: true };
}

function nothingBefore(place: string): JobError {
  return new JobError('contradiction', `${place} names no tree, so none can come after it`, {
    hint: 'nothing was changed; run it without --next first',
  });
}

// A file of all the CAs of the web has a quarter of it.
const mostBytes = 1_048_576;

function readRoots(path: string): Uint8Array {
  const flag = '--tls-cert-file';
  const bytes = fileAt(flag, path, { most: mostBytes, failure: 'usage' });
  return Buffer.concat(at(flag, () => parseCertificates(bytes)).map(certificatePem));
}
