import { chmodSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { bash } from './shell.ts';

/* A machine of a test's own: a PATH with the plain programs, and stand-ins that are told here and note how they are called.
   They are no Docker, no kind and no cluster: test/kind has the real ones. */

/** What scripts run on every machine. */
const plain =
  'awk base64 basename bash cat chmod cp cut date df dirname env grep head id kill ln ls mkdir mktemp mv printf readlink rm sed sha256sum sh sleep sort tail tee touch tr uname wc';

const paths = new Map<string, string>();

/** Where a plain program is; to ask takes a process. */
function pathOf(name: string): string {
  const known = paths.get(name) ?? bash(`type -P ${name}`).stdout.trim();
  paths.set(name, known);
  return known;
}

/** A machine whose programs are the plain ones and these, each a text in bash. */
export function machine(folder: string, programs: Readonly<Record<string, string>>) {
  const bin = join(folder, 'bin');
  const out = join(folder, 'out');
  mkdirSync(bin);
  mkdirSync(out, { recursive: true });
  for (const name of plain.split(' ')) {
    if (programs[name] !== undefined) continue;
    symlinkSync(pathOf(name), join(bin, name));
  }
  for (const [name, text] of Object.entries(programs)) {
    const note = `echo "${name} $*" >>'${folder}/called'`;
    writeFileSync(join(bin, name), `#!${bin}/bash\n${note}\n${text}\n`);
    chmodSync(join(bin, name), 0o755);
  }
  return {
    out,
    /** The functions of the scripts, and a text. */
    run(text: string, env: Readonly<Record<string, string>> = {}) {
      const parts = ['lib', 'preflight', 'cluster', 'others', 'docker'];
      const sourced = parts.map((part) => `source scripts/${part}.sh`).join('; ');
      return bash(`set +o errexit; shopt -u inherit_errexit; ${sourced}; set -o errexit\n${text}`, {
        env: { PATH: bin, SIGSTAND_OUT: out, SIGSTAND_CACHE: join(folder, 'cache'), ...env },
      });
    },
    /** How the stand-ins were called, a line each. */
    called: () => {
      try {
        return readFileSync(join(folder, 'called'), 'utf8').trim().split('\n');
      } catch {
        return [];
      }
    },
  };
}

/** A docker of these versions, as far as the scripts ask. */
export function docker({
  server = '29.1.3',
  client = server,
  buildx = true,
  info = 'echo fine',
  more = '',
}: {
  server?: string;
  client?: string;
  buildx?: boolean;
  info?: string;
  more?: string;
} = {}): string {
  return `case "$*" in
${more}
  --version) echo "Docker version ${client}, build 1" ;;
  *DockerRootDir*) echo /nonexistent ;;
  *CgroupVersion*) echo 2 ;;
  info*) ${info} ;;
  *Server.Version*) echo ${server} ;;
  *Client.Version*) echo ${client} ;;
  *Server.Arch*) echo amd64 ;;
  'buildx version') ${buildx ? 'echo buildx' : 'exit 1'} ;;
esac`;
}

/** A go of this version. */
export const go = (version: string) => `[ "$1 $2" != 'env GOVERSION' ] || echo go${version}`;
