import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { bash, inFolder, root, standIn } from './shell.ts';

/* The rig's functions by themselves: no cluster, no root, nothing but what a folder holds. */

const here = join(root, 'test/rig');
const parts = /for part in ([^;]*);/.exec(readFileSync(join(here, 'rig'), 'utf8'))?.[1] ?? '';

/** A text with the rig's functions before it, as `test/rig/rig` has them. */
const rig = (text: string, { at = here }: { at?: string } = {}) => `
HERE='${here}'
source "$HERE/../../scripts/fetch.sh"
for part in ${parts.replaceAll('\\\n', ' ')}; do source "$HERE/lib/$part.sh"; done
HERE='${at}'
${text}`;

describe('an instance', () => {
  it.each(['..', '../other', 'A', 'a/b', '-a', 'a '])('is not called %j', (name) => {
    const { status, stderr } = bash(rig('true'), { env: { RIG: name } });
    expect({ status, stderr }).toMatchObject({
      status: 1,
      stderr: expect.stringContaining('a name is lower case letters, digits and -'),
    });
  });

  it('shares no place with another', () => {
    const text = rig('printf "%s\\n" "$NETNS" "$STATE" "$RUN" "$CGROUP" "$HOLDER"');
    const places = ['sigstand', 'one', 'two'].map((name) =>
      bash(text, { env: { RIG: name } })
        .stdout.trim()
        .split('\n'),
    );
    expect(places.flat().filter((place) => place.includes('one'))).toHaveLength(5);
    expect(new Set(places.flat()).size).toBe(15);
  });
});

describe('a step', () => {
  const step = (text: string) =>
    inFolder({}, (folder) => bash(rig(`STEP_LOG='${folder}/log'\n${text}`)));

  it('that fails ends it all, with the end of its log', () => {
    const { status, stdout, stderr } = step(
      'fails() { echo why; false; }; step try fails; echo on',
    );
    expect(status).toBe(1);
    expect(stdout).not.toContain('on\n');
    expect(stderr).toContain('why');
    expect(stderr).toContain('rig: try failed; the whole log: ');
  });

  it('fails where a command in the middle of it fails', () => {
    const { status, stderr } = step('fails() { false; echo on; }; step try fails');
    expect({ status, stderr }).toMatchObject({
      status: 1,
      stderr: expect.stringMatching(/: false/),
    });
  });

  it('that succeeds says how long it took, and nothing of what it printed', () => {
    const { status, stdout } = step('works() { echo noise; }; step try works');
    expect(status).toBe(0);
    expect(stdout).toMatch(/^try \.\.\. +\d+\.\d s\n$/);
  });

  it('of few words shows them only where it fails', () => {
    expect(step('quietly echo noise')).toEqual({ status: 0, stdout: '', stderr: '' });
    expect(step('quietly bash -c "echo why; exit 3"')).toMatchObject({
      status: 1,
      stderr: 'why\n',
    });
  });
});

describe('waiting for a daemon', () => {
  const waiting = (text: string) =>
    inFolder({ 'log/etcd.log': 'its last words\n' }, (folder) =>
      bash(rig(`STATE='${folder}'\n${text}`)),
    );

  it('ends as soon as the daemon has, with its last words', () => {
    const { status, stdout } = waiting('alive() { false; }; until_ok etcd 2 false');
    expect({ status, stdout }).toMatchObject({
      status: 1,
      stdout: 'its last words\netcd has ended\n',
    });
  });

  it('ends when its time is over', () => {
    const { status, stdout } = waiting('alive() { true; }; until_ok etcd 0 false');
    expect({ status, stdout }).toMatchObject({
      status: 1,
      stdout: expect.stringContaining('no answer in 0 s'),
    });
  });

  it('ends well when the daemon answers', () => {
    expect(waiting('alive() { true; }; until_ok etcd 600 true')).toMatchObject({ status: 0 });
  });
});

