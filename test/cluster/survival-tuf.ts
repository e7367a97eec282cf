import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { initTUF } from '@sigstore/tuf';
import { beforeAll, describe, expect, it } from 'vitest';
import { get } from './gateway.ts';
import { comeBack, end, living } from './servers.ts';
import { type Stack, secretValue, versions } from './stack.ts';
import type { Figures } from './survival-servers.ts';

const within = 60_000;
const server = 'tuf-system/tuf';
const restarts = 20;
const digest = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');

/** Every file of the repository with the hash of its bytes, as one Pod serves it. */
async function served({ gateway, cluster }: Stack, ip: string) {
  const { data = {}, binaryData = {} } = await cluster.get<Record<'data' | 'binaryData', object>>(
    ...['configmap', 'tuf-repository', '-n', 'tuf-system'],
  );
  const url = await gateway.url(ip, 8080);
  const files = await Promise.all(
    Object.keys({ ...data, ...binaryData }).map(async (name) => {
      const { status, body } = await get(`${url}/${name}`);
      if (status !== 200) throw new Error(`${ip} answers ${status} for ${name}`);
      return [name, digest(body)];
    }),
  );
  return Object.fromEntries(files) as Record<string, string>;
}

const tufPods = async ({ cluster }: Stack) =>
  (await living(cluster)).filter((life) => life.server === server);

/** Runs its program in a row, as one Pod: a Pod for each run would take ten times as long. */
const inARow = (times: number) => `
  const { spawnSync } = require('node:child_process');
  for (let nth = 0; nth < ${times}; nth++) {
    const { status } = spawnSync(process.execPath, ['/app/job.cjs'], { stdio: 'inherit' });
    if (status !== 0) process.exit(status ?? 1);
  }`;

interface CronJob {
  readonly spec: { readonly jobTemplate: { readonly spec: JobSpec } };
}
interface JobSpec {
  readonly template: {
    readonly spec: { readonly containers: readonly [{ readonly command?: readonly string[] }] };
  };
}

/** Runs createtuf with the image, the rights and the limits of its manifest; resolves when it is Complete. */
async function runAgain({ cluster, work }: Stack, times: number) {
  const cron = await cluster.get<CronJob>('cronjob', 'createtuf', '-n', 'tuf-system');
  const { spec } = structuredClone(cron.spec.jobTemplate);
  if (times > 1) {
    const command = ['/nodejs/bin/node', '-e', inARow(times)];
    Object.assign(spec.template.spec.containers[0], { command });
  }
  const metadata = { name: 'again', namespace: 'tuf-system' };
  const file = join(work, 'again.json');
  await writeFile(file, JSON.stringify({ apiVersion: 'batch/v1', kind: 'Job', metadata, spec }));
  await cluster.kubectl('apply', '-f', file);
  const place = ['-n', 'tuf-system', 'job/again'];
  await cluster.kubectl('wait', '--for=condition=Complete', ...place, '--timeout=4m');
  const said = await cluster.kubectl('logs', ...place);
  const { status } = await cluster.get<{ status: { failed?: number } }>(...place);
  await cluster.kubectl('delete', ...place);
  return { failed: status.failed ?? 0, said };
}

/** Deletes every Pod of the web server; resolves when its Service answers from their successors. */
async function restart(stack: Stack) {
  const lives = await tufPods(stack);
  const since = Date.now();
  await end(stack.cluster, lives, 'by force');
  const took = await comeBack(stack.cluster, lives, { since, within });
  // kube-proxy learns of a Pod a moment after it is Ready.
  const url = `${await stack.gateway.url('tuf.tuf-system.svc')}/healthz`;
  const answers = () =>
    get(url).then(
      ({ status }) => status === 200,
      () => false,
    );
  while (!(await answers())) {
    if (Date.now() > since + within)
      throw new Error('the TUF server is Ready, and does not answer');
    await sleep(100);
  }
  return Math.max(...took.values());
}

