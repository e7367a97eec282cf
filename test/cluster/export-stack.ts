import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { tufRoot } from '@sigstand/contracts/records';
import { createTuf } from '@sigstand/createtuf/job';
import { supplied } from '@sigstand/createtuf/testing';
import { runJob } from '@sigstand/job/testing';
import { type Result, type Rig, rig, run } from './rig.ts';

/** A stack, and where its export lies. */
export interface Exported {
  readonly cluster: Rig;
  readonly work: string;
  readonly folder: string;
  /** The first root of another stack, whose names and URLs are the same. */
  readonly strangers: string;
  /** By which the scripts find the stack. */
  readonly env: Readonly<Record<string, string>>;
  /** Exports as a person does. */
  export(to: string, ...args: string[]): Promise<Result>;
  /** One of the files that were exported. */
  text(name: string): Promise<string>;
  remove(): Promise<void>;
}

/** Writes the first root of another stack, and gives its path. */
export async function strangersIn(work: string): Promise<string> {
  const path = join(work, 'strangers.json');
  const other = await supplied();
  await runJob(createTuf(), other);
  await writeFile(path, (await other.read(tufRoot))?.data.root ?? '');
  return path;
}

/** The stack that an instance of the rig is to have; nothing is started. */
export async function exportedFrom(instance: string): Promise<Exported> {
  const cluster = rig(instance);
  const work = await mkdtemp(join(tmpdir(), `sigstand-${instance}-`));
  const folder = join(work, 'trust');
  const strangers = await strangersIn(work);
  const env = { ...cluster.env, SIGSTAND_OUT: join(work, 'out') };
  return {
    ...{ cluster, work, folder, strangers, env },
    export: (to, ...args) =>
      run('npm', ['run', '--silent', 'export', '--', '--to', to, ...args], { env }),
    text: (name) => readFile(join(folder, name), 'utf8'),
    async remove() {
      await cluster.must(['down']);
      await rm(work, { recursive: true, force: true });
    },
  };
}
