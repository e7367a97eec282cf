import { cp, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { Rig } from '../cluster/rig.ts';
import { root, run } from '../cluster/rig.ts';
import { binary } from '../programs/binaries.ts';

/** A step of a workflow, as act tells it. */
export interface Step {
  readonly name: string;
  readonly result: 'success' | 'failure' | 'skipped';
  /** What it printed. */
  readonly said: string;
  readonly seconds: number;
}

/** A machine that runs workflows, as a runner of GitHub's would. */
export interface Runner {
  /** Runs all jobs of a workflow file's text; a step that fails is a result, not an error. */
  workflow(text: string, files?: Readonly<Record<string, string>>): Promise<Step[]>;
  close(): Promise<void>;
}

/** The refs under which the field names upstream's action; each means this checkout here. */
const refs = [
  'main',
  '8bd68672d418e5bd1b0ee1f2e2981874c3a30967',
  '5444af42e303f5ceb37e077637f953133a4eba7c',
];

/** Where a runner is: commands there have its network, and reach its cluster or can make one. */
export interface Site extends Pick<Rig, 'exec'> {
  readonly env: Readonly<Record<string, string>>;
}

/** Repositories that workflows name, `owner/name@ref`, and the folder that each of them is. */
export type Repositories = Readonly<Record<string, string>>;

/**
 * act in a site's network, in host mode, with nothing of the machine's but these programs before its own. Without
 * `repositories`, `sigstore/scaffolding/actions/setup` at any ref and `sigstand/sigstand@main` are this checkout.
 */
export async function openRunner(
  site: Site,
  programs: Readonly<Record<string, string>>,
  variables: Readonly<Record<string, string>> = {},
  repositories?: Repositories,
): Promise<Runner> {
  const work = await mkdtemp(join(tmpdir(), 'sigstand-act-'));
  const [bin, home] = [join(work, 'bin'), join(work, 'home')];
  await mkdir(bin);
  for (const [name, program] of Object.entries(programs)) await symlink(program, join(bin, name));
  await mkdir(join(home, '.config/act'), { recursive: true });
  await writeFile(join(home, '.config/act/actrc'), '');
  const known = repositories ?? (await ownCheckout(join(work, 'scaffolding')));

  const flags = [
    ...[
      '-P',
      'ubuntu-latest=-self-hosted',
      '--no-cache-server',
      '--cache-server-addr',
      '127.0.0.1',
    ],
    ...['--artifact-server-addr', '127.0.0.1', '--container-daemon-socket', '-', '--json'],
    ...Object.entries(known).flatMap(([name, folder]) => [
      '--local-repository',
      `${name}=${folder}`,
    ]),
  ];
  const env = {
    ...site.env,
    ...variables,
    HOME: home,
    PATH: `${bin}:${process.env.PATH}`,
    // Where the rig's programs are, which HOME says otherwise.
    SIGSTAND_CACHE: process.env.SIGSTAND_CACHE ?? join(process.env.HOME ?? '', '.cache/sigstand'),
  };
  return {
    async workflow(text, files = {}) {
      const workspace = await mkdtemp(join(work, 'workspace-'));
      for (const [name, content] of Object.entries({
        ...files,
        '.github/workflows/one.yaml': text,
      })) {
        await mkdir(dirname(join(workspace, name)), { recursive: true });
        await writeFile(join(workspace, name), content);
      }
      // act names the commit of what it runs.
      const git = ['-c', 'user.name=t', '-c', 'user.email=t@localhost', '-C', workspace];
      for (const args of [
        ['init', '-q'],
        ['add', '.'],
        ['commit', '-qm', 'x'],
      ])
        await run('git', [...git, ...args]);
      const { stdout, stderr } = await site.exec(
        [binary('act'), 'push', '-C', workspace, ...flags],
        { env },
      );
      return stepsOf(`${stdout}${stderr}`);
    },
    close: () => rm(work, { recursive: true, force: true }),
  };
}

/** This repository as its own action and, in the place of upstream's, as that of scaffolding. */
async function ownCheckout(scaffolding: string): Promise<Repositories> {
  const sigstand = join(scaffolding, 'actions/setup');
  await checkout(sigstand);
  return {
    ...Object.fromEntries(refs.map((ref) => [`sigstore/scaffolding@${ref}`, scaffolding])),
    'sigstand/sigstand@main': sigstand,
  };
}

/** What a checkout of this repository has, as git knows it: no release, so the action builds the CLI, as `npm ci` lets it. */
async function checkout(to: string): Promise<void> {
  const { stdout } = await run('git', ['ls-files', '-z']);
  for (const file of stdout.split('\0').filter(Boolean)) await cp(join(root, file), join(to, file));
  await symlink(join(root, 'node_modules'), join(to, 'node_modules'));
}

interface Line {
  readonly msg: string;
  readonly step?: string;
  readonly stage?: string;
  readonly stepID?: readonly string[];
  readonly stepResult?: Step['result'];
  readonly executionTime?: number;
  readonly raw_output?: boolean;
  readonly level?: string;
}

/** The steps in their order, from act's log. @throws {Error} Where it ran none, with what it said. */
export function stepsOf(log: string): Step[] {
  const lines = log.split('\n').flatMap((line) => {
    try {
      return [JSON.parse(line) as Line];
    } catch {
      return [];
    }
  });
  const said = new Map<string, string>();
  for (const { raw_output, step = '', msg, level } of lines)
    if (raw_output || level === 'error') said.set(step, `${said.get(step) ?? ''}${msg}`);
  const steps = lines.flatMap(({ stage, step = '', stepID, stepResult, executionTime = 0 }) =>
    stage === 'Main' && stepResult && stepID?.length === 1
      ? [
          {
            name: step,
            result: stepResult,
            said: said.get(step) ?? '',
            seconds: executionTime / 1e9,
          },
        ]
      : [],
  );
  if (steps.length === 0) throw new Error(`act ran no step:\n${log.slice(-4000)}`);
  return steps;
}
