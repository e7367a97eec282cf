import {
  Client,
  credentials,
  Server,
  ServerCredentials,
  type ServerUnaryCall,
  type sendUnaryData,
  status,
} from '@grpc/grpc-js';
import { hostPort, type Place } from './api-proxy.ts';
import type { Traffic } from './requests.ts';

const methods: Record<string, Record<string, { readonly writes: boolean }>> = {
  TrillianAdmin: {
    GetTree: { writes: false },
    ListTrees: { writes: false },
    CreateTree: { writes: true },
    DeleteTree: { writes: true },
  },
  TrillianLog: { InitLog: { writes: true }, GetLatestSignedLogRoot: { writes: false } },
};

export interface TrillianProxy {
  /** Where it serves gRPC, as host:port. */
  readonly address: string;
  close(): void;
}

/** A gRPC proxy before a Trillian log server, that lets befall each call what `traffic` says. */
export async function startTrillianProxy(
  server: string,
  traffic: Traffic,
  place: Place = {},
): Promise<TrillianProxy> {
  const client = new Client(server, credentials.createInsecure());
  const front = new Server();
  const same = (bytes: Buffer) => bytes;
  let closed = false;
  for (const [service, calls] of Object.entries(methods)) {
    for (const [name, { writes }] of Object.entries(calls)) {
      const path = `/trillian.${service}/${name}`;
      const handle = async (
        call: ServerUnaryCall<Buffer, Buffer>,
        answer: sendUnaryData<Buffer>,
      ): Promise<void> => {
        const fault = await traffic.meet({ to: 'trillian', what: name, writes });
        const ends = fault?.kind === 'kill' || fault?.kind === 'drop';
        const end = () => {
          if (fault?.kind === 'kill') traffic.kill();
          else answer({ code: status.UNAVAILABLE, details: 'put there by a test' });
        };
        if (ends && fault.when === 'before') return end();
        // The call was held until the process had ended.
        if (closed) return;
        client.makeUnaryRequest(path, same, same, call.request, (error, bytes) => {
          if (ends) end();
          else answer(error, bytes);
        });
      };
      front.register<Buffer, Buffer>(path, handle, same, same, 'unary');
    }
  }
  const port = await new Promise<number>((resolve, reject) => {
    const any = hostPort({ address: place.address }, 0);
    front.bindAsync(any, ServerCredentials.createInsecure(), (error, bound) =>
      error ? reject(error) : resolve(bound),
    );
  });
  return {
    address: hostPort(place, port),
    close: () => {
      closed = true;
      front.forceShutdown();
      client.close();
    },
  };
}
