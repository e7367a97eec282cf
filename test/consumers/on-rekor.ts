import { createPublicKey, type KeyObject } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { rekorConfig, rekorPublicKey, rekorSigningSecret } from '@sigstand/contracts/records';
import { createSecret } from '@sigstand/createsecret/job';
import { runJob } from '@sigstand/job/testing';
import type { Ref } from '@sigstand/store/store';
import { expect } from 'vitest';
import { binary } from '../programs/binaries.ts';
import { freePort, startServer } from '../programs/server.ts';
import { pods } from '../stack.ts';
import { type OnTrillian, onTrillian } from './on-trillian.ts';

/** What a test of Rekor has: a store of its own, and what the Jobs and Rekor do with it. */
export interface OnRekor extends OnTrillian {
  /** The path of a value of Rekor's Secret. */
  secret(key: string): string;
  recorded(ref: Ref, key: string): Promise<string>;
  /** Runs createsecret; resolves to the public key. */
  makeKey(...args: string[]): Promise<KeyObject>;
  /** Starts Rekor on what is in the records, as the manifest does; resolves to its URL. */
  serve(): Promise<string>;
}

/** Rekor's container, as the manifest has it. */
export const rekorContainer = pods.find(({ owner }) => owner.metadata.name === 'rekor')!.spec
  .containers[0];

function variable(wanted: string): string {
  const found = rekorContainer.env.find(({ name }: { name: string }) => name === wanted);
  return found?.value ?? '';
}

/** Gives each test of a file what it needs to run Rekor on records of its own. */
export function onRekor(name: string): OnRekor {
  const here = onTrillian(name) as OnRekor;
  const secret = (key: string) =>
    join(here.folder, 'rekor-system/Secret', rekorSigningSecret.name, key);
  const recorded = async (ref: Ref, key: string) =>
    Buffer.from((await here.store.read(ref))!.data[key]!).toString();
  return Object.assign(here, {
    secret,
    recorded,
    async makeKey(...args: string[]) {
      expect(await runJob(createSecret(), here.store, { args })).toMatchObject({ status: 0 });
      return createPublicKey(await recorded(rekorPublicKey, 'public'));
    },
    async serve() {
      const url = `http://127.0.0.1:${await freePort()}`;
      const [address, port] = here.trillian.address.split(':');
      here.server = await startServer({
        command: binary('rekor-server'),
        args: [
          'serve',
          ...[`--trillian_log_server.address=${address}`, `--trillian_log_server.port=${port}`],
          `--trillian_log_server.tlog_id=${await recorded(rekorConfig, 'treeID')}`,
          ...['--rekor_server.address=127.0.0.1', `--port=${new URL(url).port}`],
          `--rekor_server.signer=${secret('signing-secret')}`,
          ...['--search_index.storage_provider=mysql', '--log_type=prod'],
          ...rekorContainer.args.filter((arg: string) => arg.startsWith('--max_')),
        ],
        env: {
          HOME: here.folder,
          GOMEMLIMIT: variable('GOMEMLIMIT'),
          'REKOR_SERVER.HOSTNAME': await recorded(rekorPublicKey, 'hostname'),
          'REKOR_SERVER.SIGNER-PASSWD': await readFile(secret('signing-secret-password'), 'utf8'),
          'SEARCH_INDEX.MYSQL.DSN': here.trillian.dsn,
        },
        ready: `${url}/ping`,
      });
      return url;
    },
  });
}
