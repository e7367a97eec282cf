import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Result, type Rig, type RunOptions, run } from '../../cluster/rig.ts';

/** The node's address, at whose port 443 the ingress controller answers. */
const node = '10.200.0.1';

/** A machine outside of the cluster: it reaches one address of it, and knows some names for that. */
export interface Road {
  exec(command: readonly string[], options?: RunOptions): Promise<Result>;
  /** @throws {Error} Where the command fails. */
  must(command: readonly string[], options?: RunOptions): Promise<string>;
  close(): Promise<void>;
}

/** Makes one, in a network namespace of its own with a wire to the rig's; it has no DNS and no other way. */
export async function openRoad(instance: string, hosts: readonly string[]): Promise<Road> {
  const inside = instance === 'sigstand' ? 'sigstand' : `sigstand-${instance}`;
  const name = `${inside}-out`;
  const etc = join('/etc/netns', name);
  const close = async () => {
    await run('ip', ['netns', 'delete', name]);
    await rm(etc, { recursive: true, force: true });
  };
  await close();
  await mkdir(etc, { recursive: true });
  await writeFile(join(etc, 'resolv.conf'), '');
  await writeFile(join(etc, 'hosts'), `127.0.0.1 localhost\n${node} ${hosts.join(' ')}\n`);
  const ip = (line: string) => must('ip', line.split(' '));
  await ip(`netns add ${name}`);
  await ip(`-n ${inside} link add out0 type veth peer name out1`);
  await ip(`-n ${inside} link set out1 netns ${name}`);
  await ip(`-n ${inside} addr add 10.201.0.1/30 dev out0`);
  await ip(`-n ${inside} link set out0 up`);
  await ip(`-n ${name} addr add 10.201.0.2/30 dev out1`);
  await ip(`-n ${name} link set lo up`);
  await ip(`-n ${name} link set out1 up`);
  await ip(`-n ${name} route add ${node}/32 via 10.201.0.1`);
  const exec: Road['exec'] = (command, options) =>
    run('ip', ['netns', 'exec', name, ...command], options);
  return {
    exec,
    must: async (command, options) => expectOk(command.join(' '), await exec(command, options)),
    close,
  };
}

async function must(command: string, args: readonly string[]): Promise<string> {
  return expectOk(`${command} ${args.join(' ')}`, await run(command, args));
}

function expectOk(what: string, { status, stdout, stderr }: Result): string {
  if (status !== 0) throw new Error(`${what} ended with ${status}\n${stdout}${stderr}`);
  return stdout;
}

/** The rig for whoever stands at that end: the same cluster, but commands run outside. */
export function seenFrom(cluster: Rig, road: Road): Rig {
  return { ...cluster, exec: road.exec, mustExec: road.must };
}
