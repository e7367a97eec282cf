import { execFile } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const root = join(import.meta.dirname, '../..');
export const chart = join(root, 'chart');

/** How a command ended, and what it said. */
export interface Ended {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs Helm on nothing but its arguments: with no configuration, cache or cluster of whoever runs it. */
export function runHelm(helm: string, args: readonly string[], env = {}): Promise<Ended> {
  const home = mkdtempSync(join(tmpdir(), 'sigstand-helm-'));
  const folders = { HELM_CONFIG_HOME: home, HELM_CACHE_HOME: home, HELM_DATA_HOME: home };
  const options = {
    env: { PATH: process.env.PATH, HOME: home, KUBECONFIG: join(home, 'none'), ...folders, ...env },
    maxBuffer: 64 << 20,
  };
  return new Promise((resolve) => {
    execFile(helm, args, options, (error, stdout, stderr) => {
      rmSync(home, { recursive: true, force: true });
      const status = error ? Number(error.code ?? 1) || 1 : 0;
      resolve({ status, stdout, stderr });
    });
  });
}

/**
 * The chart's files as Helm renders them, each as it is written: `helm template` prints the same objects, but sorts them
 * by their kinds. So a copy of the chart has one template more, which includes all others and prints them as JSON.
 *
 * @throws {Error} With what Helm says, where the values are refused.
 */
export async function renderedFiles(
  helm: string,
  args: readonly string[] = [],
): Promise<Record<string, string>> {
  const copy = mkdtempSync(join(tmpdir(), 'sigstand-chart-'));
  try {
    cpSync(chart, copy, { recursive: true });
    const names = readdirSync(join(chart, 'templates')).filter((name) => name.endsWith('.yaml'));
    const pairs = names.map(
      (name) => `${JSON.stringify(name)} (include (print $.Template.BasePath "/${name}") $)`,
    );
    writeFileSync(
      join(copy, 'templates/all.yaml'),
      `kind: List\napiVersion: v1\nfiles: {{ dict ${pairs.join(' ')} | toJson }}\n`,
    );
    const template = ['template', 'sigstand', copy, '--show-only', 'templates/all.yaml'];
    const { status, stdout, stderr } = await runHelm(helm, [...template, ...args]);
    const [, files] = /^files: (.*)$/m.exec(stdout) ?? [];
    if (status !== 0 || files === undefined) throw new Error(stderr || 'helm printed no files');
    const all = Object.entries(JSON.parse(files) as Record<string, string>);
    // What is only for other values is no file.
    return Object.fromEntries(all.filter(([, text]) => text.trim() !== ''));
  } finally {
    rmSync(copy, { recursive: true, force: true });
  }
}