describe('a program that is built', () => {
  const module = {
    'tool/go.mod': 'module tool\ngo 1.25\ntool example.com/x v1\n',
    'tool/go.sum': 'a\n',
    'tool/main.go': '',
  };
  const build = (go: string) =>
    inFolder(module, (folder) => {
      const cache = join(folder, 'cache');
      const env = { PATH: standIn(folder, 'go', go), SIGSTAND_CACHE: cache };
      const text = `mkdir -p "$CACHE/bin"; to=$(module_bin tool); (compile tool "$to")`;
      const said = bash(rig(text, { at: folder }), { env });
      return {
        ...said,
        kept: readdirSync(join(cache, 'bin')).filter((name) => !name.startsWith('.')),
      };
    });

  it('has what its go.mod and go.sum say, and needs no C library', () => {
    const { status, stdout, kept } = build('echo "$GOFLAGS $GOTOOLCHAIN $CGO_ENABLED"');
    expect({ status, kept }).toEqual({
      status: 0,
      kept: [expect.stringMatching(/^tool-[0-9a-f]{16}$/)],
    });
    expect(stdout).toBe('-mod=readonly -buildvcs=false local 0\n');
  });

  it('is not in the cache where its compiler failed', () => {
    const go = 'while [ "$1" != -o ]; do shift; done; mkdir -p "$2"; echo half >"$2/x"; exit 1';
    const { status, kept } = build(go);
    expect({ status, kept }).toEqual({ status: 1, kept: [] });
  });

  it.each(['go.sum', 'go.mod', 'main.go'])('is another one where its %s is another', (file) => {
    const name = (files: Record<string, string>) =>
      inFolder(
        files,
        (folder) => bash(rig('basename "$(module_bin tool)"', { at: folder })).stdout,
      );
    const before = name(module);
    expect(before).toMatch(/^tool-[0-9a-f]{16}\n$/);
    expect(name(module)).toBe(before);
    expect(
      name({
        ...module,
        [`tool/${file}`]: `${module[`tool/${file}` as keyof typeof module]}// b\n`,
      }),
    ).not.toBe(before);
  });

  it('is stamped with the version of its go.mod, where that is Kubernetes', () => {
    const version = /k8s\.io\/kubernetes v(\S+)/.exec(
      readFileSync(join(here, 'kube/go.mod'), 'utf8'),
    )?.[1];
    const { stdout } = bash(rig('linker_flags kube'));
    expect(stdout).toContain(`gitVersion=v${version} `);
    expect(bash(rig('linker_flags dns')).stdout).toBe('-s -w');
  });
});

it('what pip installs is what the hashes name, and nothing that it would compile or resolve', () => {
  inFolder({ 'sigstore-python/requirements.txt': '' }, (folder) => {
    const PATH = standIn(
      folder,
      'python3',
      `[ "$1" = -m ] || { echo -n /bin/echo; exit; }; echo "$@"; mkdir -p "$CACHE/lib"`,
    );
    const text = `mkdir -p "$CACHE/bin"; export CACHE; install_python "$CACHE/bin/to"`;
    const { status, stdout } = bash(rig(text, { at: folder }), {
      env: { PATH, SIGSTAND_CACHE: join(folder, 'cache') },
    });
    expect(status).toBe(0);
    for (const flag of ['--require-hashes', '--no-deps', '--only-binary :all:'])
      expect(stdout).toContain(flag);
    expect(existsSync(join(folder, 'cache/bin/to/sigstore'))).toBe(true);
  });
});

