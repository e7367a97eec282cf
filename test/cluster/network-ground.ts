import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Target } from '../network/table.ts';
import { processes } from './processes.ts';
import { type Rig, root, run } from './rig.ts';

const probe = join(root, 'test/network/probe.ts');

/** A process of this machine that is in the network where flows are tried. */
export type Inside = number;

/**
 * The first process of a Pod, which is the rig's: its control group bears the Pod's uid. Others, as of a probe, may end
 * in a moment.
 */
export function insidePod(uid: string): Inside {
  const pids = readdirSync('/proc').filter(
    (name) => /^\d+$/.test(name) && textOf(name, 'cgroup').includes(uid),
  );
  const [first] = pids.sort((one, other) => beganAt(one) - beganAt(other));
  if (first === undefined) throw new Error(`the Pod ${uid} has no process`);
  return Number(first);
}

/** When a process began, in ticks since the machine did: field 22 of proc(5), of which the second may have blanks. */
function beganAt(pid: string): number {
  const stat = textOf(pid, 'stat');
  const began = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
  return Number(began ?? Number.POSITIVE_INFINITY);
}

function textOf(pid: string, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8');
  } catch {
    return ''; // it has ended
  }
}

/** The rig's first process, which is in the node's own network. */
export function insideNode({ env }: Rig): Inside {
  const holder = `/var/lib/sigstand/${env.RIG}/holder `;
  const found = processes().find(({ command }) => command.startsWith(holder));
  if (found === undefined) throw new Error(`the rig ${env.RIG} has no holder`);
  return found.pid;
}

/** The TCP ports there on which others than itself are listened for. */
export function listening(inside: Inside): number[] {
  const lines = ['tcp', 'tcp6'].flatMap((file) =>
    readFileSync(`/proc/${inside}/net/${file}`, 'utf8').trim().split('\n').slice(1),
  );
  const ports = lines.flatMap((line) => {
    const [, local = '', , state] = line.trim().split(/\s+/);
    const [address = '', port = ''] = local.split(':');
    // By words of four bytes in the machine's order: 127.0.0.1 ends with 7F, and ::1 with 01000000.
    const loopback = /^(0{16}FFFF0000)?[0-9A-F]{6}7F$|^0{24}01000000$/.test(address);
    return state === '0A' && !loopback ? [Number.parseInt(port, 16)] : [];
  });
  return [...new Set(ports)].sort((a, b) => a - b);
}

/** Where a target is. */
export interface Place extends Target {
  readonly address: string;
}

/** Which of these are open from there; what says nothing for `limit` milliseconds is not. */
export async function tryPlaces(
  inside: Inside,
  places: readonly Place[],
  limit: number,
): Promise<boolean[]> {
  const input = JSON.stringify(places.map((to) => [to.protocol, to.address, to.port]));
  const args = [`--target=${inside}`, '--net', '--', process.execPath, probe, 'try', `${limit}`];
  const { status, stdout, stderr } = await run('nsenter', args, { input, timeout: 60_000 });
  if (status !== 0) throw new Error(`${probe} ended with ${status}: ${stderr}`);
  return JSON.parse(stdout) as boolean[];
}

/** What is beyond the cluster: addresses that answer, and that only the node knows the way to. */
export interface World {
  readonly inside: Inside;
  readonly places: readonly Place[];
  close(): Promise<void>;
}

/** An address of documentation (RFC 5737), and the one where clouds tell a machine its secrets. */
const addresses = ['203.0.113.10', '169.254.169.254'];
const ports = [53, 80, 443, 6443, 8443];

/** Makes a world that ends with this process: a network without a name, joined to the node's. */
export async function openWorld(cluster: Rig): Promise<World> {
  const args = ['--net', process.execPath, probe, 'answer', ...ports.map(String)];
  const child = spawn('unshare', args, { stdio: ['pipe', 'ignore', 'inherit'] });
  const inside = child.pid!;
  const network = () => readlinkSync(`/proc/${inside}/ns/net`);
  while (network() === readlinkSync('/proc/self/ns/net')) await sleep(5);

  await cluster.mustExec(`ip link add world type veth peer name node netns ${inside}`.split(' '));
  await inNetwork(inside, [
    'link set lo up',
    'link set node up',
    'addr add 198.51.100.2/24 dev node',
    ...addresses.map((address) => `addr add ${address}/32 dev lo`),
    'route add default via 198.51.100.1',
  ]);
  await inNetwork(insideNode(cluster), [
    'addr add 198.51.100.1/24 dev world',
    'link set world up',
    ...addresses.map((address) => `route add ${address} via 198.51.100.2`),
  ]);
  while (listening(inside).length < ports.length) await sleep(20);
  return {
    inside,
    places: addresses.flatMap((address) =>
      ports.map((port) => ({ name: address, address, port, protocol: 'tcp' as const })),
    ),
    async close() {
      child.stdin.end();
      if (child.exitCode === null) await once(child, 'exit');
    },
  };
}

async function inNetwork(inside: Inside, commands: readonly string[]) {
  const args = [`--target=${inside}`, '--net', '--', 'ip', '-batch', '-'];
  const { status, stderr } = await run('nsenter', args, { input: `${commands.join('\n')}\n` });
  if (status !== 0) throw new Error(`ip: ${stderr}`);
}
