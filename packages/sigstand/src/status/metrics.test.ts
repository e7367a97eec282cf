import { execFileSync } from 'node:child_process';
import { lstatSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { parse } from 'yaml';
import { cli } from '../testing.ts';
import type { Finding } from './finding.ts';
import { metricNames, metrics } from './metrics.ts';
import { writeMetrics } from './state.ts';
import { looked, recording, rekor, silent } from './testing.ts';

const now = new Date('2026-11-27T12:00:00.900Z');
const finding = (outcome: Finding['outcome'], check: string, subject: string): Finding => ({
  ...{ outcome, check, subject, says: 'said' },
  ...(outcome === 'fail' && { kind: 'data' as const }),
});
const samples = (text: string) => text.split('\n').filter((line) => line && !line.startsWith('#'));

describe('what Prometheus is told', () => {
  beforeEach(() => vi.useFakeTimers({ toFake: ['Date'], now: new Date(recording.now) }));
  afterEach(() => vi.useRealTimers());

  it('is each check that was made, whether it fails or warns, and when', () => {
    const findings = [
      finding('ok', 'tuf-mirror', 'http://tuf'),
      finding('warn', 'certificates', 'Fulcio'),
      finding('fail', 'tuf-expiry', 'timestamp'),
      finding('none', 'rekor-key', 'http://rekor'),
    ];
    expect(samples(metrics(findings, now))).toEqual([
      'sigstand_check_failed{check="tuf-mirror",subject="http://tuf"} 0',
      'sigstand_check_failed{check="certificates",subject="Fulcio"} 0',
      'sigstand_check_failed{check="tuf-expiry",subject="timestamp"} 1',
      'sigstand_check_warned{check="tuf-mirror",subject="http://tuf"} 0',
      'sigstand_check_warned{check="certificates",subject="Fulcio"} 1',
      'sigstand_check_warned{check="tuf-expiry",subject="timestamp"} 0',
      'sigstand_status_exit_status 65',
      'sigstand_status_timestamp_seconds 1795780800',
    ]);
  });

  it('has one sample for each check and subject, and the worse of two', () => {
    const twice = [finding('ok', 'a', 'b'), finding('fail', 'a', 'b'), finding('ok', 'a', 'b')];
    const failed = samples(metrics(twice, now)).filter((line) => line.includes('_failed'));
    expect(failed).toEqual(['sigstand_check_failed{check="a",subject="b"} 1']);
  });

  it('escapes what would end a label', () => {
    const [line] = samples(metrics([finding('ok', 'a', 'b"c\\d\ne')], now));
    expect(line).toBe('sigstand_check_failed{check="a",subject="b\\"c\\\\d\\ne"} 0');
  });

  it('names a link that is broken', async () => {
    const { findings } = await looked(silent(rekor));
    expect(samples(metrics(findings, now))).toContain(
      `sigstand_check_failed{check="address",subject="${rekor}"} 1`,
    );
  });
});

describe('docs/alerts.md', () => {
  it('has a line for each metric that is printed, with its labels, and no other', () => {
    const page = readFileSync(join(import.meta.dirname, '../../../../docs/alerts.md'), 'utf8');
    const rows = [...page.matchAll(/^\| `(sigstand_\w+)(?:\{(.*)\})?` \|/gm)];
    const told = rows.map(([, name, labels = '']) => `${name}{${labels.replaceAll(' ', '')}}`);
    const printed = samples(metrics([finding('ok', 'a', 'b')], now)).map((line) => {
      const [, name, labels = ''] = /^(\w+)(?:\{(.*)\})? \d+$/.exec(line) ?? [];
      return `${name}{${labels.replaceAll(/="\w+"/g, '')}}`;
    });
    expect(told).toEqual(printed);
    expect(printed.map((one) => one.replace(/\{.*/, ''))).toEqual(metricNames);
  });
});

describe('the file', () => {
  const folder = mkdtempSync(join(tmpdir(), 'sigstand-metrics-'));
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it('is there as a whole, with nothing beside it', async () => {
    const path = join(folder, 'sigstand.prom');
    await writeMetrics(path, 'one\n');
    await writeMetrics(path, 'two\n');
    expect(readdirSync(folder)).toEqual(['sigstand.prom']);
    expect(readFileSync(path, 'utf8')).toBe('two\n');
  });

  it('takes the place of nothing else, such as /dev/null', async () => {
    const pipe = join(mkdtempSync(join(tmpdir(), 'sigstand-metrics-')), 'pipe');
    execFileSync('mkfifo', [pipe]);
    const asked = ['--direct', '--mirror=http://127.0.0.1:9'];
    for (const flag of ['--metrics', '--state']) {
      const { status, stdout, stderr } = await cli(['status', ...asked, `${flag}=${pipe}`]);
      expect({ status, stdout }).toEqual({ status: 64, stdout: '' });
      expect(stderr).toContain(`${flag} names something that is no file`);
      expect(lstatSync(pipe).isFIFO()).toBe(true);
    }
    rmSync(dirname(pipe), { recursive: true });
  });

  it('that cannot be written hides nothing of what was found', async () => {
    const asked = ['--direct', '--mirror=http://127.0.0.1:9'];
    for (const flag of ['--metrics', '--state']) {
      const args = ['status', ...asked, `${flag}=/nonexistent/of/nobody`];
      const { status, stdout } = await cli(args);
      expect({ flag, status }).toEqual({ flag, status: 65 });
      expect(stdout).toMatch(/^FAIL {2}tuf-mirror /m);
      expect(stdout).toContain(`${flag} cannot be written: ENOENT`);
    }
  });

  it('that cannot be written is named', async () => {
    await expect(writeMetrics('/nonexistent/of/nobody.prom', 'x')).rejects.toMatchObject({
      failure: 'data',
      message: '--metrics cannot be written: ENOENT',
    });
  });
});

describe('integrations/prometheus/rules.yaml', () => {
  const path = join(import.meta.dirname, '../../../../integrations/prometheus/rules.yaml');
  const { groups } = parse(readFileSync(path, 'utf8'));
  const rules = groups.flatMap(({ rules: own }: { rules: object[] }) => own);

  it('asks for metrics that there are: ours, or kube-state-metrics’ of CronJobs', () => {
    const theirs = ['kube_cronjob_status_last_successful_time', 'kube_cronjob_created'];
    const named = rules.flatMap(
      ({ expr }: { expr: string }) => expr.match(/\b(sigstand|kube)_\w+/g) ?? [],
    );
    expect(named.length).toBeGreaterThanOrEqual(rules.length);
    const unknown = named.filter((name: string) => ![...metricNames, ...theirs].includes(name));
    expect(unknown).toEqual([]);
  });

  it('says of each what it is, how grave, and what to do', () => {
    for (const rule of rules) {
      expect(rule).toMatchObject({
        labels: { severity: expect.stringMatching(/^(critical|warning)$/) },
        annotations: {
          summary: expect.any(String),
          description: expect.stringContaining('sigstand status'),
        },
      });
    }
  });
});
