// Not the package's own door: behind it is a class for every kind of object that Kubernetes knows.
import { WebSocketHandler } from '@kubernetes/client-node/dist/web-socket-handler.js';
import { JobError } from '@sigstand/job/errors';
import { type Access, mayPass, Unsuccessful } from '@sigstand/store/api';
import { silence } from '@sigstand/store/refusal';

const patience = 10_000; // milliseconds
/** The status of the API server where it does not reach a kubelet. */
const ofKubelet = 500;

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
  const connect = async (): Promise<Socket | Answered> => {
    const connecting = handler.connect(way.path, null, (channel, bytes) => {
      received(channel, bytes);
      return true;
    });
    return inTime(connecting as Promise<unknown> as Promise<Socket>).catch(answerIn);
  };
  const attempt = async () => {
    const found = await connect();
    // That of a kubelet is none of the API server, and does not pass with it.
    if ('answered' in found && found.answered !== ofKubelet) {
      throw new Unsuccessful(found.answered, '');
    }
    return found;
  };
  const socket = await (access.patiently ? access.patiently(attempt) : attempt()).catch(
    (error: unknown) => {
      if (error instanceof Unsuccessful) return { answered: error.status };
      throw unconnected(way, error);
    },
  );
  if ('answered' in socket) throw refused(way, socket);
  return socket;
}

/** An answer that is no web socket: of the API server, or of a kubelet behind it. */
interface Answered {
  readonly answered: number;
}

/** @throws Where nobody answered. */
function answerIn(error: unknown): Answered {
  // The library hands on an event, which has the error.
  const { message = '', error: inside } = error as { message?: string; error?: unknown };
  const [, status] = /server response: (\d+)/.exec(message) ?? [];
  if (status === undefined) throw inside ?? error;
  return { answered: Number(status) };
}

/** A server that takes a connection and says nothing would hold whoever asks for ever. */
async function inTime(connecting: Promise<Socket>): Promise<Socket> {
  const { promise: late, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => {
    reject(new DOMException('no answer in time', 'TimeoutError'));
    connecting.then(
      (socket) => socket.close(),
      () => {},
    );
  }, patience);
  return Promise.race([connecting, late]).finally(() => clearTimeout(timer));
}

function refused({ to, right, hint }: Way, { answered }: Answered): JobError {
  const forbidden = answered === 401 || answered === 403;
  const passes = answered !== ofKubelet && mayPass(new Unsuccessful(answered, ''));
  return new JobError(
    forbidden ? 'forbidden' : passes ? 'tryAgain' : 'unavailable',
    `no way to ${to}: the API server answered ${answered}`,
    {
      hint: forbidden
        ? `ask for the right to ${right} there${hint}`
        : `see whether kubectl does it${hint}`,
    },
  );
}

function unconnected({ to }: Way, error: unknown): JobError {
  return new JobError('tryAgain', `no way to ${to}: ${silence(error)}`, {
    cause: error,
    hint: 'see that it runs and can be reached, then run it again',
  });
}
