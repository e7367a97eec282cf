import { execFile } from 'node:child_process';
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { manifestConfig } from '../../programs/tuf-server.ts';
import { ofKind } from '../../stack.ts';

/* The TUF web server as its container starts it, in networks of its own: with IPv6, and on a kernel without. */

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sigstand-web-start-'));
  await mkdir(join(folder, 'files'));
  await mkdir(join(folder, 'tmp'));
  await writeFile(join(folder, 'files/timestamp.json'), '{}');
  // Its worker is nobody.
  for (const one of [folder, join(folder, 'tmp')]) await chmod(one, 0o777);
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** What the manifest's container runs, with its places in the scratch folder. */
function scratched(text: string): string {
  return text
    .replaceAll('/tmp/', `${folder}/tmp/`)
    .replaceAll('/etc/tuf-server/', `${folder}/`)
    .replaceAll('/srv/tuf', `${folder}/files`)
    .replace('/dev/stdout', `${folder}/tmp/access.log`);
}

/**
 * Starts the server behind `before`, and asks it for a file that is there and one that is not, at its IPv4
 * address and at its IPv6 address. Resolves to the four answers: status and headers in small letters.
 */
async function asked(before: string): Promise<string[]> {
  const [tuf] = ofKind('Deployment').filter(({ metadata }) => metadata.name === 'tuf');
  const { command, args } = tuf!.spec.template.spec.containers[0];
  await writeFile(join(folder, 'nginx.conf'), scratched(manifestConfig()));
  await writeFile(join(folder, 'start'), scratched(args[0]));
  const script = `
    ip link set lo up
    (${before}; exec ${command.join(' ')} "$(cat ${folder}/start)") &
    server=$!
    for _ in $(seq 400); do curl -s -o /dev/null http://127.0.0.1:8080/healthz && break; sleep 0.05; done
    for address in 127.0.0.1 '[::1]'; do
      for file in timestamp.json 9.root.json; do
        curl -sS -o /dev/null -D - -H 'Origin: https://verify.example.com' "http://$address:8080/$file" 2>&1 || true
        echo ----
      done
    done
    kill $server; wait`;
  const namespaces = ['--net', '--mount', 'sh', '-c', script];
  const { stdout } = await promisify(execFile)('unshare', namespaces);
  return stdout.toLowerCase().split('----').slice(0, 4);
}

const found = /^\s*http\/1\.1 200 .*\naccess-control-allow-origin: \*\r/s;
const notFound = /^\s*http\/1\.1 404 .*\naccess-control-allow-origin: \*\r/s;
const refused = /connect/;

describe('the TUF web server', () => {
  it('answers at IPv4 and IPv6 addresses, also to web pages of any origin', async () => {
    const answers = await asked(':');
    const wanted = [found, notFound, found, notFound];
    expect(answers).toEqual(wanted.map((one) => expect.stringMatching(one)));
  });

  it('answers at IPv4 addresses where the kernel has no IPv6', async () => {
    // The file is missing in the eyes of this one process: its id stays when it becomes the server's.
    const answers = await asked("mount -t tmpfs none /proc/$(exec sh -c 'echo $PPID')/net");
    const wanted = [found, notFound, refused, refused];
    expect(answers).toEqual(wanted.map((one) => expect.stringMatching(one)));
  });
});
