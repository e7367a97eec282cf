import { cpSync, existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { bash, inFolder, root, standIn } from './shell.ts';

/* How npm start calls the CLI, and what it makes of its end, against a CLI of ours: test/cluster and test/install have the real
   one. The tree has no npm packages, as that of a release: then the machine's own Node runs it. */

interface Given {
  readonly says?: string;
  readonly status?: number;
  readonly files?: Readonly<Record<string, string>>;
  readonly args?: string;
  readonly env?: Readonly<Record<string, string>>;
}

function stack({ says = '', status = 0, files = {}, args = '', env = {} }: Given = {}) {
  const given = { 'out/cluster': 'current\n', 'out/made': 'folder\n', 'out/log': '', ...files };
  return inFolder({ ...given, says: says && `${says}\n` }, (folder) => {
    for (const part of ['scripts', 'manifests'])
      cpSync(join(root, part), join(folder, part), { recursive: true });
    const out = join(folder, 'out');
    standIn(
      folder,
      'node',
      `echo "$*" >>'${folder}/called'
       case $2 in
         up) grep -c ^kind: >'${folder}/objects'; cat '${folder}/says'; exit ${status} ;;
         export) mkdir -p '${out}/trust'; echo root >'${out}/trust/1.root.json' ;;
       esac`,
    );
    standIn(folder, 'docker', `case $1 in --version) echo Docker ;; *) exit 1 ;; esac`);
    const PATH = standIn(folder, 'kubectl', `echo '{"issuer":"https://issuer.test"}'`);
    const ended = bash(`bash '${folder}/scripts/stack.sh' ${args}`, {
      env: { ...env, PATH, SIGSTAND_OUT: out },
    });
    const read = (name: string) =>
      existsSync(join(folder, name)) ? readFileSync(join(folder, name), 'utf8') : '';
    const called = read('called').replaceAll(folder, '').trim().split('\n');
    return {
      ...ended,
      called,
      read,
      objects: Number(read('objects')),
      applied: existsSync(join(out, 'applied')),
    };
  });
}

const up = '/dist/sigstand.cjs up --manifests - --force-conflicts';
const kubeconfig = '--kubeconfig /out/kubeconfig';

describe('npm start', () => {
  it('has the CLI apply the manifests and sign, note what it makes, and export', () => {
    const { status, stdout, called, objects, applied } = stack({ says: '  ✔ done  1.0 s' });
    expect(status).toBe(0);
    expect(called).toEqual([
      `${up} --timeout=600s --patience=60s --token default/default --record /out/made.json ${kubeconfig}`,
      `/dist/sigstand.cjs export --to /out/trust --issuer https://issuer.test --replace-root ${kubeconfig}`,
    ]);
    expect(objects).toBeGreaterThan(100);
    expect(stdout).toMatch(
      /^ {2}✔ done {2}1\.0 s\n {2}✔ trust: .*\n\napply to verified: [\d.]+ s\n$/,
    );
    expect(applied).toBe(false);
  });

  it('notes nothing in a cluster that goes whole', () => {
    const files = { 'out/cluster': 'kind\n', 'out/made': 'kind sigstand\n' };
    expect(stack({ files }).called[0]).not.toContain('--record');
  });

  it('gives on how long all may take, and what may pass', () => {
    const env = { SIGSTAND_TIMEOUT: '20s', SIGSTAND_PATIENCE: '5' };
    expect(stack({ env }).called[0]).toContain('--timeout=20s --patience=5s');
  });

  it('neither signs nor exports for the action, whose proof is its own', () => {
    const { status, called } = stack({ args: 'servers' });
    expect(status).toBe(0);
    expect(called).toHaveLength(1);
    expect(called[0]).not.toContain('--token');
  });

  const says =
    'sigstand up: waiting: Job a/b: slow\nsigstand up: error: Job a/b: no such image; mend it';

  it('ends with the words of the CLI, and 1, and once', () => {
    const { status, stdout, stderr, applied } = stack({ says, status: 65 });
    expect({ status, stdout }).toEqual({
      status: 1,
      stdout: 'sigstand up: waiting: Job a/b: slow\n',
    });
    expect(stderr).toMatch(
      /^sigstand: Job a\/b: no such image; mend it; the whole log is .*\/log\n$/,
    );
    expect(applied).toBe(true);
  });

  it('tells nothing of an earlier run, where there are no words', () => {
    const files = { 'out/log': `${says}\n` };
    expect(stack({ status: 1, files }).stderr).toContain('sigstand: the stack did not come up; ');
  });

  it('says so where it is Docker that is away', () => {
    const files = { 'out/cluster': 'kind\n' };
    const { status, stderr } = stack({ says, status: 75, files });
    expect(status).toBe(1);
    expect(stderr).toContain(
      'sigstand: Docker does not answer any more: start it, and run npm start',
    );
  });

  it('takes the lease of a run from here that was killed, and of no other', () => {
    expect(stack().called[0]).not.toContain('--take-over');
    expect(stack({ files: { 'out/applied': '' } }).called[0]).toContain('--take-over');
  });
});
