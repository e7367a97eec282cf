import {
  Client,
  type ClientOptions,
  credentials,
  Metadata,
  type MethodDefinition,
  type ServiceDefinition,
  status,
} from '@grpc/grpc-js';
import { fromJSON } from '@grpc/proto-loader';
import type { NewTree, Tree } from './tree.ts';
import { descriptor } from './trillian-descriptor.ts';
import { TrillianError } from './trillian-error.ts';

/** Trillian's admin and log API, as far as this Job needs it. Every call may throw TrillianError. */
export interface Trillian {
  /** The tree, also where it is marked as deleted; undefined where Trillian does not know it. */
  getTree(id: string): Promise<Tree | undefined>;
  /** The trees that are not deleted. */
  listTrees(): Promise<readonly Tree[]>;
  /** Not idempotent: after an error there may be a tree or none. */
  createTree(tree: NewTree): Promise<Tree>;
  /** Gives the log its first root, where it has none. */
  initLog(id: string): Promise<void>;
  /** A tree that is DRAINING takes no more leaves, and gets into it those that it took; a FROZEN one stays as it is. */
  setState(id: string, state: 'DRAINING' | 'FROZEN'): Promise<void>;
  /** Marks the tree as deleted, where it is not. */
  deleteTree(id: string): Promise<void>;
  /** Undefined where the log has no root yet, or is deleted. */
  latestRoot(id: string): Promise<{ readonly size: bigint } | undefined>;
  close(): void;
}

/** How to reach Trillian: by TLS where there are `roots` (PEM), within `timeout` milliseconds. */
export interface Connection {
  readonly roots: Uint8Array | undefined;
  readonly timeout: number;
  readonly signal: AbortSignal;
}

const callLimit = 10_000; // milliseconds; a silent server must not eat the Job's time
const leastLimit = 500;
const slice = 200;
// gRPC has no limit for how long a connection may take to be made, and the kernel's is two minutes.
const connectLimit = 2_000;

const channel: ClientOptions = {
  // Trillian is in the cluster, and a proxy for the way out is not the way to it.
  'grpc.enable_http_proxy': 0,
  // The rest of the stack waits for this Job, so it notices within a quarter of a second that the
  // server, or its name, has come. gRPC's own pauses grow to two minutes, and to 30 s for names.
  'grpc.initial_reconnect_backoff_ms': 100,
  'grpc.max_reconnect_backoff_ms': 200,
  'grpc.dns_min_time_between_resolutions_ms': 200,
  // A new client gets new connections, not those of the one before.
  'grpc.use_local_subchannel_pool': 1,
  // Nobody publishes a service config for Trillian; asking costs a TXT query per search domain.
  'grpc.service_config_disable_resolution': 1,
  // One answer lists all trees: 4 MiB, gRPC's own limit, would hold some 40 000.
  'grpc.max_receive_message_length': 64 * 1024 * 1024,
};

/** A client of a real Trillian. Nothing is sent before the first call. */
export function connectTrillian(address: string, connection: Connection): Trillian {
  const { admin, log } = services();
  const { call, close } = caller(address, connection);
  return {
    async getTree(id) {
      const tree = await unless(['NOT_FOUND'], call(admin.GetTree, { treeId: id }));
      return tree && treeOf(tree);
    },
    async listTrees() {
      const { tree } = (await call(admin.ListTrees, { showDeleted: false })) as { tree: object[] };
      return tree.map(treeOf);
    },
    async createTree(tree) {
      return treeOf(await call(admin.CreateTree, { tree }));
    },
    async initLog(id) {
      await unless(['ALREADY_EXISTS'], call(log.InitLog, { logId: id }));
    },
    async setState(id, treeState) {
      const tree = { treeId: id, treeState };
      await call(admin.UpdateTree, { tree, updateMask: { paths: ['tree_state'] } });
    },
    async deleteTree(id) {
      await unless(['NOT_FOUND', 'FAILED_PRECONDITION'], call(admin.DeleteTree, { treeId: id }));
    },
    async latestRoot(id) {
      const request = call(log.GetLatestSignedLogRoot, { logId: id });
      const answer = await unless(['NOT_FOUND', 'FAILED_PRECONDITION'], request);
      return answer && { size: sizeOf(answer) };
    },
    close,
  };
}

type Method = MethodDefinition<object, object>;
type Service = Readonly<Record<string, Method>>;

