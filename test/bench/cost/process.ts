import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run } from '../../cluster/rig.ts';
import { assembleApp } from '../../programs/app.ts';

let apps: string | undefined;

/** A folder that is there until this process ends. */
function appsFolder(): string {
  if (apps === undefined) {
    const made = mkdtempSync(join(tmpdir(), 'sigstand-apps-'));
    process.once('exit', () => rmSync(made, { recursive: true }));
    apps = made;
  }
  return apps;
}

/** The program and its first arguments, as the ENTRYPOINT of the Job's image has them. */
export function jobCommand(job: string): [string, ...string[]] {
  const app = join(appsFolder(), job);
  if (!existsSync(app)) assembleApp(job, app);
  return [process.execPath, join(app, 'launch.cjs')];
}

/** What the kernel says that a process cost, with all that it waited for. */
export interface Cost {
  readonly status: number;
  /** Milliseconds of user and system time together. */
  readonly cpu: number;
  /** MiB. */
  readonly peak: number;
  /** Milliseconds. */
  readonly wall: number;
}

export interface Measured extends Cost {
  /** What it printed, both streams. */
  readonly log: string;
}

/** @throws {Error} Where it is not what `measure` writes. */
export function parseCost(text: string): Cost {
  const read = JSON.parse(text) as Record<string, unknown>;
  const number = (name: string) => {
    const value = read[name];
    if (typeof value !== 'number') throw new Error(`no ${name} in ${text}`);
    return value;
  };
  return {
    status: number('status'),
    cpu: (number('userUs') + number('sysUs')) / 1_000,
    peak: number('peakKiB') / 1_024,
    wall: number('wallUs') / 1_000,
  };
}

/** Builds one of the programs of go/, with nothing but Go's standard library; resolves to its path. */
export async function goProgram(name: 'measure' | 'verify', work: string): Promise<string> {
  const path = join(work, name);
  const args = ['-C', join(import.meta.dirname, '../go'), 'build', '-o', path, `./${name}`];
  const built = await run('go', args, { env: { CGO_ENABLED: '0', GOTOOLCHAIN: 'local' } });
  if (built.status !== 0) throw new Error(`go build ${name}: ${built.stderr}`);
  return path;
}

/** Who a process is in the cluster: what Kubernetes mounts into a Pod, and where the API server is. */
export interface Identity {
  readonly url: string;
  readonly authority: string;
  readonly token: string;
  readonly namespace: string;
}

export interface ProcessOptions {
  readonly env?: Readonly<Record<string, string>>;
  /** Without it the process sees no cluster. */
  readonly identity?: Identity;
}

export interface Processes {
  /** Runs a command to its end, alone as in a Pod, and resolves to what it cost. */
  measure(command: readonly string[], options?: ProcessOptions): Promise<Measured>;
}

// In a mount namespace of its own, which goes with the process: the machine sees none of it.
const inPod = `
run=$(realpath /var/run)
mount -t tmpfs tmpfs "$run"
mkdir -p "$run/secrets/kubernetes.io"
ln -s "$1" "$run/secrets/kubernetes.io/serviceaccount"
shift
exec "$@"`;

/** `work` is a folder of its own that is there until the run ends. */
export async function processes(work: string): Promise<Processes> {
  const measure = await goProgram('measure', work);
  let runs = 0;
  return {
    async measure(command, { env = {}, identity } = {}) {
      runs += 1;
      const place = join(work, `process-${runs}`);
      await mkdir(place);
      const account = join(place, 'cost');
      const inside = identity && (await mounted(place, identity));
      const all = [...(inside ? inside.under : []), measure, account, ...command];
      const [program = measure, ...args] = all;
      const child = spawn(program, args, {
        // As little as a Pod has.
        env: { PATH: process.env.PATH, HOME: '/nonexistent', ...inside?.env, ...env },
        stdio: ['ignore', 'pipe', 'pipe'],
      });
      let log = '';
      for (const stream of [child.stdout, child.stderr]) {
        stream.setEncoding('utf8').on('data', (text) => {
          log += text;
        });
      }
      await once(child, 'close');
      const text = await readFile(account, 'utf8').catch((cause) => {
        throw new Error(`${command[0]} did not run:\n${log}`, { cause });
      });
      return { ...parseCost(text), log };
    },
  };
}

async function mounted(place: string, { url, authority, token, namespace }: Identity) {
  const account = join(place, 'serviceaccount');
  await mkdir(account);
  await writeFile(join(account, 'ca.crt'), authority);
  await writeFile(join(account, 'namespace'), namespace);
  await writeFile(join(account, 'token'), token, { mode: 0o600 });
  const { hostname, port } = new URL(url);
  return {
    under: ['unshare', '--mount', 'sh', '-euc', inPod, 'sh', account],
    env: {
      KUBERNETES_SERVICE_HOST: hostname,
      KUBERNETES_SERVICE_PORT: port,
      NAMESPACE: namespace,
    },
  };
}

/** The result, where the process did what it was to do. */
export function done(measured: Measured, what: string): Measured {
  if (measured.status === 0) return measured;
  throw new Error(`${what} ended with ${measured.status}:\n${measured.log}`);
}
