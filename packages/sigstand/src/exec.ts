import { PassThrough } from 'node:stream';
import { JobError } from '@sigstand/job/errors';
import type { Access } from '@sigstand/store/api';
import { openSocket, type Socket } from './socket.ts';

/** A container, and what is run in it: words, of which none may be secret, since everybody there sees them. */
export interface Command {
  readonly namespace: string;
  readonly pod: string;
  readonly container: string;
  readonly words: readonly string[];
}

/** How a command ended. */
export interface Ended {
  readonly status: number;
  /** The last of what it said is wrong. */
  readonly stderr: string;
}

/** A command that runs. */
export interface Execution {
  /** What it prints, no faster than it is read. */
  readonly stdout: AsyncIterable<Buffer>;
  /** @throws {JobError} tryAgain, where nobody could say how it ended. */
  readonly ended: Promise<Ended>;
}

/** Runs commands in containers. @throws {JobError} forbidden or unavailable, where it cannot be begun. */
export type Exec = (command: Command, stdin?: AsyncIterable<Uint8Array>) => Promise<Execution>;

const channels = { stdin: 0, stdout: 1, stderr: 2, status: 3, close: 255 } as const;
const mostStderr = 4_096;
const mostFrame = 65_536;

/** Runs commands as `kubectl exec` does, by the API server and the kubelet. */
export function execOver(access: Access): Exec {
  return async (command, stdin) => {
    const { namespace, pod } = command;
    const stdout = new PassThrough();
    let stderr = '';
    let status: Status | undefined;
    let socket: Socket | undefined;
    const received = (channel: number, bytes: Buffer) => {
      if (channel === channels.stderr) stderr = (stderr + bytes).slice(-mostStderr);
      if (channel === channels.status) status = JSON.parse(bytes.toString());
      if (channel !== channels.stdout || bytes.length === 0) return;
      if (!stdout.write(bytes)) {
        socket?.pause();
        stdout.once('drain', () => socket?.resume());
      }
    };
    const way = { path: pathOf(command, stdin !== undefined), to: `Pod ${namespace}/${pod}` };
    const right = 'get and create pods/exec';
    socket = await openSocket(access, { ...way, right, hint: ' (kubectl exec)' }, received);
    const opened = socket;
    const ended = new Promise<Ended>((resolve, reject) => {
      opened.onclose = () => {
        if (status) stdout.end();
        else stdout.destroy(new CutOff(command));
        if (status) resolve({ status: statusIn(status), stderr });
        else reject(new CutOff(command));
      };
    });
    // Whoever reads the output alone learns of it there.
    ended.catch(() => {});
    if (stdin) {
      feed(opened, stdin, () => status !== undefined).catch((error: Error) => {
        stdout.destroy(error);
        opened.close();
      });
    }
    return { stdout, ended };
  };
}

function pathOf({ namespace, pod, container, words }: Command, withInput: boolean): string {
  const query = new URLSearchParams({ container, stdout: 'true', stderr: 'true' });
  if (withInput) query.set('stdin', 'true');
  for (const word of words) query.append('command', word);
  return `/api/v1/namespaces/${namespace}/pods/${pod}/exec?${query}`;
}

/** Sends it all, no faster than it is taken, until there is no more or nobody reads it. */
async function feed(socket: Socket, stdin: AsyncIterable<Uint8Array>, isOver: () => boolean) {
  for await (const chunk of stdin) {
    for (let at = 0; at < chunk.length; at += mostFrame) {
      if (isOver()) return;
      const piece = chunk.subarray(at, at + mostFrame);
      await new Promise<void>((resolve, reject) => {
        socket.send(Buffer.concat([Uint8Array.of(channels.stdin), piece]), (error) =>
          error ? reject(error) : resolve(),
        );
      });
    }
  }
  // An older API server knows no end of the input: what reads it has to know how long it is.
  if (socket.protocol === 'v5.channel.k8s.io' && !isOver()) {
    socket.send(Uint8Array.of(channels.close, channels.stdin));
  }
}

/** How the API server says that a command has ended. */
interface Status {
  readonly status?: string;
  readonly reason?: string;
  readonly details?: { readonly causes?: readonly { reason?: string; message?: string }[] };
}

function statusIn({ status, details }: Status): number {
  if (status === 'Success') return 0;
  const code = details?.causes?.find(({ reason }) => reason === 'ExitCode')?.message;
  return Number(code ?? Number.NaN) || 255;
}

/** The connection to a command ended before the command. */
export class CutOff extends JobError {
  constructor({ namespace, pod }: Command) {
    super('tryAgain', `the connection to Pod ${namespace}/${pod} was cut off`, {
      hint: 'run it again, it begins anew where it has to',
    });
  }
}

/**
 * Does what may be done twice, again where it is cut off. An API server that ends does so, and so does one that has just
 * started: it opens connections before it knows a way to the kubelet.
 */
export async function uncut<T>({ patiently }: Access, work: () => Promise<T>): Promise<T> {
  if (!patiently) return work();
  const { done } = await patiently(async () => {
    const done = work();
    // Another error is an answer.
    await done.catch((error: unknown) => {
      if (error instanceof CutOff) throw error;
    });
    return { done };
  });
  return done;
}

/** All that a command prints which changes nothing, and how it ended. @throws {JobError} */
export function printedBy(
  access: Access,
  command: Command,
  exec: Exec,
): Promise<Ended & { printed: Buffer }> {
  return uncut(access, async () => {
    const { stdout, ended } = await exec(command);
    const chunks: Buffer[] = [];
    for await (const chunk of stdout) chunks.push(chunk);
    return { ...(await ended), printed: Buffer.concat(chunks) };
  });
}
