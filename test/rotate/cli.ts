import { builtCli } from '../cluster/cli.ts';
import type { Result, Rig } from '../cluster/rig.ts';

/** `sigstand` as an operator has it, where `cluster` is. */
export interface Cli {
  run(args: readonly string[]): Promise<Result>;
  /** Kills it once it has told of so many steps, by how their lines begin; resolves to how many it has told of. */
  kill(args: readonly string[], steps: number, mark?: string): Promise<number>;
}

/** Builds the CLI. */
export async function cliOn(cluster: Rig): Promise<Cli> {
  const command = await builtCli();
  return {
    run: (args) => cluster.exec([...command, ...args], { timeout: 300_000 }),
    async kill(args, steps, mark = 'ok') {
      const script = `out=$(mktemp); "$@" >"$out" 2>&1 & pid=$!
        while [ "$(grep -c '^  ${mark}' "$out")" -lt ${steps} ] && kill -0 $pid 2>/dev/null; do sleep 0.02; done
        kill -9 $pid 2>/dev/null || true; wait $pid 2>/dev/null || true; cat "$out"; rm "$out"`;
      const { stdout } = await cluster.exec(['bash', '-c', script, 'bash', ...command, ...args], {
        timeout: 300_000,
      });
      return stdout.split('\n').filter((line) => line.startsWith(`  ${mark}`)).length;
    },
  };
}
