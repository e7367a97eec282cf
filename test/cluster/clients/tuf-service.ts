import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Gateway, get } from '../gateway.ts';
import type { Rig } from '../rig.ts';
import type { Files } from './forgery.ts';

const place = ['-n', 'tuf-system'];

interface Job {
  readonly spec: { readonly template: { readonly spec: { readonly containers: [object] } } };
  readonly status?: { readonly succeeded?: number; readonly failed?: number };
}

/** Runs its program in a row, as one Pod: a Pod for each run would take ten times as long. */
const inARow = (times: number) => `
  const { spawnSync } = require('node:child_process');
  for (let nth = 0; nth < ${times}; nth++) {
    const args = ['/app/job.cjs', ...process.argv.slice(1)];
    const { status } = spawnSync(process.execPath, args, { stdio: 'inherit' });
    if (status !== 0) process.exit(status ?? 1);
  }`;

/** The TUF repository of a stack, and the Job that writes it. */
export interface TufService {
  /**
   * Runs createtuf now, as the CronJob would, with these flags and so many times in a row; resolves to
   * its log when clients are served what came of it.
   */
  createtuf(name: string, args: readonly string[], times?: number): Promise<string>;
  /** Resolves when the web server has what the ConfigMap holds. */
  served(): Promise<void>;
  /** The repository as it is published. */
  files(): Promise<Files>;
}

export function tufService(cluster: Rig, gateway: Gateway, work: string): TufService {
  const files: TufService['files'] = async () => {
    const map = await cluster.get<Record<'data' | 'binaryData', Record<string, string>>>(
      ...['configmap', 'tuf-repository', ...place],
    );
    const decode = (encoding: BufferEncoding, of: Record<string, string> = {}) =>
      Object.entries(of).map(([name, text]) => [name, Buffer.from(text, encoding)]);
    return Object.fromEntries([...decode('utf8', map.data), ...decode('base64', map.binaryData)]);
  };

  const served: TufService['served'] = async () => {
    // The kubelet looks at a ConfigMap again within a minute, and at once when the Pod changes.
    const now = `sigstand.dev/looked-at=${Date.now()}`;
    await cluster.kubectl(
      ...['annotate', 'pods', ...place, '-l', 'app.kubernetes.io/name=tuf', '--overwrite', now],
    );
    const wanted = (await files())['timestamp.json'];
    const url = `${await gateway.url('tuf.tuf-system.svc')}/timestamp.json`;
    for (const deadline = Date.now() + 120_000; ; await sleep(100)) {
      const found = await get(url);
      if (wanted && found.body.equals(wanted)) return;
      if (Date.now() > deadline) throw new Error(`${url} is not what the ConfigMap holds`);
    }
  };

  const createtuf: TufService['createtuf'] = async (name, args, times = 1) => {
    const job = JSON.parse(
      await cluster.kubectl(
        ...['create', 'job', name, ...place, '--from=cronjob/createtuf'],
        ...['--dry-run=client', '-o', 'json'],
      ),
    ) as Job;
    const command = ['/nodejs/bin/node', '-e', inARow(times), '--', ...args];
    Object.assign(job.spec.template.spec.containers[0], times > 1 ? { command } : { args });
    const file = join(work, `${name}.json`);
    await writeFile(file, JSON.stringify(job));
    await cluster.kubectl('apply', '-f', file);
    for (const deadline = Date.now() + 120_000; ; await sleep(250)) {
      const { status = {} } = await cluster.get<Job>('job', name, ...place);
      if (status.succeeded) break;
      if (status.failed || Date.now() > deadline) {
        const said = await cluster.kubectl('logs', ...place, `job/${name}`, '--tail=20');
        throw new Error(`createtuf ${args.join(' ')} did not succeed:\n${said}`);
      }
    }
    const said = await cluster.kubectl('logs', ...place, `job/${name}`);
    await served();
    return said;
  };
  return { createtuf, served, files };
}
