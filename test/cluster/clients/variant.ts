import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { copies, tufRepository, tufRoot } from '@sigstand/contracts/records';
import { createTuf } from '@sigstand/createtuf/job';
import { runJob } from '@sigstand/job/testing';
import { memoryStore } from '@sigstand/store/memory';
import { sha256 } from '../../conformance/metadata.ts';
import type { Rig } from '../rig.ts';
import type { Start } from './client.ts';
import { bytesOf, type Files } from './forgery.ts';

type Input = keyof typeof copies;

interface Secret {
  readonly metadata: { readonly annotations?: Readonly<Record<string, string>> };
  readonly data: Readonly<Record<string, string>>;
}

/**
 * A repository of its own over the services that run, as createtuf makes it the first time with these
 * flags: for a stack that never had what it leaves out.
 */
export async function variant(
  cluster: Rig,
  folder: string,
  args: readonly string[],
  without?: Input,
): Promise<{ files: Files; start: Start }> {
  const store = memoryStore();
  for (const input of Object.keys(copies) as Input[]) {
    if (input === without) continue;
    const { name, namespace } = copies[input];
    const { data, metadata } = await cluster.get<Secret>('secret', name, '-n', namespace);
    const decoded = Object.entries(data).map(([key, text]) => [key, Buffer.from(text, 'base64')]);
    const annotations = metadata.annotations ?? {};
    await store.write(copies[input], { data: Object.fromEntries(decoded), annotations });
  }
  const { status, stderr } = await runJob(createTuf(), store, { args: [...args, '--timeout=1s'] });
  if (status !== 0) throw new Error(`createtuf ${args.join(' ')}: ${stderr}`);
  const read = async (ref: typeof tufRepository | typeof tufRoot) =>
    Object.fromEntries(
      Object.entries((await store.read(ref))?.data ?? {}).map(([k, v]) => [k, Buffer.from(v)]),
    );
  const root = bytesOf(await read(tufRoot), 'root');
  const rootJson = join(folder, `root-${sha256(root)}.json`);
  await writeFile(rootJson, root);
  return { files: await read(tufRepository), start: { rootJson, sha256: sha256(root) } };
}
