import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { bash, inFolder, root, standIn } from './shell.ts';

/* The functions of test/kind/machine by themselves: no engine, no root, nothing but what a folder holds. */

const files = join(root, 'test/kind/files');

describe('an image as an archive', () => {
  const text = (folder: string) => `
    source test/rig/images/layout.sh; source test/kind/lib/archive.sh
    mkdir -p ${folder}/rootfs; echo hello >${folder}/rootfs/file
    write_layout ${folder}/layout ${folder}/rootfs '{"Cmd":["/file"]}'
    archive_of ${folder}/layout registry.example/team/image:1 >${folder}/image.tar
    mkdir ${folder}/out; tar -xf ${folder}/image.tar -C ${folder}/out`;
  const json = (folder: string, file: string) =>
    JSON.parse(readFileSync(join(folder, file), 'utf8'));

  it('is one for containerd and one for Docker, of the same blobs', () => {
    inFolder({}, (folder) => {
      expect(bash(text(folder))).toMatchObject({ status: 0, stderr: '' });
      const [descriptor] = json(folder, 'out/index.json').manifests;
      expect(descriptor.annotations['io.containerd.image.name']).toBe(
        'registry.example/team/image:1',
      );
      const blob = (digest: string) => `blobs/sha256/${digest.replace('sha256:', '')}`;
      const manifest = json(folder, join('out', blob(descriptor.digest)));
      expect(json(folder, 'out/manifest.json')).toEqual([
        {
          Config: blob(manifest.config.digest),
          RepoTags: ['registry.example/team/image:1'],
          Layers: [blob(manifest.layers[0].digest)],
        },
      ]);
    });
  });

  it('leaves the layout as it was', () => {
    inFolder({}, (folder) => {
      bash(text(folder));
      expect(json(folder, 'layout/index.json').manifests[0].annotations).toBeUndefined();
    });
  });
});

describe('runc on a machine', () => {
  const config = {
    process: {
      capabilities: { bounding: ['CAP_CHOWN', 'CAP_SYS_RESOURCE'], effective: ['CAP_CHOWN'] },
      oomScoreAdj: -500,
    },
    linux: { namespaces: [{ type: 'pid' }, { type: 'time' }] },
  };
  const given = (...args: string[]) =>
    inFolder({ 'config.json': JSON.stringify(config) }, (folder) => {
      // What it becomes in the end may be there or not.
      spawnSync('bash', [join(files, 'runc'), ...args.map((arg) => arg.replace('@', folder))]);
      return JSON.parse(readFileSync(join(folder, 'config.json'), 'utf8'));
    });

  it.each([[['--bundle', '@']], [['-b', '@']], [['--bundle=@']], [['--process', '@/config.json']]])(
    'gets no time namespace by %j',
    (args) => expect(given(...args).linux.namespaces).toEqual([{ type: 'pid' }]),
  );

  it('asks for no more than its root may give', () => {
    const bounds = /^CapBnd:\t(.*)$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1];
    const resource = (BigInt(`0x${bounds}`) >> 24n) & 1n;
    expect(given('--bundle', '@').process).toEqual(
      resource === 1n
        ? config.process
        : { capabilities: { bounding: ['CAP_CHOWN'], effective: ['CAP_CHOWN'] }, oomScoreAdj: 0 },
    );
  });
});

describe('kind on a machine', () => {
  const said = (...args: string[]) =>
    inFolder({}, (folder) => {
      const path = standIn(folder, 'real-kind', 'printf "%s\\n" "$@"');
      const text = readFileSync(join(files, 'kind'), 'utf8')
        .replace('@KIND@', join(folder, 'bin/real-kind'))
        .replace('@NODE_IMAGE@', 'node:1');
      const quoted = args.map((arg) => `'${arg}'`).join(' ');
      return bash(`set -- ${quoted}\n${text}`, { env: { PATH: path } })
        .stdout.trim()
        .split('\n');
    });

  it('makes a cluster of the image that the machine loaded', () => {
    expect(said('create', 'cluster', '--name', 'a b')).toEqual([
      'create',
      'cluster',
      '--image',
      'node:1',
      '--name',
      'a b',
    ]);
  });

  it('does all else as it is told', () => {
    expect(said('get', 'clusters')).toEqual(['get', 'clusters']);
  });
});
