import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { type Result, type RunOptions, run } from './cluster/rig.ts';

/** The CLI as npm packs it, in a folder that holds nothing else. */
export interface Packed {
  readonly folder: string;
  readonly file: string;
  /** The version of the Node that runs it: the machine's own, where that is another than the tests'. */
  readonly node: string;
  /** What runs it as its users do, and what is done with it. */
  readonly command: readonly string[];
  /** Runs that here. */
  npx(args: readonly string[], options?: RunOptions): Promise<Result>;
  remove(): Promise<void>;
}

/** Packs the CLI; @throws {Error} Where npm does not. */
export async function packed(): Promise<Packed> {
  const folder = await mkdtemp(join(tmpdir(), 'sigstand-packed-'));
  const pack = ['pack', '--silent', '--pack-destination', folder, '--workspace', 'sigstand'];
  const { status, stdout, stderr } = await run('npm', pack);
  if (status !== 0) throw new Error(`npm pack: ${stdout}${stderr}`);
  const [file = ''] = await readdir(folder);
  // Whatever npm tells what it runs would tell it of this project.
  const npm = Object.keys(process.env).filter((name) => /^npm_/i.test(name));
  const own = [`npm_config_cache=${folder}/.npm`, 'npm_config_update_notifier=false'];
  const env = [`PATH=${machinePath()}`, `HOME=${folder}`, ...own];
  const bare = [...npm.flatMap((name) => ['-u', name]), '-C', folder, ...env];
  const version = await run('env', [...bare, 'node', '--version']);
  // It has no dependency: nothing is to be fetched.
  const command = [...bare, 'npx', '--offline', '--yes', `./${file}`];
  return {
    ...{ folder, file, node: version.stdout.trim(), command: ['env', ...command] },
    npx: (args, options) => run('env', [...command, ...args], options),
    remove: () => rm(folder, { recursive: true, force: true }),
  };
}

/** The PATH without the project's own Node, which is newer than what its users have. */
export function machinePath(): string {
  const all = (process.env.PATH ?? '').split(delimiter);
  return all.filter((one) => !/node_modules/.test(one)).join(delimiter);
}
