import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { root, run } from '../cluster/rig.ts';
import { type Registry, registry } from '../fresh/registry.ts';

/* Of what the rig fetches, the parts that are built for these tests alone: sigstore-java and Keycloak, by Debian's Maven. */

interface Pin {
  readonly name: string;
  /** As Maven says it. */
  readonly gone: string;
  readonly path: string;
}

let work = '';
let pins: readonly Pin[] = [];
beforeAll(async () => {
  work = await mkdtemp(join(tmpdir(), 'sigstand-pins-'));
  const text = await readFile(join(root, 'test/rig/sigstore-java/maven.sha256'), 'utf8');
  pins = [...text.matchAll(/^[0-9a-f]{64} {2}(\S+):(\S+):(\S+)$/gm)].map(
    ([, group = '', artifact, version]) => ({
      name: [group, artifact, version].join(':'),
      gone: [group, artifact, 'jar', version].join(':'),
      path: `/${group.replaceAll('.', '/')}/${artifact}/${version}/${artifact}-${version}.jar`,
    }),
  );
});
afterAll(() => rm(work, { recursive: true, force: true }));

/** Has Maven ask another registry, as a company's settings do, and gives the lines of standard error. */
async function lastWords(url: string, part = 'sigstore-java'): Promise<string[]> {
  await mkdir(join(work, '.m2'), { recursive: true });
  const mirror = `<id>other</id><url>${url}</url><mirrorOf>central</mirrorOf>`;
  const settings = `<settings><mirrors><mirror>${mirror}</mirror></mirrors></settings>`;
  await writeFile(join(work, '.m2/settings.xml'), settings);
  const env = { SIGSTAND_CACHE: join(work, 'cache'), MAVEN_OPTS: `-Duser.home=${work}` };
  const { status, stderr } = await run('test/rig/rig', ['build', part], { env });
  expect({ status, stderr }).toMatchObject({ status: 1 });
  return stderr.trimEnd().split('\n');
}

const says = (words: string) => [
  expect.stringContaining(
    `rig: test/rig/sigstore-java/maven.sha256 names ${words}; the whole log: `,
  ),
];

describe('a jar that is gone', () => {
  const served = async (other: Registry) => {
    const words = await lastWords(other.url);
    await other.close();
    return words;
  };

  it('is named, with the list that asks for it', async () => {
    expect(await served(await registry())).toEqual(
      says(`${pins[0]?.gone}, which the registry does not serve`),
    );
  });

  it('is named where one of many is gone', async () => {
    const others = pins.slice(0, -1).map(({ path }) => [path, 'other bytes']);
    expect(await served(await registry(Object.fromEntries(others)))).toEqual(
      says(`${pins.at(-1)?.gone}, which the registry does not serve`),
    );
  });

  it('is named where the registry has other bytes under its version', async () => {
    const all = pins.map(({ path }) => [path, 'other bytes']);
    expect(await served(await registry(Object.fromEntries(all)))).toEqual(
      says(`${pins[0]?.name}, which is served with other bytes than those`),
    );
  });

  it('is not blamed where the registry is out of reach', async () => {
    expect(await lastWords('http://127.0.0.1:1')).toEqual(
      says('what a registry serves, and that registry cannot be reached'),
    );
  });
});

describe('Keycloak, where it is gone', () => {
  it('is named as the zip that it is, with the list that asks for it', async () => {
    const list = 'test/rig/keycloak/maven.sha256';
    const [, version] = /:keycloak-quarkus-dist:([^:]+):zip$/m.exec(
      await readFile(join(root, list), 'utf8'),
    )!;
    const other = await registry();
    const words = await lastWords(other.url, 'keycloak');
    await other.close();
    const gone = `org.keycloak:keycloak-quarkus-dist:zip:${version}, which the registry does not serve`;
    expect(words).toEqual([expect.stringContaining(`rig: ${list} names ${gone}; the whole log: `)]);
  });
});

it('each jar is pinned once, by version and hash, and with it what it needs', async () => {
  const text = await readFile(join(root, 'test/rig/sigstore-java/maven.sha256'), 'utf8');
  const lines = text
    .trimEnd()
    .split('\n')
    .map((line) => line.slice(66));
  expect(pins).toHaveLength(lines.length);
  expect(lines).toEqual([...new Set(lines)].sort());
});
