import { describe, expect, it } from 'vitest';
import { fromHierarchies, fromUnified, groupsOf, machineTicks } from './cgroups.ts';
import { table } from './database.ts';
import { limits } from './limits.ts';
import { parseRun } from './run.ts';
import { machineShare, type Sample, slope, spent, together } from './sample.ts';

const mib = 2 ** 20;

/** A moment at which containers have used so many seconds of CPU. */
function moment(at: number, cpu: Record<string, number>, busy: number): Sample {
  const usage = Object.entries(cpu).map(
    ([name, used]) => [name, { cpu: used, memory: 0, anonymous: 0, throttled: 0 }] as const,
  );
  return { at, usage: new Map(usage), machine: { busy, all: (2 * at) / 1000 } };
}

describe('the accounts of the kernel', () => {
  it('reads what cgroup v1 spreads over its hierarchies', () => {
    const files = {
      used: '1500000000\n',
      cpu: 'nr_periods 4\nnr_throttled 2\nthrottled_time 250000000\n',
      memory: `${10 * mib}\n`,
      pages: `rss ${mib}\ntotal_rss ${5 * mib}\ntotal_inactive_file ${2 * mib}\n`,
    };
    expect(fromHierarchies(files)).toEqual({
      cpu: 1.5,
      memory: 8 * mib,
      anonymous: 5 * mib,
      throttled: 0.25,
    });
  });

  it('reads the same from cgroup v2, where an unlimited group has no throttling', () => {
    const pages = `anon ${5 * mib}\ninactive_file ${2 * mib}\n`;
    const usage = { cpu: 1.5, memory: 8 * mib, anonymous: 5 * mib };
    const files = { memory: `${10 * mib}\n`, pages };
    expect(fromUnified({ ...files, cpu: 'usage_usec 1500000\n' })).toEqual({
      ...usage,
      throttled: 0,
    });
    const cpu = 'usage_usec 1500000\nthrottled_usec 250000\n';
    expect(fromUnified({ ...files, cpu })).toEqual({ ...usage, throttled: 0.25 });
  });

  it('refuses accounts that lack what is asked for', () => {
    expect(() => fromUnified({ cpu: '', memory: '0', pages: '' })).toThrow(/without usage_usec/);
  });

  it('knows the group of a container by its Pod and the quality of service', () => {
    const pod = {
      metadata: { uid: 'abc' },
      spec: { containers: [{ name: 'rekor', resources: { limits: { cpu: '500m' } } }] },
      status: {
        phase: 'Running',
        qosClass: 'Burstable',
        containerStatuses: [{ name: 'rekor', containerID: 'containerd://f00' }],
      },
    };
    const group = 'sigstand/x/kubepods/burstable/podabc/f00';
    expect(groupsOf(pod, 'sigstand/x')).toEqual([{ name: 'rekor', group, cores: 0.5 }]);
    const guaranteed = { ...pod, status: { ...pod.status, qosClass: 'Guaranteed' } };
    expect(groupsOf(guaranteed, 'sigstand/x')[0]?.group).toBe('sigstand/x/kubepods/podabc/f00');
  });

  it('counts neither idle time nor waiting for disks as work of the machine', () => {
    const stat = 'cpu  100 0 100 700 100 0 0 0 0 0\ncpu0 1 2 3\n';
    expect(machineTicks(stat)).toEqual({ busy: 2, all: 10 });
  });
});

describe('what is made of two moments', () => {
  const from = moment(0, { mysql: 1, rekor: 4 }, 0);
  const to = moment(10_000, { mysql: 9, rekor: 6 }, 19);

  it('names the busiest container first', () => {
    expect(spent(from, to).map(({ name, cores }) => [name, cores])).toEqual([
      ['mysql', 0.8],
      ['rekor', 0.2],
    ]);
    expect(together(spent(from, to))).toBeCloseTo(1);
    expect(machineShare(from, to)).toBeCloseTo(0.95);
  });

  it('refuses to compare containers that are not the same', () => {
    expect(() => spent(moment(0, { mysql: 1 }, 0), to)).toThrow(/rekor was not there/);
  });

  it('says whether a container, the machine, or nothing is full', () => {
    const quantiles = (p50: number) => ({ p50, p90: 0, p99: 0, max: 0 });
    const latency = { all: quantiles(5), tsa: quantiles(1), rekor: quantiles(4) };
    const summary = { seconds: 10, clientCpuSeconds: 5, latency };
    const run = { windows: [], summary } as unknown as Parameters<typeof limits>[0]['run'];
    const of = (cores: number, end: Sample) =>
      limits({ ends: [from, end], containers: [{ name: 'mysql', group: '', cores }], run }).said;
    expect(of(0.85, to)).toMatch(/^limited by the CPU limit of mysql; /);
    expect(of(2, to)).toBe(
      "limited by the machine's CPU; 95 % of the machine busy: " +
        'the stack 1.00 cores (mysql 0.80, rekor 0.20), the clients 0.50',
    );
    const idle = { ...to, machine: { busy: 10, all: 20 } };
    expect(of(2, idle)).toMatch(/^limited by waiting, for rekor 4 of 5 ms; 50 %/);
  });
});

it('finds the slope of what grows, and of what does not', () => {
  const points = (of: (x: number) => number) => [1, 2, 3, 4].map((x) => [x, of(x)] as const);
  expect(slope(points((x) => 3 * x + 7))).toBeCloseTo(3);
  expect(slope(points(() => 5))).toBe(0);
  expect(() => slope([[1, 1]])).toThrow(/two points/);
});

it('reads the lines of a run, and refuses one that was cut off', () => {
  const line = '{"second":1,"operations":5,"failed":0,"latency":{},"clientCpuSeconds":0.1}';
  const run = parseRun(`${line}\n{"summary":{"operations":5}}\n`);
  expect(run.windows.map(({ operations }) => operations)).toEqual([5]);
  expect(run.summary.operations).toBe(5);
  expect(() => parseRun(`${line}\n`)).toThrow(/without a summary/);
});

it("reads the database client's lines", () => {
  expect(table('Questions\t12\nThreads_running\t1\n')).toEqual([
    ['Questions', 12],
    ['Threads_running', 1],
  ]);
});
