import { readdir, readFile, readlink } from 'node:fs/promises';
import { run } from '../cluster/rig.ts';

const folders = ['/run/sigstand', '/var/lib/sigstand', '/run/netns', '/etc/netns'];
/** What a kubelet sets for the whole machine, in a container as well. */
const sysctls = ['vm/overcommit_memory', 'vm/panic_on_oom', 'kernel/panic', 'kernel/panic_on_oops'];

/** What a machine called `name` has on this one: mounts, interfaces, folders, cgroups, each as a line. */
export async function tracesOf(name: string): Promise<string[]> {
  const lists = await Promise.all([
    readFile('/proc/self/mounts', 'utf8'),
    printed('find', '/sys/fs/cgroup', '-maxdepth', '3', '-type', 'd', '-path', '*/sigstand/*'),
    ...folders.map(async (folder) =>
      (await readdir(folder).catch(() => [])).map((entry) => `${folder}/${entry}`).join('\n'),
    ),
  ]);
  const named = new RegExp(`sigstand[-/]${name}(?![a-z0-9-])`);
  return lists.flatMap((list) => list.split('\n')).filter((line) => named.test(line));
}

/** The machine-wide state that an engine or a kubelet may change. */
export async function machineWide(): Promise<Record<string, string>> {
  const rules = await printed('iptables-save');
  return {
    // Without the counters and the times.
    iptables: rules.replace(/^#.*\n/gm, '').replace(/\[\d+:\d+\]/g, ''),
    interfaces: await printed('ip', '-brief', 'link'),
    addresses: await printed('ip', '-brief', '-4', 'address'),
    sysctls: (await Promise.all(sysctls.map((key) => readFile(`/proc/sys/${key}`, 'utf8')))).join(),
  };
}

/** The processes in a network namespace, by its inode as `readlink /proc/PID/ns/net` tells it. */
export async function processesIn(namespace: string): Promise<string[]> {
  const pids = (await readdir('/proc')).filter((entry) => /^\d+$/.test(entry));
  const inside = await Promise.all(
    pids.map(async (pid) => (await readlink(`/proc/${pid}/ns/net`).catch(() => '')) === namespace),
  );
  return pids.filter((_, index) => inside[index]);
}

async function printed(command: string, ...args: string[]): Promise<string> {
  return (await run(command, args)).stdout;
}
