import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sha256 } from '../../conformance/metadata.ts';
import { applyAll, bringUp, checkoutOf } from '../bring-up.ts';
import { tokenOf } from '../cosign.ts';
import { type Gateway, openGateway } from '../gateway.ts';
import { type Rig, rig } from '../rig.ts';
import { secretValue } from '../stack.ts';
import { type Client, elsewhere, type Seat, type Signature, type Start } from './client.ts';
import { clients } from './clients.ts';
import { type Impostors, inCluster, openImpostors } from './network.ts';
import { type TufService, tufService } from './tuf-service.ts';

/** A stack that runs, the clients that follow it, and what was signed there. */
export interface Field {
  readonly cluster: Rig;
  /** What a user has before him: a clone whose `manifests` are as this cluster takes them. */
  readonly folder: string;
  readonly work: string;
  readonly gateway: Gateway;
  readonly tuf: TufService;
  readonly impostors: Impostors;
  /** A client in the home in which it was initialised once, as it goes along with the stack. */
  seat(client: Client): Seat;
  /** The same as it was when `fallsAsleep` was called. */
  sleeper(client: Client): Seat;
  fallsAsleep(client: Client): Promise<void>;
  /** A home in which it has never run. */
  newSeat(client: Pick<Client, 'name'>, changed?: Partial<Seat>): Promise<Seat>;
  /** A signature over a blob of its own, by a client that can sign; with another Fulcio than the stack's where one is given. */
  sign(client: Pick<Client, 'name' | 'sign'>, seat: Seat, fulcio?: string): Promise<Signature>;
  /** The same, kept under a name. */
  signAs(when: string, client: Client): Promise<Signature>;
  signature(when: string): Signature;
  /** All that were kept. */
  readonly signatures: Map<string, Signature>;
  close(): Promise<void>;
}

/** Brings up an instance of the rig, and a stack on it: all of the manifests, unless `make` makes it otherwise. */
export async function openField(
  instance: string,
  make: (cluster: Rig, manifests: string) => Promise<unknown> = applyAll,
): Promise<Field> {
  const cluster = rig(instance);
  const work = await mkdtemp(join(tmpdir(), `sigstand-${instance}-`));
  const manifests = await bringUp(cluster, work);
  const folder = await checkoutOf(manifests);
  await make(cluster, manifests);
  const gateway = await openGateway(cluster, work);
  const impostors = openImpostors(cluster, gateway);
  const token = await tokenOf(cluster, 'default');
  const start = await startOf(cluster, work);

  const newSeat: Field['newSeat'] = async (client, changed = {}) => {
    const home = await mkdtemp(join(work, `${client.name}-`));
    return { home, network: inCluster(cluster), start, ...changed };
  };
  const seats = new Map<string, Seat>();
  for (const client of clients) seats.set(client.name, await newSeat(client));
  const sleepers = new Map<string, Seat>();
  const signatures = new Map<string, Signature>();
  let blobs = 0;

  const sign: Field['sign'] = async (client, seat, fulcio) => {
    blobs += 1;
    const blob = join(work, `blob-${blobs}`);
    const signature = { blob, bundle: `${blob}.bundle.json` };
    await writeFile(blob, `blob ${blobs}\n`);
    const result = await client.sign?.(seat, signature, token, fulcio);
    if (result?.status === 0) return signature;
    throw new Error(`${client.name} does not sign: ${result?.stdout}${result?.stderr}`);
  };
  const seat: Field['seat'] = ({ name }) => found(seats, name);
  return {
    ...{ cluster, folder, work, gateway, impostors, newSeat, seat, sign, signatures },
    tuf: tufService(cluster, gateway, work),
    sleeper: ({ name }) => found(sleepers, name),
    async fallsAsleep(client) {
      sleepers.set(client.name, await elsewhere(seat(client), inCluster(cluster)));
    },
    async signAs(when, client) {
      const signature = await sign(client, seat(client));
      signatures.set(when, signature);
      return signature;
    },
    signature: (when) => found(signatures, when),
    async close() {
      await impostors.stop();
      await gateway.close();
      await rm(work, { recursive: true, force: true });
    },
  };
}

async function startOf(cluster: Rig, folder: string): Promise<Start> {
  const first = await secretValue(cluster, 'tuf-system/tuf-root', 'root');
  const rootJson = join(folder, 'root.json');
  await writeFile(rootJson, first);
  return { rootJson, sha256: sha256(first) };
}

function found<T>(map: ReadonlyMap<string, T>, name: string): T {
  const value = map.get(name);
  if (value === undefined) throw new Error(`there is no ${name}`);
  return value;
}
