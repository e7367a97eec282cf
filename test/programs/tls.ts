import type { RequestListener } from 'node:http';
import { createServer, type Server, type ServerOptions } from 'node:https';
import type { AddressInfo } from 'node:net';
import { opensslCertificate } from '@sigstand/pki/testing';

/** A server that shows a certificate of its own making. */
export interface TlsServer {
  readonly port: number;
  /** PEM of its certificate, which signed itself. */
  readonly authority: string;
  close(): Promise<void>;
}

/** A TLS server on `address`, whose certificate is for `names`, as openssl writes subjectAltName. */
export async function startTlsServer(
  answer: RequestListener,
  {
    names = 'IP:127.0.0.1',
    address = '127.0.0.1',
    ...options
  }: ServerOptions & { names?: string; address?: string } = {},
): Promise<TlsServer> {
  const extensions = ['basicConstraints=critical,CA:TRUE', `subjectAltName=${names}`];
  const { certificate, key } = opensslCertificate({ subject: '/CN=server', extensions });
  const server: Server = createServer({ key, cert: certificate, ...options }, answer);
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(0, address, resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    authority: certificate.toString(),
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
