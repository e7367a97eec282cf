import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse } from 'yaml';
import { chart } from '../../scripts/chart/rendered.ts';
import type { Rig } from '../cluster/rig.ts';
import { binary } from '../programs/binaries.ts';

/** The images by their tags: the rig serves the same names, and other bytes than their makers. */
export async function byTag(): Promise<object> {
  const { images } = parse(await readFile(join(chart, 'values.yaml'), 'utf8'));
  const names = Object.entries(images.names as Record<string, string>);
  return Object.fromEntries(names.map(([key, name]) => [key, name.replace(/@.*/, '')]));
}

/** Runs a version of Helm in the rig's network, with `home` for its files. @throws {Error} Where it fails. */
export function helmOn(cluster: Rig, home: string, program: string, ...args: string[]) {
  const places = ['CONFIG', 'CACHE', 'DATA'].map((one) => `HELM_${one}_HOME=${home}`);
  const command = ['env', ...places, binary(program), ...args, '--namespace', 'default'];
  return cluster.mustExec(command);
}