describe('two builds', () => {
  it('wait for each other where they build the same, and not where they do not', () => {
    const text = `build_module() { echo "$1"; }
      mkdir -p "$CACHE/log"
      flock --exclusive "$CACHE/log/traefik.lock" sleep 30 & holder=$!
      while flock --nonblock "$CACHE/log/traefik.lock" true; do sleep 0.05; done
      rig_build dns helm
      (rig_build traefik) & waits=$!
      until [ -s "$CACHE/said" ]; do sleep 0.05; done
      kill -- "$(pgrep -P $holder)"
      wait $waits`;
    inFolder({}, (folder) => {
      const env = { SIGSTAND_CACHE: folder };
      const { status, stdout } = bash(
        rig(`note() { echo "$*" | tee -a "$CACHE/said"; }\n${text}`),
        { env },
      );
      expect({ status, stdout }).toEqual({
        status: 0,
        stdout: 'dns\nhelm\nanother build of traefik is running; waiting for it\ntraefik\n',
      });
    });
  });
});

describe('what cargo builds', () => {
  const files = {
    'sigstore-rust/Cargo.toml': 'rust-version = "1.88"\n',
    'sigstore-rust/Cargo.lock': 'a\n',
    'exported.rs': '',
  };
  const built = 'shift $(($# - 2)); mkdir -p "$2/debug"; echo >"$2/debug/sigstore-rust"';
  const build = (cargo: string, version = '1.88.0') =>
    inFolder(files, (folder) => {
      const says = `[ "$1" != --version ] || { echo "cargo ${version} (abc 2026-01-01)"; exit; }`;
      const env = {
        PATH: standIn(folder, 'cargo', `${says}\necho "$@"; ${cargo}`),
        SIGSTAND_CACHE: join(folder, 'cache'),
      };
      const said = bash(rig('mkdir -p "$CACHE/bin" "$CACHE/log"; build_rust', { at: folder }), {
        env,
      });
      const bin = join(folder, 'cache/bin');
      const log = join(folder, 'cache/log/sigstore-rust.log');
      return {
        ...said,
        log: existsSync(log) ? readFileSync(log, 'utf8') : '',
        kept: readdirSync(bin, { recursive: true }).filter((name) => !`${name}`.startsWith('.')),
      };
    });

  it('is what its Cargo.lock names, and nothing but the program is kept', () => {
    const { status, stderr, log, kept } = build(built);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(log).toMatch(/^build --locked /);
    const folder = expect.stringMatching(/^sigstore-rust-[0-9a-f]{16}$/);
    const program = expect.stringMatching(/^sigstore-rust-[0-9a-f]{16}\/sigstore-rust$/);
    expect(kept.sort()).toEqual([folder, program]);
  });

  it('is not in the cache where its compiler failed', () => {
    const { status, kept } = build(`${built}; exit 1`);
    expect({ status, kept }).toEqual({ status: 1, kept: [] });
  });

  it('wants a cargo that its crates can be compiled with, and says so in a line', () => {
    const { status, stderr, log, kept } = build(built, '1.85.0');
    expect({ status, log, kept }).toEqual({ status: 1, log: '', kept: [] });
    expect(stderr).toMatch(
      /^rig: cargo here is 1\.85\.0, and the crates of \S+ need 1\.88 or newer; .*cargo-web.*\n$/,
    );
  });

  it.each(Object.keys(files))('is another one where its %s is another', (file) => {
    const name = (given: Record<string, string>) =>
      inFolder(given, (folder) => {
        const text = `RUST_PROGRAM='${folder}/exported.rs'; basename "$(rust_bin)"`;
        return bash(rig(text, { at: folder })).stdout;
      });
    expect(name(files)).toMatch(/^sigstore-rust-[0-9a-f]{16}\n$/);
    expect(name({ ...files, [file]: 'another\n' })).not.toBe(name(files));
  });
});

