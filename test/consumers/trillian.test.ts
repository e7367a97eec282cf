import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { binary } from '../programs/binaries.ts';
import { freePort, type Server, startServer } from '../programs/server.ts';
import { type Mariadb, startMariadb } from '../programs/trillian.ts';
import { ofKind } from '../stack.ts';

let mariadb: Mariadb;
let folder: string;
beforeAll(async () => {
  mariadb = await startMariadb();
  folder = await mkdtemp(join(tmpdir(), 'sigstand-trillian-'));
});
afterAll(async () => {
  await mariadb?.stop();
  await rm(folder, { recursive: true });
});

/** Starts a Trillian server with the flags that the manifests ship; resolves to where it serves HTTP. */
async function serve(program: string): Promise<[Server, url: string]> {
  const { dsn } = mariadb.newDatabase();
  const [, user, password, address, database] = /^(.*):(.*)@tcp\((.*)\)\/(.*)$/.exec(dsn)!;
  const shipped = ofKind('ConfigMap').find(({ metadata }) => metadata.name === 'trillian-flags');
  const flags = join(folder, 'flags');
  const service = 'mysql-trillian.trillian-system.svc:3306';
  await writeFile(flags, shipped?.data.flags.replace(service, address));
  const url = `http://127.0.0.1:${await freePort()}`;
  const server = await startServer({
    command: binary(program),
    args: [
      `--config=${flags}`,
      ...['--storage_system=mysql', '--quota_system=mysql', '--logtostderr'],
      ...[`--rpc_endpoint=127.0.0.1:${await freePort()}`, `--http_endpoint=${new URL(url).host}`],
      ...(program === 'trillian_log_signer' ? ['--force_master'] : []),
    ],
    env: { MYSQL_USER: user!, MYSQL_PASSWORD: password!, MYSQL_DATABASE: database! },
    // It asks the database before it says that it is well.
    ready: `${url}/healthz`,
  });
  return [server, url];
}

describe.each(['trillian_log_server', 'trillian_log_signer'])('%s', (program) => {
  it('logs in to the database, and its profiler does not know how', async () => {
    const [server, url] = await serve(program);
    try {
      const shown = await (await fetch(`${url}/debug/pprof/cmdline`)).text();
      expect(shown).toContain('--config=');
      expect(shown).not.toContain('mysql_uri');
    } finally {
      await server.stop();
    }
  });
});
