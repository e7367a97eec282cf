import type { Finding } from '../../packages/sigstand/src/status/finding.ts';
import { builtCli } from './cli.ts';
import type { Rig } from './rig.ts';

/** What `sigstand status` came to. */
export interface Looked {
  readonly status: number;
  readonly checks: readonly Finding[];
  readonly stderr: string;
}

/** Looks at a stack as an operator does, through the API server; `flags` come with each look. */
export type Look = (args?: readonly string[], env?: Record<string, string>) => Promise<Looked>;

/** Builds the CLI, and has it look where `cluster` is. */
export async function lookingAt(cluster: Rig, flags: readonly string[] = []): Promise<Look> {
  const cli = await builtCli();
  return async (args = [], env = {}) => {
    const command = [...cli, 'status', '--json', ...flags, ...args];
    const { status, stdout, stderr } = await cluster.exec(command, { env, timeout: 60_000 });
    const told = JSON.parse(stdout) as { exitStatus: number; checks: Finding[] };
    if (told.exitStatus !== status) throw new Error(`it ended with ${status}: ${stdout}${stderr}`);
    return { status, checks: told.checks, stderr };
  };
}

/** The checks of an outcome, each with what was looked at. */
export const named = ({ checks }: Looked, outcome: Finding['outcome'] = 'fail') =>
  checks
    .filter((one) => one.outcome === outcome)
    .map(({ check, subject }) => `${check} ${subject}`)
    .sort();
