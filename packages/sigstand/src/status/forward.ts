import { Duplex } from 'node:stream';
import { JobError } from '@sigstand/job/errors';
import { type Access, ask } from '@sigstand/store/api';
import { refusal } from '@sigstand/store/refusal';
import { openSocket } from '../socket.ts';
import { backendOf, type Pod, type Service } from './backend.ts';
import { MayPass } from './finding.ts';

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
  const hint = `kubectl get pods -n ${namespace}, and kubectl describe pod says what it waits for`;
  const message = `Service ${namespace}/${name} has no Pod`;
  if ((pods.items ?? []).length === 0) throw new JobError('unavailable', message, { hint });
  throw new MayPass('noReadyPod', `${message} that is ready`, { hint });
}

/** One connection to a Pod, over a web socket: channel 0 is data, channel 1 what went wrong there. */
export async function connected(
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
  const received = (channel: number, bytes: Buffer) => {
    // The first two bytes of each channel are the port.
    const data = begun[channel] ? bytes : bytes.subarray(2);
    begun[channel] = true;
    if (data.length === 0 || stream.destroyed) return;
    if (channel === 0) stream.push(data);
    if (channel === 1) stream.destroy(new Error('the Pod takes no connection on this port'));
  };
  const direct = ', or run it where the names lead, with --direct';
  const right = 'create pods/portforward';
  const way = { path, to: `Pod ${namespace}/${pod}`, right, hint: direct };
  const socket = await openSocket(access, way, received);
  socket.onclose = () => void (stream.destroyed || stream.push(null));
  return stream;
}
