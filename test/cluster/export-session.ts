import { cp, mkdir, readFile, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { binary } from '../programs/binaries.ts';
import { blockBelow, type Client, type Shell, shellWith } from './export-shell.ts';
import type { Exported } from './export-stack.ts';
import { type Result, root, run } from './rig.ts';

type Change = (script: string) => string;

/** A client's user, who types what the README and the client's file say. */
export interface Session {
  readonly home: string;
  /** The client's file in the folder. */
  readonly file: string;
  /** Says who signs, then all that the client's file says; `change` makes it another script. */
  run(change?: Change): Promise<Result>;
  /** Only the part by the file alone, on what the first `run` signed, with no network. */
  alone(change?: Change): Promise<Result>;
}

const files: Record<Client, string> = {
  'cosign 3': 'cosign3.sh',
  'cosign 2': 'cosign2.sh',
  'sigstore-python': 'sigstore-python.sh',
  'sigstore-js': 'sigstore-js.mjs',
  'sigstore-go': 'sigstore-go.go',
  gitsign: 'gitsign.sh',
  'sigstore-java': 'sigstore-java.java',
};

export async function sessionFor(
  client: Client,
  { cluster, folder, text }: Exported,
  work: string,
): Promise<Session> {
  const shell = await shellWith(cluster, client, work);
  const file = files[client];
  const who = await blockBelow(join(folder, 'README.md'), 'Who signs');
  const said = file.endsWith('.sh') ? await text(file) : commandsIn(await text(file));
  const { place, env } = await placeFor(client, folder, work);
  const signed = join(work, 'signed');
  const noted = `[ -e ${signed} ] || echo "$FILE" >${signed}`;
  const whole = `${who}\n${noted}\ncd ${place}\n${said}`;
  return {
    home: shell.home,
    file,
    run: (change) => changed(shell, whole, { folder, env, change }),
    async alone(change) {
      const [, part = ''] = said.split(/^# By the file alone.*$/m);
      if (part === '') throw new Error(`${file} says nothing about the file alone`);
      const identity = /^export IDENTITY=.*$/m.exec(who)?.[0];
      const script = `source ./env\n${identity}\nexport FILE=$(cat ${signed})\n${part}`;
      const lines = change ? change(script) : script;
      return shell.run('unshare --net bash -euc "$LINES"', { folder, env: { LINES: lines } });
    },
  };
}

async function changed(
  shell: Shell,
  script: string,
  options: { folder: string; env: Readonly<Record<string, string>>; change: Change | undefined },
): Promise<Result> {
  const { folder, env, change = (same) => same } = options;
  const other = change(script);
  if (options.change && other === script) throw new Error('the change changes nothing');
  return shell.run(other, { folder, env });
}

/** What the head of a program's file says to run, for the file in $FILE. */
function commandsIn(text: string): string {
  const lines = [...text.matchAll(/^\/\/\s+((?:node|go run|java) .*? )FILE\b/gm)].map(
    ([, line]) => `${line}"$FILE"\n`,
  );
  if (lines.length !== 2) throw new Error('the file does not say how it signs and verifies');
  return lines.join('');
}

/** Where the client is used: a project with the exported program, a repository, or the folder itself. */
async function placeFor(client: Client, folder: string, work: string) {
  const place = join(work, 'project');
  await mkdir(place);
  const file = files[client];
  if (client === 'sigstore-js') {
    await cp(join(folder, file), join(place, file));
    await symlink(join(root, 'node_modules'), join(place, 'node_modules'));
  } else if (client === 'sigstore-go') {
    await cp(join(folder, file), join(place, file));
    return { place, env: await goProject(place, file) };
  } else if (client === 'sigstore-java') {
    await cp(join(folder, file), join(place, file));
    await symlink(binary('sigstore-java'), join(place, 'lib'));
  } else if (client === 'gitsign') {
    await must('git', ['-C', place, 'init', '--quiet']);
    await must('git', ['-C', place, 'config', 'user.name', 'Ada']);
    await must('git', ['-C', place, 'config', 'user.email', 'ada@example.com']);
  } else {
    return { place: folder, env: {} };
  }
  return { place, env: {} };
}

/** The library as the rig has pinned it; all is compiled here, since the cluster's network has no way out. */
export async function goProject(place: string, file: string): Promise<Record<string, string>> {
  for (const name of ['go.mod', 'go.sum']) {
    await cp(join(root, 'test/rig/sigstore-go', name), join(place, name));
  }
  // As the rig compiles, so that what it has compiled serves.
  const flags = {
    GOFLAGS: '-mod=readonly -trimpath -buildvcs=false',
    GOTOOLCHAIN: 'local',
    CGO_ENABLED: '0',
  };
  await must('go', ['build', '-C', place, '-o', 'compiled', file], flags);
  const [GOCACHE = '', GOMODCACHE = ''] = (await must('go', ['env', 'GOCACHE', 'GOMODCACHE']))
    .trim()
    .split('\n');
  return { ...flags, GOCACHE, GOMODCACHE };
}

/** The version of a client, by itself or by where it was installed from. */
export async function versionOf(client: Client): Promise<string> {
  const told = {
    'cosign 3': () => must(binary('cosign3'), ['version']),
    'cosign 2': () => must(binary('cosign2'), ['version']),
    'sigstore-python': () => must(binary('sigstore-python'), ['--version']),
    'sigstore-js': () => readFile(join(root, 'node_modules/sigstore/package.json'), 'utf8'),
    'sigstore-go': () => readFile(join(root, 'test/rig/sigstore-go/go.mod'), 'utf8'),
    gitsign: () => must(binary('gitsign'), ['--version']),
    'sigstore-java': () => readFile(join(root, 'test/rig/sigstore-java/maven.sha256'), 'utf8'),
  }[client];
  const version =
    /^GitVersion: +v(\S+)|^sigstore (\S+)|"version": "([^"]+)"|sigstore-go v(\S+)|^gitsign version v(\S+)| dev\.sigstore:sigstore-java:(\S+)/m;
  return (
    version
      .exec(await told())
      ?.slice(1)
      .find(Boolean) ?? ''
  );
}

async function must(command: string, args: readonly string[], env = {}): Promise<string> {
  const { status, stdout, stderr } = await run(command, args, { env });
  if (status !== 0) throw new Error(`${command} ${args.join(' ')}: ${stderr}`);
  return stdout;
}