describe('the images', () => {
  it('are those that the manifests name, without their digests', () => {
    const named = readdirSync(join(root, 'manifests'))
      .filter((file) => file.endsWith('.yaml'))
      .flatMap((file) => [
        ...readFileSync(join(root, 'manifests', file), 'utf8').matchAll(/ image: (\S+)/g),
      ])
      .map(([, image = '']) => image.replace(/@.*/, ''));
    const { stdout } = bash(rig('manifest_images'));
    expect(stdout.trim().split('\n')).toEqual(expect.arrayContaining([...new Set(named)]));
    expect(stdout).not.toContain('@');
  });

  it('of which one has no recipe are not made', () => {
    expect(bash(rig('recipe_of docker.io/library/unheard-of:1'))).toMatchObject({
      status: 1,
      stderr: expect.stringContaining('name the image docker.io/library/unheard-of:1'),
    });
  });

  it.each([
    ['nginx:1', 'library/nginx:1'],
    ['docker.io/library/nginx:1', 'library/nginx:1'],
    ['localhost/rig/pause:1', 'rig/pause:1'],
    ['host:5000/a/b:1', 'a/b:1'],
    ['sigstand/a:1', 'sigstand/a:1'],
  ])('are asked for as containerd asks a mirror: %s', (name, path) => {
    expect(bash(rig(`repository_path ${name}`)).stdout).toBe(`${path}\n`);
  });
});

it('the cluster’s certificates are of one CA, each for its use, and nobody else reads their keys', () => {
  inFolder({}, (folder) => {
    const { status, stderr } = bash(rig(`STATE='${folder}'; make_certificates`));
    expect({ status, stderr }).toMatchObject({ status: 0 });
    const pki = join(folder, 'pki');
    const judged = bash(
      `openssl verify -x509_strict -purpose sslserver -CAfile ca.crt apiserver.crt kubelet-server.crt
       openssl verify -x509_strict -purpose sslclient -CAfile ca.crt admin.crt apiserver-kubelet-client.crt
       openssl x509 -in admin.crt -noout -subject -ext basicConstraints`,
      { folder: pki },
    );
    expect(judged).toMatchObject({ status: 0 });
    expect(judged.stdout).toContain('CA:FALSE');
    expect(judged.stdout).toMatch(/O ?= ?system:masters/);
    const open = readdirSync(pki).filter((name) => (statSync(join(pki, name)).mode & 0o077) !== 0);
    expect(open).toEqual([]);
  });
}, 60_000);

describe('the daemons', () => {
  const told = (start: string) =>
    bash(
      rig(`start() { echo "$@"; }; until_ok() { :; }; rig_bin() { echo "$1"; }; admin() { :; }; STATE=/nowhere
      mkdir() { :; }; ${start}`),
    ).stdout;

  it('leave rights to Roles, as clusters do', () => {
    expect(told('start_apiserver')).toContain(' --authorization-mode=Node,RBAC ');
  });

  it('keep the database of the cluster to this machine', () => {
    const [etcd = ''] = told('start_foundations').split('\n');
    expect(etcd.match(/http:\/\/[^:]+/g)?.filter((url) => url !== 'http://127.0.0.1')).toEqual([]);
  });

  it('are configured for their instance: no place is left open', () => {
    inFolder({}, (folder) => {
      const { status } = bash(rig(`STATE='${folder}'; render_config`));
      expect(status).toBe(0);
      const config = join(folder, 'config');
      const texts = readdirSync(config, { recursive: true, encoding: 'utf8' })
        // A pattern, whose copies stand in base.yaml.
        .filter((name) => name !== 'volume.yaml' && statSync(join(config, name)).isFile())
        .map((name) => readFileSync(join(config, name), 'utf8'));
      expect(texts.length).toBeGreaterThan(7);
      expect(texts.flatMap((text) => text.match(/@[A-Z_]+@/g) ?? [])).toEqual([]);
    });
  });
});

describe('what is not there', () => {
  it('is named by its Debian package', () => {
    const text = rig('PROGRAMS=(bash:bash no-such-program:its-package); missing_packages');
    expect(bash(text).stdout).toBe('its-package\n');
  });

  it('as a controller is refused, with those that there are', () => {
    expect(bash(rig('controllers_of kyverno,unheard-of'))).toMatchObject({
      status: 1,
      stderr: expect.stringContaining("no controller 'unheard-of'"),
    });
  });

  it('as a verb is refused with 64', () => {
    expect(bash(`'${here}/rig' fly`)).toMatchObject({ status: 64 });
  });
});

