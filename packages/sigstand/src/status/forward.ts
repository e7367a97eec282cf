import { Duplex } from 'node:stream';
// Not the package's own door: behind it is a class for every kind of object that Kubernetes knows.
import { WebSocketHandler } from '@kubernetes/client-node/dist/web-socket-handler.js';
import { JobError } from '@sigstand/job/errors';
import { type Access, ask } from '@sigstand/store/api';
import { refusal } from '@sigstand/store/refusal';
import { backendOf, type Pod, type Service } from './backend.ts';

/** A port of a Service. */
export interface ServicePort {
  readonly namespace: string;
  readonly name: string;
  readonly port: number;
}

/** Opens a connection to a Service. @throws {JobError} */
export type Connect = (service: ServicePort) => Promise<Duplex>;

/** Connects as `kubectl port-forward service/NAME` does: by the API server and the kubelet of a Pod that is ready. */
export function forwarding(access: Access): Connect {
  const known = new Map<string, Promise<{ pod: string; port: number }>>();
  return async (service) => {
    const key = JSON.stringify(service);
    const found = known.get(key) ?? backend(access, service);
    known.set(key, found);
    const { pod, port } = await found;
    return connected(access, { namespace: service.namespace, pod, port });
  };
}

async function backend(access: Access, { namespace, name, port }: ServicePort) {
  const place = ['api', 'v1', 'namespaces', namespace] as const;
  const service = (await ask(access, {
    method: 'GET',
    path: [...place, 'services', name],
  }).catch((error: unknown) => {
    const refused = refusal('get', { kind: 'Service', namespace, name }, error);
    if (refused !== 'absent') throw refused;
    throw new JobError('unavailable', `there is no Service ${namespace}/${name}`, {
      cause: error,
      hint: 'see whether it is this cluster: --kubeconfig, --context',
    });
  })) as Service;
  const labels = Object.entries(service.spec?.selector ?? {});
  const query = { labelSelector: labels.map(([label, value]) => `${label}=${value}`).join() };
  const pods = (await ask(access, { method: 'GET', path: [...place, 'pods'], query }).catch(
    (error: unknown) => {
      const refused = refusal('list', { kind: 'Pod', namespace, name }, error);
      throw refused === 'absent' ? error : refused;
    },
  )) as { items?: readonly Pod[] };
  const found = labels.length > 0 && backendOf(service, pods.items ?? [], port);
  if (found) return found;
  throw new JobError('unavailable', `Service ${namespace}/${name} has no Pod that is ready`, {
    hint: `kubectl get pods -n ${namespace}, and kubectl describe pod says what it waits for`,
  });
}

/** One connection, over a web socket: channel 0 is data, channel 1 what went wrong there. */
async function connected(
  access: Access,
  { namespace, pod, port }: { namespace: string; pod: string; port: number },
): Promise<Duplex> {
  const path = `/api/v1/namespaces/${namespace}/pods/${pod}/portforward?ports=${port}`;
  const begun = [false, false];
  const stream = new Duplex({
    read() {},
    write(chunk: Buffer, _encoding, done) {
      socket.send(Buffer.concat([Uint8Array.of(0), chunk]), done);
    },
    destroy(error, done) {
      socket.close();
      done(error);
    },
  });
  const received = (channel: number, bytes: Buffer): boolean => {
    // The first two bytes of each channel are the port.
    const data = begun[channel] ? bytes : bytes.subarray(2);
    begun[channel] = true;
    if (data.length === 0 || stream.destroyed) return true;
    if (channel === 0) stream.push(data);
    if (channel === 1) stream.destroy(new Error('the Pod takes no connection on this port'));
    return true;
  };
  const socket = await opened(access, path, received).catch((error: unknown) => {
    throw notForwarded(`${namespace}/${pod}`, error);
  });
  socket.onclose = () => void (stream.destroyed || stream.push(null));
  return stream;
}

function opened(
  access: Access,
  path: string,
  received: (channel: number, bytes: Buffer) => boolean,
) {
  const config = {
    getCurrentCluster: () => ({ server: access.server.replace(/\/+$/, '') }),
    applyToHTTPSOptions: async (options: object) => Object.assign(options, await access.options()),
  };
  const nobody = { stdin: undefined, stdout: undefined, stderr: undefined };
  const handler = new WebSocketHandler(config as never, undefined, nobody as never);
  return handler.connect(path, null, received);
}

function notForwarded(pod: string, error: unknown): JobError {
  const { message = '', code } = error as { message?: string; code?: string };
  const [, status] = /server response: (\d+)/.exec(message) ?? [];
  const forbidden = status === '401' || status === '403';
  const why = status ? `answered ${status}` : (code ?? 'did not connect');
  return new JobError(
    forbidden ? 'forbidden' : 'unavailable',
    `no way to Pod ${pod}: the API server ${why}`,
    {
      cause: error,
      hint: forbidden
        ? 'ask for the right to create pods/portforward there, or run it where the names lead, with --direct'
        : 'see whether kubectl port-forward does it, or run it where the names lead, with --direct',
    },
  );
}
