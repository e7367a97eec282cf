import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { jobNames as jobs } from '@sigstand/contracts/contract';
import { describe, expect, it } from 'vitest';

const root = join(import.meta.dirname, '..');
/** The Jobs that make what `sigstand rotate` replaces, and publish it: it runs and reads the same. */
const makers = ['createcertchain', 'createcerts', 'createctconfig', 'createsecret', 'createtuf'];
/** Which of our packages each package may import; the map in packages/README.md draws the same. */
const mayImport: Record<string, readonly string[]> = {
  store: [],
  pki: [],
  contracts: ['store'],
  job: ['store'],
  sigstand: ['contracts', 'job', 'pki', 'store', ...makers],
  ...Object.fromEntries(jobs.map((job) => [job, ['contracts', 'job', 'pki', 'store']])),
};

/** Modules that touch the world; a core file imports none of them. */
const effects =
  /^(node:(fs|net|http|https|child_process|process|dns|tls|timers|os)(\/.*)?|@kubernetes\/.*|@grpc\/.*|@sigstore\/tuf|tuf-js|commander)$/;

interface Source {
  readonly path: string;
  readonly pack: string;
  readonly file: string;
  readonly text: string;
  readonly imports: readonly { readonly from: string; readonly isType: boolean }[];
}

const sources = readdirSync(join(root, 'packages'), { recursive: true, encoding: 'utf8' })
  .filter((path) => /^[a-z]+\/src\/.*\.ts$/.test(path))
  .map(parse);
const shipped = sources.filter(({ file }) => !/\.(test|suite)\.ts$|^testing\.ts$/.test(file));

function parse(path: string): Source {
  const text = readFileSync(join(root, 'packages', path), 'utf8');
  const statements = text.matchAll(
    /^(import|export)( type)?\b[^;]*?from '([^']+)'|^import '([^']+)'/gm,
  );
  const imports = [...statements].map(([, , type, from, bare]) => ({
    from: from ?? bare ?? '',
    isType: type !== undefined,
  }));
  return { path, pack: path.split('/')[0] ?? '', file: path.split('/').pop() ?? '', text, imports };
}

describe('the import arrow', () => {
  it('knows every package', () => {
    expect(readdirSync(join(root, 'packages')).filter((name) => name !== 'README.md')).toEqual(
      Object.keys(mayImport).sort(),
    );
  });

  it.each(Object.keys(mayImport))('%s imports only what it may', (pack) => {
    const own = sources.filter((source) => source.pack === pack);
    const ours = own.flatMap(({ path, imports }) =>
      imports
        .filter(({ from }) => from.startsWith('@sigstand/'))
        .map(({ from }) => ({ path, to: from.split('/')[1] ?? '' })),
    );
    expect(ours.filter(({ to }) => !mayImport[pack]?.includes(to))).toEqual([]);
    const outside = own.flatMap(({ path, imports }) =>
      imports
        .filter(({ from }) => /^(\.\.\/)+(?!package\.json$)/.test(from))
        .filter(({ from }) => !join(dirname(path), from).startsWith(`${pack}/src/`))
        .map(({ from }) => ({ path, from })),
    );
    expect(outside).toEqual([]);
  });

  it('takes only types from store into contracts', () => {
    const values = shipped
      .filter(({ pack }) => pack === 'contracts')
      .flatMap(({ imports }) => imports)
      .filter(({ from, isType }) => from.startsWith('@sigstand/') && !isType);
    expect(values).toEqual([]);
  });

  it('is drawn in packages/README.md as it is here', () => {
    const map = readFileSync(join(root, 'packages/README.md'), 'utf8');
    for (const [pack, others] of Object.entries(mayImport)) {
      if ((jobs as readonly string[]).includes(pack)) continue;
      expect(map).toContain(
        `| \`${pack}\` | ${others.map((one) => `\`${one}\``).join(', ') || 'nothing of ours'} |`,
      );
    }
    for (const job of jobs) expect(map).toContain(job);
  });
});

describe('the shape of a Job', () => {
  it.each(jobs)('%s has main.ts, job.ts, a core and a test', (job) => {
    const files = sources.filter(({ pack }) => pack === job).map(({ file }) => file);
    expect(files).toEqual(expect.arrayContaining(['main.ts', 'job.ts', 'job.test.ts']));
    expect(files.filter((file) => !/^(main|job)\.ts$|test/.test(file))).not.toEqual([]);
  });

  it.each(jobs)('%s keeps effects out of what is not main, job or a named effect', (job) => {
    // A file that hides an outside system says so in its name's place here.
    const named = ['trillian.ts', 'fulcio.ts', 'client-check.ts', 'certificate-authority.ts'];
    expect(impure(job, ['main.ts', 'job.ts', ...named])).toEqual([]);
  });

  it('is that of the CLI, too: what judges a stack touches nothing', () => {
    const status = ['way.ts', 'forward.ts', 'front.ts', 'tuf-client.ts'];
    const ways = [
      ...status,
      'socket.ts',
      'outage.ts',
      'folder.ts',
      'new-file.ts',
      'whole-file.ts',
      'backup-file.ts',
      'restore.ts',
    ];
    const hands = ['cluster.ts', 'lease.ts'];
    const raising = [
      'apply.ts',
      'remove.ts',
      'bring-up.ts',
      'patience.ts',
      'seen.ts',
      'stack.ts',
      'watch.ts',
      'embedded.ts',
    ];
    const verbs = ['main.ts', 'cli.ts', 'verb.ts', 'values.ts', 'options.ts', 'token.ts'];
    expect(impure('sigstand', [...verbs, ...ways, ...hands, ...raising])).toEqual([]);
  });

  it('lets one file alone know the process', () => {
    const knowing = shipped.filter(({ text }) => /\bprocess\.(?!version\b)/.test(text));
    expect(knowing.map(({ path }) => path)).toEqual(['job/src/host.ts']);
  });

  it('keeps every file within 250 lines', () => {
    const long = shipped.filter(({ text }) => text.split('\n').length > 250);
    expect(long.map(({ path }) => path)).toEqual([]);
  });
});

/** The effects in a package's files but for those named: an import that touches the world, or the clock. */
function impure(pack: string, named: readonly string[]): string[] {
  const cores = shipped.filter((one) => one.pack === pack && !named.includes(one.file));
  const imports = cores.flatMap(({ path, imports }) =>
    imports
      .filter(({ from, isType }) => !isType && effects.test(from))
      .map(({ from }) => `${path} imports ${from}`),
  );
  const clocks = cores.filter(({ text }) => /\bnew Date\(\)|Date\.now\(\)/.test(text));
  return [...imports, ...clocks.map(({ path }) => `${path} asks the clock`)];
}