function services(): { admin: Service; log: Service } {
  // int64 as text: a tree's id has 63 random bits, and a number keeps 53.
  const all = fromJSON(descriptor as Parameters<typeof fromJSON>[0], {
    longs: String,
    enums: String,
    defaults: true,
  });
  const service = (name: string) => all[name] as ServiceDefinition as Service;
  return { admin: service('trillian.TrillianAdmin'), log: service('trillian.TrillianLog') };
}

function caller(address: string, { roots, timeout, signal }: Connection) {
  const secure = roots ? credentials.createSsl(Buffer.from(roots)) : credentials.createInsecure();
  const connect = () => new Client(address, secure, channel);
  let client = connect();
  let since = performance.now();
  let patience = connectLimit;
  const close = () => client.close();
  signal.addEventListener('abort', close);
  const end = performance.now() + timeout;
  let down = false;

  /** Epoch milliseconds: a call's limit, but no later than the Job's own, give or take one call. */
  const deadline = () =>
    Date.now() + Math.max(leastLimit, Math.min(callLimit, end - performance.now()));
  const connected = async () => {
    // In slices: each one begins by asking the channel to connect, and a channel whose name did not
    // resolve does nothing until it is asked again.
    for (const until = deadline(); Date.now() < until && !signal.aborted; ) {
      if (await isReady(client, Date.now() + slice)) return;
      // A packet that was sent while the node's rules for the Service changed is answered by nobody, nor is one that
      // follows it on the same connection. A slow machine gets longer each time.
      if (performance.now() - since > patience) {
        renew();
        patience = Math.min(2 * patience, callLimit);
      }
    }
  };
  const renew = () => {
    client.close();
    client = connect();
    since = performance.now();
  };

  const call = async (method: Method | undefined, request: object): Promise<object> => {
    signal.throwIfAborted();
    // The first refusal is told at once; from then on the connection is what is waited for, so that
    // a server that comes is noticed sooner than by asking it now and then.
    if (down) await connected();
    try {
      const answer = await unary(client, method as Method, { request, deadline: deadline() });
      down = false;
      patience = connectLimit;
      return answer;
    } catch (error) {
      signal.throwIfAborted();
      const code = error instanceof TrillianError ? error.code : '';
      down = code === 'UNAVAILABLE';
      // A connection that was taken and stays silent is kept for ever: gRPC waits for its first word.
      if (code === 'DEADLINE_EXCEEDED') renew();
      throw error;
    }
  };
  return { call, close };
}

function isReady(client: Client, deadline: number): Promise<boolean> {
  return new Promise((resolve) => client.waitForReady(deadline, (error) => resolve(!error)));
}

function unary(
  client: Client,
  { path, requestSerialize, responseDeserialize }: Method,
  { request, deadline }: { request: object; deadline: number },
): Promise<object> {
  const { promise, resolve, reject } = Promise.withResolvers<object>();
  client.makeUnaryRequest(
    path,
    requestSerialize,
    responseDeserialize,
    request,
    new Metadata(),
    { deadline },
    (error, answer) => {
      if (answer !== undefined) resolve(answer);
      else reject(refusal(error?.code, error?.details, error));
    },
  );
  return promise;
}

function refusal(code = status.UNKNOWN, details = 'no answer', cause: unknown = undefined) {
  // grpc-js tells when and how long, which would make each of a row of equal answers a new one.
  const plain =
    code === status.DEADLINE_EXCEEDED
      ? 'it did not answer in time'
      : details.replace(/ ?\(\d{4}-\d\d-\d\dT[^)]*\)/g, '').replace(/Resolution note: $/, '');
  return new TrillianError(status[code], plain.trim(), { cause });
}

/** Undefined where Trillian gives one of these answers. */
async function unless<T>(codes: readonly string[], request: Promise<T>): Promise<T | undefined> {
  try {
    return await request;
  } catch (error) {
    if (error instanceof TrillianError && codes.includes(error.code)) return undefined;
    throw error;
  }
}

function treeOf(message: object): Tree {
  const { treeId, treeState, treeType, displayName, description, deleted } = message as {
    treeId: string;
    treeState: string;
    treeType: string;
    displayName: string;
    description: string;
    deleted: boolean;
  };
  return { id: treeId, state: treeState, type: treeType, displayName, description, deleted };
}

/** Trillian's LogRootV1, a TLS structure (RFC 5246 §4): a version of two bytes, then tree_size. */
function sizeOf(answer: object): bigint {
  const { signedLogRoot } = answer as { signedLogRoot: { logRoot: Buffer } | null };
  return signedLogRoot?.logRoot.readBigUInt64BE(2) ?? 0n;
}