describe('MySQL, of another suite of Debian', () => {
  const sources = [
    'http://others.test/ nodistro main',
    'http://mirror.test/debian/ bookworm main',
    'http://mirror.test/debian/ bookworm-updates main',
    'http://mirror.test/debian/ bookworm contrib',
  ];
  /** Runs a text where apt serves a package of this version. */
  const served = (text: string, version: string, own = 'bookworm') =>
    inFolder({ 'os-release': `VERSION_CODENAME=${own}\n` }, (folder) => {
      const cache = join(folder, 'cache');
      const apt = `case "$*" in
        indextargets*) printf '%s\n' ${sources.map((one) => `'${one}'`).join(' ')} ;;
        *--download-only*) for word; do case $word in Dir::Cache=*) touch "\${word#*=}/archives/a.deb" ;; esac; done ;;
        esac; echo "$@" >>'${folder}/asked'`;
      standIn(folder, 'dpkg-deb', `printf 'mysql-server-core\\t%s\\n' '${version}'`);
      const PATH = standIn(folder, 'apt-get', apt);
      const env = { PATH, SIGSTAND_CACHE: cache, OS_RELEASE: join(folder, 'os-release') };
      const done = bash(rig(`build_image() { :; }; mkdir -p "$CACHE"/{bin,log}\n${text}`), { env });
      const kept = readdirSync(join(cache, 'bin')).filter((name) => !name.startsWith('.'));
      const asked = join(folder, 'asked');
      return { ...done, kept, asked: existsSync(asked) ? readFileSync(asked, 'utf8') : '' };
    });

  it('comes from the mirror that the machine has', () => {
    expect(served('debian_source sid', '').stdout).toMatch(
      /^deb \[signed-by=\S+ target=Packages\] http:\/\/mirror\.test\/debian\/ sid main\n$/,
    );
  });

  it('is not looked for on a machine that has no Debian', () => {
    expect(served('debian_source sid', '', 'noble')).toMatchObject({
      status: 1,
      stderr: "E: no source of apt has main of Debian's noble\n",
    });
  });

  it('is fetched once, and apt is told of no place of the machine', () => {
    const { status, stdout, kept, asked } = served('build_mysql; build_mysql', '9.7.4-2');
    expect({ status, kept }).toEqual({
      status: 0,
      kept: [expect.stringMatching(/^mysql-[0-9a-f]{16}$/)],
    });
    expect(stdout).toMatch(/^MySQL: +9\.7\.4-2\nMySQL 9\.7\.4-2: +cached\n$/m);
    const calls = asked.split('\n').filter((line) => /update|install/.test(line));
    expect(calls).toHaveLength(2);
    for (const call of calls) {
      for (const place of ['Etc::SourceList', 'State::Lists', 'State::Status', 'Cache']) {
        expect(call).toMatch(new RegExp(`Dir::${place}=\\S+/cache/bin/\\.fresh-mysql/`));
      }
      expect(call).toContain('Dir::Etc::SourceParts=- ');
    }
  });

  it('is refused where it is older than what was tried, and not kept', () => {
    expect(served('build_mysql', '8.0.46-1')).toMatchObject({
      status: 1,
      stderr:
        "rig: mysql-server-core of Debian's sid is 8.0.46-1, and the rig needs 9.7 or newer (test/rig/lib/mysql.sh)\n",
      kept: [],
    });
  });

  it.each([
    'E: Unable to locate package libicu78',
    ' mysql-server-core : Depends: libicu78 (>= 78.1-1~) but it is not installable',
  ])('is named where a part of it is gone: %s', (said) => {
    expect(bash(rig(`gone_pin <<<'${said}'`)).stdout).toBe(
      "libicu78, which Debian's lists do not have\n",
    );
  });
});
