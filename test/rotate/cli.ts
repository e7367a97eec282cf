import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { builtCli } from '../cluster/cli.ts';
import type { Result, Rig } from '../cluster/rig.ts';

/** `sigstand` as an operator has it, where `cluster` is. */
export interface Cli {
  run(args: readonly string[]): Promise<Result>;
  /** Runs it, and does something else once it has told of so many steps. */
  beside(args: readonly string[], steps: number, work: () => Promise<unknown>): Promise<Result>;
  /** Kills it once it has told of so many steps, by how their lines begin; resolves to how many it has told of. */
  kill(args: readonly string[], steps: number, mark?: string): Promise<number>;
}

/** Builds the CLI. */
export async function cliOn(cluster: Rig): Promise<Cli> {
  const command = await builtCli();
  const toldIn = (text: string, mark: string) =>
    text.split('\n').filter((line) => line.startsWith(`  ${mark}`)).length;
  return {
    run: (args) => cluster.exec([...command, ...args], { timeout: 300_000 }),
    async beside(args, steps, work) {
      const folder = await mkdtemp(join(tmpdir(), 'sigstand-beside-'));
      const out = join(folder, 'out');
      await writeFile(out, '');
      const said = () => readFile(out, 'utf8');
      let ended = false;
      const script = ['bash', '-c', 'exec "$@" >"$0"', out];
      const running = cluster
        .exec([...script, ...command, ...args], { timeout: 300_000 })
        .finally(() => {
          ended = true;
        });
      while (!ended && toldIn(await said(), 'ok') < steps) await sleep(20);
      if (!ended) await work();
      const result = { ...(await running), stdout: await said() };
      await rm(folder, { recursive: true });
      return result;
    },
    async kill(args, steps, mark = 'ok') {
      const script = `out=$(mktemp); "$@" >"$out" 2>&1 & pid=$!
        while [ "$(grep -c '^  ${mark}' "$out")" -lt ${steps} ] && kill -0 $pid 2>/dev/null; do sleep 0.02; done
        kill -9 $pid 2>/dev/null || true; wait $pid 2>/dev/null || true; cat "$out"; rm "$out"`;
      const { stdout } = await cluster.exec(['bash', '-c', script, 'bash', ...command, ...args], {
        timeout: 300_000,
      });
      return toldIn(stdout, mark);
    },
  };
}
