import { type ChildProcess, execFileSync, fork } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { FileReport } from './judge.ts';
import type { Question } from './worker.ts';

/** A copy of the project, with everything of it that git knows or would take, also what is not committed. */
export function copyTree(root: string, to: string): void {
  const list = execFileSync(
    'git',
    ['ls-files', '-z', '--cached', '--others', '--exclude-standard'],
    { cwd: root, encoding: 'utf8' },
  );
  for (const file of list.split('\0').filter((one) => one && existsSync(join(root, one)))) {
    cpSync(join(root, file), join(to, file), { verbatimSymlinks: true });
  }
  linkModules(root, to);
}

/** Packages by links; but our own are the copy's, or the tests would load what was not changed. */
function linkModules(root: string, to: string): void {
  const [from, modules] = [join(root, 'node_modules'), join(to, 'node_modules')];
  mkdirSync(join(modules, '@sigstand'), { recursive: true });
  for (const name of readdirSync(from).filter((one) => !['@sigstand', '.vite'].includes(one))) {
    symlinkSync(join(from, name), join(modules, name));
  }
  for (const name of readdirSync(join(from, '@sigstand'))) {
    symlinkSync(join(to, 'packages', name), join(modules, '@sigstand', name));
  }
}

// Far more than a test file takes; a change that makes one hang is not waited out.
const longest = 300_000; // milliseconds

/** A copy, and a process in it that runs test files. */
export class Workshop {
  readonly tree: string;
  #child: ChildProcess | undefined;
  /** Files that were changed, or changed back, since the process last read them. */
  readonly #stale = new Set<string>();

  constructor(tree: string) {
    this.tree = tree;
  }

  /** Writes a file of the copy. */
  write(file: string, text: string): void {
    this.#stale.add(file);
    writeFileSync(join(this.tree, file), text);
  }

  /** Runs one test file, or one test of it; undefined where it did not end. */
  async run(file: string, test?: string): Promise<FileReport | undefined> {
    const child = this.#child ?? (await this.#start());
    const changed = [...this.#stale];
    this.#stale.clear();
    const report = (await answer(child, { file, test, changed })) as FileReport | undefined;
    if (report === undefined) this.close();
    return report;
  }

  async #start(): Promise<ChildProcess> {
    const child = fork('test/mutants/worker.ts', {
      cwd: this.tree,
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
    this.#child = child;
    if ((await answer(child)) === 'ready') return child;
    throw new Error(`no tests can be run in ${this.tree}`);
  }

  close(): void {
    this.#child?.kill('SIGKILL');
    this.#child = undefined;
  }
}

/** What the process says next; undefined where it ends first, or takes too long. */
function answer(child: ChildProcess, question?: Question): Promise<unknown> {
  return new Promise((resolve) => {
    const late = setTimeout(() => done(undefined), longest);
    const ended = () => done(undefined);
    const done = (message: unknown) => {
      clearTimeout(late);
      child.off('message', done).off('exit', ended);
      resolve(message);
    };
    child.once('message', done).once('exit', ended);
    if (question) child.send(question);
  });
}
