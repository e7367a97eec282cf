import {
  chmod,
  cp,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rm,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { root, run } from './cluster/rig.ts';

/* npm start's way to a cluster and npm stop, against a kind, a kubectl and a rig of ours: shell scripts that note how
   they are called. apiserver/stop.test.ts has the real kubectl, cluster/start.test.ts the rig. */

let work: string;
let out: string;

beforeEach(async () => {
  work = await mkdtemp(join(tmpdir(), 'sigstand-stop-'));
  out = join(work, 'out');
  await mkdir(join(work, 'bin'));
  await program('kind', [
    `case "$*" in`,
    `  'get clusters') cat '${work}/clusters' ;;`,
    `  'create cluster --name sigstand'*) echo sigstand >>'${work}/clusters'; : >"$SIGSTAND_OUT/kubeconfig" ;;`,
    `  'delete cluster --name sigstand'*) : >'${work}/clusters' ;;`,
    `  'get kubeconfig --name sigstand') echo kubeconfig ;;`,
    'esac',
  ]);
  await program('docker', [
    `case "$*" in --version) echo Docker ;; *State.Status*) echo running ;; info) exit "$(cat '${work}/engine')" ;; esac`,
  ]);
  await writeFile(join(work, 'engine'), '0');
  await program('kubectl', [
    `case "$*" in *jsonpath*) cat '${work}/server' ;; *) echo kubeconfig ;; esac`,
  ]);
  // A clone has a rig of its own; this one runs where there is a file of its instance's name.
  await cp(join(root, 'scripts'), join(work, 'scripts'), { recursive: true });
  await symlink(join(root, 'node_modules'), join(work, 'node_modules'));
  await mkdir(join(work, 'test/rig'), { recursive: true });
  await program('../test/rig/rig', [
    `instance='${work}'/instance-$RIG`,
    'case $1 in status) [ -e "$instance" ] ;; up) : >"$instance" ;; down) rm "$instance" ;;',
    `kubeconfig) echo '${work}/server' ;; esac`,
  ]);
  await writeFile(join(work, 'clusters'), 'other\n');
  await writeFile(join(work, 'server'), 'https://one');
});
afterEach(() => rm(work, { recursive: true }));

async function program(name: string, lines: readonly string[]) {
  const path = join(work, 'bin', name);
  const note = `echo ${name} "$@" >>'${work}/called'`;
  await writeFile(path, ['#!/bin/sh', note, ...lines, ''].join('\n'));
  await chmod(path, 0o755);
}

function shell(text: string, RIG = 'mine') {
  const env = { SIGSTAND_OUT: out, PATH: `${join(work, 'bin')}:${process.env.PATH}`, RIG };
  return run('bash', ['-c', `set -euo pipefail; cd '${work}'; ${text}`], { env });
}
const start = (cluster: string) =>
  shell(
    `source scripts/lib.sh; source scripts/cluster.sh; claim_out; : >"$OUT/log"; choose_cluster ${cluster}; start_cluster`,
  );
const stop = (instance?: string) => shell('bash scripts/down.sh', instance);
const clusters = () => readFile(join(work, 'clusters'), 'utf8');

describe('npm stop', () => {
  it('deletes the kind cluster that npm start made, and no other', async () => {
    expect(await start('kind')).toMatchObject({ status: 0 });
    expect(await clusters()).toBe('other\nsigstand\n');
    expect(await start('kind')).toMatchObject({ status: 0 });
    expect(await stop()).toMatchObject({ status: 0, stdout: 'sigstand: gone\n' });
    expect(await readFile(join(work, 'called'), 'utf8')).toContain(
      `kind delete cluster --name sigstand --kubeconfig ${out}/kubeconfig\n`,
    );
    expect(await readdir(work)).not.toContain('out');
  });

  it('keeps what finds the kind cluster while Docker does not answer', async () => {
    expect(await start('kind')).toMatchObject({ status: 0 });
    await writeFile(join(work, 'engine'), '1');
    const { status, stderr } = await stop();
    expect({ status, stderr }).toMatchObject({ status: 1 });
    expect(stderr).toContain('Docker does not answer, and the kind cluster is in it: start it');
    await writeFile(join(work, 'engine'), '0');
    expect(await stop()).toMatchObject({ status: 0, stdout: 'sigstand: gone\n' });
    expect(await clusters()).toBe('');
  });

  it('leaves a kind cluster of that name that was there', async () => {
    await writeFile(join(work, 'clusters'), 'sigstand\n');
    expect(await start('kind')).toMatchObject({ status: 0 });
    const { status, stdout } = await stop();
    expect({ status, stdout }).toMatchObject({ status: 0 });
    expect(stdout).toContain('left the cluster itself, which npm start did not make\n');
    expect(await clusters()).toBe('sigstand\n');
  });

  it('ends the instance of the rig that npm start made, whatever RIG says by then', async () => {
    expect(await start('rig')).toMatchObject({ status: 0 });
    expect(await start('rig')).toMatchObject({ status: 0 });
    await writeFile(join(work, 'instance-other'), '');
    expect(await stop('other')).toMatchObject({ status: 0, stdout: 'sigstand: gone\n' });
    expect(await readdir(work)).toContain('instance-other');
    expect(await readdir(work)).not.toContain('instance-mine');
  });

  it('leaves an instance of the rig that ran before', async () => {
    await writeFile(join(work, 'instance-mine'), '');
    expect(await start('rig')).toMatchObject({ status: 0 });
    expect((await stop()).stdout).toContain('left the cluster itself, which npm start did not');
    expect(await readdir(work)).toContain('instance-mine');
  });

  it('leaves what others put into its folder, and says what', async () => {
    await mkdir(out);
    await writeFile(join(out, 'mine'), '');
    await mkdir(join(out, 'trust'));
    expect(await start('kind')).toMatchObject({ status: 0 });
    await writeFile(join(out, 'bundle.json'), '');
    expect((await stop()).stdout).toContain(
      `left in ${out} what npm start did not make: bundle.json mine trust\n`,
    );
    expect((await readdir(out)).sort()).toEqual(['bundle.json', 'mine', 'trust']);
  });

  it('needs no npm packages where a start was refused before there were any', async () => {
    await rm(join(work, 'node_modules'));
    expect(
      await shell(
        'source scripts/lib.sh; source scripts/cluster.sh; claim_out; choose_cluster kind',
      ),
    ).toMatchObject({ status: 0 });
    expect(await stop()).toEqual({ status: 0, stdout: 'sigstand: gone\n', stderr: '' });
    await expect(readdir(out)).rejects.toThrow('ENOENT');
  });

  it('takes nothing where nothing was started, or nobody noted what was', async () => {
    await mkdir(out);
    await writeFile(join(out, 'mine'), '');
    expect((await stop()).stdout).toBe('sigstand: nothing was started from here\n');
    await writeFile(join(out, 'cluster'), 'kind');
    const { status, stderr } = await stop();
    expect({ status, stderr }).toMatchObject({ status: 1 });
    expect(stderr).toContain('does not say what npm start made, so nothing is removed');
    expect(await readdir(out)).toContain('mine');
  });
});

describe('npm start', () => {
  it.each(['manifests', 'kubeconfig', 'env'])(
    'takes no folder that has %s of somebody',
    async (name) => {
      await mkdir(out);
      await writeFile(join(out, name), 'theirs');
      const { status, stderr } = await start('kind');
      expect({ status, stderr }).toMatchObject({ status: 1 });
      expect(stderr).toContain(`has ${name}, which this npm start did not make`);
      expect(await readFile(join(out, name), 'utf8')).toBe('theirs');
    },
  );

  it('goes to no second cluster while npm stop would not find the first', async () => {
    expect(await start('kind')).toMatchObject({ status: 0 });
    const { status, stderr } = await start('current');
    expect({ status, stderr }).toMatchObject({ status: 1 });
    expect(stderr).toContain('npm start made a stack on another cluster, kind: npm stop');
  });

  it('goes to no second cluster where kubectl has turned to another', async () => {
    expect(await start('current')).toMatchObject({ status: 0 });
    await writeFile(join(out, 'made.json'), '{}');
    await writeFile(join(out, 'kubeconfig'), 'of the first');
    await program('kubectl', [
      'case "$*" in *kubeconfig.new*) echo https://two ;; *jsonpath*) echo https://one ;; *) echo new ;; esac',
    ]);
    const { status, stderr } = await start('current');
    expect({ status, stderr }).toMatchObject({ status: 1 });
    expect(stderr).toContain('made a stack at https://one, and kubectl speaks to another cluster');
    expect(await readFile(join(out, 'kubeconfig'), 'utf8')).toBe('of the first');
  });
});
