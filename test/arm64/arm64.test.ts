import { chown, mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { jobNames } from '@sigstand/contracts/contract';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Result, run } from '../cluster/rig.ts';
import { type RunningTrillian, startTrillian } from '../programs/trillian.ts';

// The images for arm64, made by the one Dockerfile and run by QEMU: what differs from a release's is the base, which is
// Node and Debian's libraries for arm64 in place of distroless, and that the processor is emulated.

let work = '';
let store = '';
let trillian: RunningTrillian | undefined;

const images = (...args: string[]): Promise<Result> =>
  run('bash', ['test/arm64/images.sh', ...args], { env: { WORK: work } });

/** A Job as its image starts it, with the records in a folder. */
const job = (name: string, ...args: string[]) =>
  images('run', store, name, '--store=dir:/store', '--timeout=2m', ...args);

beforeAll(async () => {
  work = await mkdtemp(join(tmpdir(), 'sigstand-arm64-'));
  store = join(work, 'store');
  await mkdir(store);
  await chown(store, 65532, 65532);
  const { status, stdout, stderr } = await images('build');
  expect({ status, stdout, stderr }).toMatchObject({ status: 0 });
  trillian = await startTrillian();
}, 3_600_000);
afterAll(async () => {
  await trillian?.stop();
  await run('umount', [join(work, 'root/overlay')]);
  await rm(work, { recursive: true, force: true });
});

describe.each(jobNames)('the image of %s', (name) => {
  it('is for arm64, and starts the Job as nobody', async () => {
    const { stdout } = await images('inspect', name);
    expect(JSON.parse(stdout)).toMatchObject({
      architecture: 'arm64',
      os: 'linux',
      config: { User: '65532:65532', Entrypoint: ['/nodejs/bin/node', '/app/launch.cjs'] },
    });
  });

  it('holds code that V8 takes there', async () => {
    const taken = `process.argv.push('--version');
      process.on('exit', () => console.log(process.arch, process.getuid(), require('/app/launch.cjs').script.cachedDataRejected));
      require('/app/launch.cjs');`;
    const { status, stdout, stderr } = await images('run', store, name, 'node', '-e', taken, 'x');
    expect({ status, stdout, stderr }).toMatchObject({
      status: 0,
      stdout: expect.stringMatching(/arm64 65532 false\n$/),
    });
  });
});

describe('the Jobs on arm64', () => {
  // Each once, in the order in which a stack comes up.
  const steps: [string, string, () => string[]][] = [
    ['createsecret', 'Rekor’s key', () => []],
    ['createcerts', 'Fulcio’s CA', () => []],
    ['createcertchain', 'the TSA’s chain', () => []],
    [
      'createtree',
      'the CT log’s tree',
      () => [
        '--namespace=ctlog-system',
        '--configmap=ctlog-config',
        '--display-name=ctlogtree',
        `--admin-server=${trillian?.address}`,
      ],
    ],
    [
      'createctconfig',
      'the CT log’s key and configuration',
      () => [`--trillian-server=${trillian?.address}`],
    ],
    ['copysecrets', 'the four copies', () => []],
    ['createtuf', 'a TUF repository that a real client takes', () => []],
  ];
  it('are all that there are', () => {
    expect(steps.map(([name]) => name).sort()).toEqual([...jobNames].sort());
  });

  it.each(steps)('%s makes %s', async (name, _what, args) => {
    const { status, stdout, stderr } = await job(name, ...args());
    expect({ status, stdout, stderr }).toMatchObject({ status: 0 });
  });

  it('leave what the Jobs of this machine find whole, and change nothing of', async () => {
    const sums = async () =>
      (
        await run('bash', [
          '-c',
          'cd "$0" && find . -type f -print0 | sort -z | xargs -0 sha256sum',
          store,
        ])
      ).stdout;
    const before = await sums();
    for (const [name, , args] of steps) {
      const own = [
        'scripts/with-node.sh',
        'node',
        `dist/${name}.cjs`,
        `--store=dir:${store}`,
        ...args(),
      ];
      const { status, stderr } = await run('bash', own);
      expect({ name, status, stderr }).toMatchObject({ status: 0 });
    }
    expect(await sums()).toBe(before);
    const root = await readFile(join(store, 'tuf-system/Secret/tuf-root/root'), 'utf8');
    expect(JSON.parse(root).signed._type).toBe('root');
  });
});