async function scale({ cluster }: Stack, replicas: number) {
  const deployment = ['deployment/tuf', '-n', 'tuf-system'];
  await cluster.kubectl('scale', ...deployment, `--replicas=${replicas}`);
  await cluster.kubectl('rollout', 'status', ...deployment, '--timeout=2m');
}

/** What clients start from and follow, which nothing but a change of keys may change. */
export function describeTuf(of: () => Stack, figures: Figures, long: boolean): void {
  let files: Record<string, string> = {};
  let root: Buffer;
  let before: Record<string, string> = {};
  beforeAll(async () => {
    const stack = of();
    const [pod] = await tufPods(stack);
    files = await served(stack, pod!.ip);
    root = await secretValue(stack.cluster, 'tuf-system/tuf-root', 'root');
    before = await versions(stack.cluster);
  });

  const unchanged = async () => {
    expect(digest(await secretValue(of().cluster, 'tuf-system/tuf-root', 'root'))).toBe(
      digest(root),
    );
    expect(await versions(of().cluster)).toEqual(before);
  };

  it('serves the root that the Secret holds, and a version of it that never changes', () => {
    expect(files['root.json'] ?? files['1.root.json']).toBe(digest(root));
    expect(files['1.root.json']).toBe(digest(root));
    expect(Object.keys(files)).toContain('timestamp.json');
  });

  it('four replicas serve the same bytes through five deletions of all, while createtuf runs 20 times', async () => {
    const stack = of();
    await scale(stack, 4);
    const running = runAgain(stack, restarts);
    const took: number[] = [];
    for (let deleted = 0; deleted < restarts; deleted += 4) {
      took.push(await restart(stack));
      await scale(stack, 4);
      const pods = await tufPods(stack);
      expect(pods).toHaveLength(4);
      for (const { ip } of pods) expect(await served(stack, ip)).toEqual(files);
    }
    const { failed, said } = await running;
    expect(failed).toBe(0);
    expect(said.split(digest(root))).toHaveLength(restarts + 1);
    await scale(stack, 1);
    figures.push(`four tuf Pods deleted at once, five times: Ready after ${took.join(', ')} ms`);
    await unchanged();
  });

  describe('a client that was there before', () => {
    const cached = (folder: string) => {
      const path = readdirSync(folder, { recursive: true, encoding: 'utf8' }).find((name) =>
        name.endsWith('timestamp.json'),
      );
      return JSON.parse(readFileSync(join(folder, path ?? ''), 'utf8')).signed.version as number;
    };

    it('sigstore-js updates from a restarted server, and sees no older version', async () => {
      const { gateway, work, rootJson } = of();
      const options = {
        mirrorURL: await gateway.url('tuf.tuf-system.svc'),
        rootPath: rootJson,
        cachePath: join(work, 'sigstore-js'),
        retry: false,
        forceCache: false,
      };
      const target = await (await initTUF(options)).getTarget('trusted_root.json');
      const version = cached(options.cachePath);
      await restart(of());
      const again = await initTUF(options);
      expect(await again.getTarget('trusted_root.json')).toBe(target);
      expect(cached(options.cachePath)).toBe(version);
    });

    it('cosign verifies what it signed before, and signs, asking the restarted server', async () => {
      const { cluster, ledger } = of();
      const [pod] = await tufPods(of());
      const asked = async () =>
        (await cluster.kubectl('logs', '-n', 'tuf-system', pod!.pod)).match(
          /GET \/timestamp\.json/g,
        )?.length ?? 0;
      const first = await asked();
      await ledger.signWithin(within);
      expect(await ledger.violations([ledger.signatures[0]!, ledger.signatures.at(-1)!])).toEqual(
        [],
      );
      expect(await asked()).toBeGreaterThan(first);
    });
  });

  it.runIf(long)(
    'twenty restarts, and a run of createtuf after each, one after another',
    async () => {
      const stack = of();
      for (let nth = 0; nth < restarts; nth++) {
        await restart(stack);
        expect((await runAgain(stack, 1)).failed).toBe(0);
        const [pod] = await tufPods(stack);
        expect(await served(stack, pod!.ip)).toEqual(files);
      }
      await unchanged();
    },
  );
}
