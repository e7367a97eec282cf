import { join } from 'node:path';
import { bash, inFolder, root, standIn } from '../shell.ts';

/** What a part of the action meets. */
export interface Given {
  /** What the action is given, by the names that action.yml gives its shell. */
  readonly inputs?: Readonly<Record<string, string>>;
  /** Programs that stand before all others, as bash. */
  readonly programs?: Readonly<Record<string, string>>;
  readonly files?: Readonly<Record<string, string>>;
}

/** Runs a part in a workspace of its own; `read` gives a file of it, as it was left. */
export function part(name: string, { inputs = {}, programs = {}, files = {} }: Given = {}) {
  return inFolder({ 'work/.keep': '', ...files }, (folder) => {
    const env: Record<string, string> = {
      PATH: process.env.PATH ?? '',
      GITHUB_WORKSPACE: join(folder, 'work'),
      GITHUB_ENV: join(folder, 'env'),
      GITHUB_OUTPUT: join(folder, 'output'),
      GITHUB_STEP_SUMMARY: join(folder, 'summary'),
      SIGSTAND_OUT: join(folder, 'out'),
      SIGSTAND_HOSTS: join(folder, 'hosts'),
      FOLDER: folder,
    };
    for (const [input, value] of Object.entries(inputs))
      env[`INPUTS_${input.toUpperCase().replaceAll('-', '_')}`] = value;
    for (const [program, body] of Object.entries(programs))
      env.PATH = standIn(folder, program, `echo "${program} $*" >>'${folder}/asked'\n${body}`);
    const said = bash(`bash '${root}/action/${name}.sh'`, { env, folder: join(folder, 'work') });
    const left: Record<string, string> = {};
    for (const file of [
      'env',
      'output',
      'summary',
      'hosts',
      'asked',
      'out/kind.yaml',
      'out/cluster',
    ])
      left[file] = bash(`cat '${folder}/${file}' 2>/dev/null || true`).stdout;
    left.logs = bash(`cd '${folder}/out/logs' 2>/dev/null && cat * || true`).stdout;
    left.files = bash(
      `cd '${folder}' && find out/trust work -type f | sort | xargs -r sha256sum`,
    ).stdout;
    return { ...said, left };
  });
}
