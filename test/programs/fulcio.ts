import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { binary } from './binaries.ts';
import { freePort, type Server, startServer } from './server.ts';

/** The CA that Fulcio signs with, as the Secret fulcio-secrets holds it. */
export interface FulcioCa {
  readonly cert: Uint8Array;
  readonly private: Uint8Array;
  readonly password: string;
}

/** A real Fulcio on loopback that signs with this CA; it knows the identities of `config`, or none. */
export async function startFulcio(
  ca: FulcioCa,
  config: object = {},
): Promise<Server & { readonly port: number }> {
  const folder = await mkdtemp(join(tmpdir(), 'sigstand-fulcio-'));
  const path = (name: string) => join(folder, name);
  await Promise.all([
    writeFile(path('cert'), ca.cert),
    writeFile(path('key'), ca.private, { mode: 0o600 }),
    writeFile(path('config.json'), JSON.stringify(config)),
  ]);
  const [port, grpc, metrics] = [await freePort(), await freePort(), await freePort()];
  const { stop, ...server } = await startServer({
    command: binary('fulcio'),
    args: [
      ...['serve', '--host=127.0.0.1', `--port=${port}`],
      ...['--grpc-host=127.0.0.1', `--grpc-port=${grpc}`, `--metrics-port=${metrics}`],
      ...['--ca=fileca', `--fileca-key=${path('key')}`, `--fileca-cert=${path('cert')}`],
      ...['--ct-log-url=', `--config-path=${path('config.json')}`],
    ],
    env: { 'FULCIO_SERVE_FILECA-KEY-PASSWD': ca.password },
    ready: `http://127.0.0.1:${port}/healthz`,
  });
  return {
    ...server,
    port,
    stop: async () => {
      await stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
