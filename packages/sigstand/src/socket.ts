// Not the package's own door: behind it is a class for every kind of object that Kubernetes knows.
import { WebSocketHandler } from '@kubernetes/client-node/dist/web-socket-handler.js';
import { JobError } from '@sigstand/job/errors';
import type { Access } from '@sigstand/store/api';

/** A web socket of the API server, whose frames begin with the number of a channel. */
export interface Socket {
  /** Which protocol the API server has chosen; only `v5.channel.k8s.io` can close one channel. */
  readonly protocol: string;
  send(frame: Uint8Array, sent?: (error?: Error) => void): void;
  /** Nothing more is received until `resume`. */
  pause(): void;
  resume(): void;
  close(): void;
  onclose: unknown;
}

/** What must be granted, where a caller may not. */
interface Way {
  readonly path: string;
  /** In words, such as `Pod a/b`. */
  readonly to: string;
  readonly right: string;
  /** What else there is to do, than to see whether kubectl can. */
  readonly hint: string;
}

/** Opens one to a path of the API server; `received` gets each frame. @throws {JobError} forbidden or unavailable */
export async function openSocket(
  access: Access,
  way: Way,
  received: (channel: number, bytes: Buffer) => void,
): Promise<Socket> {
  const config = {
    getCurrentCluster: () => ({ server: access.server.replace(/\/+$/, '') }),
    applyToHTTPSOptions: async (options: object) => Object.assign(options, await access.options()),
  };
  // The library closes these where a server closes a channel; what is received is all that counts here.
  const nobody = { pause() {}, end() {} };
  const streams = { stdin: nobody, stdout: nobody, stderr: nobody };
  const handler = new WebSocketHandler(config as never, undefined, streams as never);
  try {
    const socket: unknown = await handler.connect(way.path, null, (channel, bytes) => {
      received(channel, bytes);
      return true;
    });
    return socket as Socket;
  } catch (error) {
    throw notOpened(way, error);
  }
}

function notOpened({ to, right, hint }: Way, error: unknown): JobError {
  const { message = '', code } = error as { message?: string; code?: string };
  const [, status] = /server response: (\d+)/.exec(message) ?? [];
  const forbidden = status === '401' || status === '403';
  const why = status ? `answered ${status}` : (code ?? 'did not connect');
  return new JobError(
    forbidden ? 'forbidden' : 'unavailable',
    `no way to ${to}: the API server ${why}`,
    {
      cause: error,
      hint: forbidden
        ? `ask for the right to ${right} there${hint}`
        : `see whether kubectl does it${hint}`,
    },
  );
}
