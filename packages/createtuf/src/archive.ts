import { gunzipSync, gzipSync } from 'node:zlib';
import type { Data } from '@sigstand/store/store';
import { pack } from 'tar-stream';

/** The top folder: policy-controller's TrustRoot looks for it. */
const top = 'repository';

/** A repository's files as a gzipped tar; the same files always make the same tar. */
export async function archive(files: Data): Promise<Uint8Array> {
  const tar = pack();
  const entries = Object.entries(files)
    .map(([name, bytes]) => [pathOf(name), bytes] as const)
    .sort(([a], [b]) => (a < b ? -1 : 1));
  const fixed = { uid: 0, gid: 0, mtime: new Date(0) };
  const folder = (name: string) => tar.entry({ ...fixed, name, type: 'directory', mode: 0o755 });
  folder(top);
  folder(`${top}/targets`);
  for (const [name, bytes] of entries) {
    tar.entry({ ...fixed, name, mode: 0o644 }, Buffer.from(bytes));
  }
  tar.finalize();
  const chunks: Buffer[] = [];
  for await (const chunk of tar) chunks.push(chunk as Buffer);
  return new Uint8Array(gzipSync(Buffer.concat(chunks)));
}

/** Whether two archives hold the same; compressors of two versions may write it differently. */
export function sameArchive(a: Uint8Array | undefined, b: Uint8Array): boolean {
  if (a === undefined) return false;
  try {
    return Buffer.compare(gunzipSync(a), gunzipSync(b)) === 0;
  } catch {
    return false;
  }
}

/** Targets lie in a folder of their own, as they would on a server. */
function pathOf(name: string): string {
  return /^[0-9a-f]{64}\./.test(name) ? `${top}/targets/${name}` : `${top}/${name}`;
}
