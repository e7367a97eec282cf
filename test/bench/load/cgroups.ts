import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Rig } from '../../cluster/rig.ts';

/** A container of the stack, and the cgroup that accounts for it. */
export interface Container {
  readonly name: string;
  readonly group: string;
  /** Cores that it may use; undefined for no limit. */
  readonly cores: number | undefined;
}

/** What a container has used, as the kernel counts it. */
export interface Usage {
  /** Seconds of CPU since it started. */
  readonly cpu: number;
  /** Bytes as the kubelet counts them: without file pages that could go at once. */
  readonly memory: number;
  /** Bytes that no file backs. */
  readonly anonymous: number;
  /** Seconds that it was held back by its CPU limit. */
  readonly throttled: number;
}

interface Listed {
  readonly metadata: { readonly uid: string };
  readonly spec: {
    readonly containers: readonly {
      readonly name: string;
      readonly resources?: { readonly limits?: { readonly cpu?: string } };
    }[];
  };
  readonly status: {
    readonly phase: string;
    readonly qosClass: string;
    readonly containerStatuses?: readonly {
      readonly name: string;
      readonly containerID?: string;
    }[];
  };
}

/** Names are unique among the stack's: a server has one Pod of one container. */
const ofTheStack = ['-A', '-l', 'app.kubernetes.io/part-of=sigstand'];
const top = '/sys/fs/cgroup';
const unified = existsSync(join(top, 'cgroup.controllers'));

/** The running containers of the Pods that kubectl's flags choose; the default is `ofTheStack`. */
export async function containersOf(
  cluster: Rig,
  ...which: readonly string[]
): Promise<Container[]> {
  const chosen = which.length > 0 ? which : ofTheStack;
  const { items } = await cluster.get<{ items: Listed[] }>('pods', ...chosen);
  return items
    .filter(({ status }) => status.phase === 'Running')
    .flatMap((pod) => groupsOf(pod, `sigstand/${cluster.env.RIG}`));
}

/** Where the kubelet, with cgroups of its own making, puts the containers of a Pod. */
export function groupsOf({ metadata, spec, status }: Listed, root: string): Container[] {
  const quality = status.qosClass === 'Guaranteed' ? '' : `/${status.qosClass.toLowerCase()}`;
  return (status.containerStatuses ?? []).map(({ name, containerID = '' }) => {
    const limit = spec.containers.find((each) => each.name === name)?.resources?.limits?.cpu;
    return {
      name,
      group: `${root}/kubepods${quality}/pod${metadata.uid}/${containerID.split('//')[1]}`,
      cores: limit === undefined ? undefined : coresOf(limit),
    };
  });
}

/** "2" and "500m" as numbers. */
function coresOf(quantity: string): number {
  return quantity.endsWith('m') ? Number(quantity.slice(0, -1)) / 1000 : Number(quantity);
}

/** @throws {Error} Where the container is gone: what ran before and after is not one measurement. */
export async function usageOf({ group }: Container): Promise<Usage> {
  const read = (controller: string, file: string) =>
    readFile(join(top, unified ? '' : controller, group, file), 'utf8');
  if (unified) {
    return fromUnified({
      cpu: await read('cpu', 'cpu.stat'),
      memory: await read('memory', 'memory.current'),
      pages: await read('memory', 'memory.stat'),
    });
  }
  return fromHierarchies({
    used: await read('cpuacct', 'cpuacct.usage'),
    cpu: await read('cpu', 'cpu.stat'),
    memory: await read('memory', 'memory.usage_in_bytes'),
    pages: await read('memory', 'memory.stat'),
  });
}

/** cgroup v1. */
export function fromHierarchies(files: {
  readonly used: string;
  readonly cpu: string;
  readonly memory: string;
  readonly pages: string;
}): Usage {
  return {
    cpu: Number(files.used) / 1e9,
    memory: Number(files.memory) - field(files.pages, 'total_inactive_file'),
    anonymous: field(files.pages, 'total_rss'),
    throttled: field(files.cpu, 'throttled_time') / 1e9,
  };
}

/** cgroup v2. */
export function fromUnified(files: {
  readonly cpu: string;
  readonly memory: string;
  readonly pages: string;
}): Usage {
  return {
    cpu: field(files.cpu, 'usage_usec') / 1e6,
    memory: Number(files.memory) - field(files.pages, 'inactive_file'),
    anonymous: field(files.pages, 'anon'),
    throttled: /^throttled_usec/m.test(files.cpu) ? field(files.cpu, 'throttled_usec') / 1e6 : 0,
  };
}

/** @throws {Error} Where a kernel does not tell it. */
function field(text: string, name: string): number {
  const value = new RegExp(`^${name} (\\d+)$`, 'm').exec(text)?.[1];
  if (value === undefined) throw new Error(`a cgroup without ${name}:\n${text}`);
  return Number(value);
}

/** Seconds that all cores of the machine together have worked since it started, of `all` that there were. */
export async function machine(): Promise<{ busy: number; all: number }> {
  return machineTicks(await readFile('/proc/stat', 'utf8'));
}

/** Of /proc/stat: user, nice, system, idle, iowait, irq, softirq, steal, in hundredths of a second. */
export function machineTicks(stat: string): { busy: number; all: number } {
  const [first = ''] = stat.split('\n');
  const ticks = first.split(/\s+/).slice(1, 9).map(Number);
  const all = ticks.reduce((sum, each) => sum + each, 0);
  const waiting = (ticks[3] ?? 0) + (ticks[4] ?? 0);
  return { busy: (all - waiting) / 100, all: all / 100 };
}
