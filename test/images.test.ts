import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { bash, inFolder } from './shell.ts';

const root = join(import.meta.dirname, '..');
const bake = readFileSync(join(root, 'docker-bake.hcl'), 'utf8');
const dockerfile = readFileSync(join(root, 'scripts/Dockerfile'), 'utf8');
const recipe = readFileSync(join(root, 'scripts/buildah.sh'), 'utf8');

describe('the image recipes', () => {
  it('name the Jobs that there are, and the CLI', () => {
    const matrix = /job = \[([^\]]+)\]/.exec(bake)?.[1]?.match(/[a-z]+/g) ?? [];
    const packages = readdirSync(join(root, 'packages')).filter((name) =>
      /^(create|copy|sigstand$)/.test(name),
    );
    expect(matrix.sort()).toEqual(packages.sort());
  });

  it('start from a base that is pinned by digest, and is Node 24', () => {
    expect(bake).toMatch(/base = "docker-image:\/\/\S*nodejs24\S*@sha256:[0-9a-f]{64}"/);
    expect(dockerfile).toMatch(/^FROM base AS job$/m);
  });

  it('run as nobody, with the Job, its code and what starts it', () => {
    const last = dockerfile.slice(dockerfile.lastIndexOf('FROM '));
    expect(last).toMatch(/^USER 65532:65532$/m);
    expect(last.match(/^(COPY|ADD|RUN).*/gm)).toEqual([
      'COPY --from=code --chmod=0644 /app/job.code /app/job.code',
    ]);
    const common = /^FROM base AS job$(.*?)^FROM /ms.exec(dockerfile)?.[1] ?? '';
    expect(common.match(/(?<=^COPY .*)\S+$/gm)).toEqual(['/app/job.cjs', '/app/launch.cjs']);
  });

  it('give each file the mode that the Job’s user needs, whatever umask the checkout had', () => {
    const [first = '', ...copies] = dockerfile.match(/^COPY .*/gm) ?? [];
    expect(copies.length).toBeGreaterThan(2);
    expect(copies.filter((line) => !line.includes(' --chmod=0644 '))).toEqual([]);
    // BuildKit gives the folder that it makes for a file the mode of the file.
    expect(first).toContain(' --chmod=0755 ');
  });

  it('are one Dockerfile, with Docker and without', () => {
    expect(bake).toContain('dockerfile = "scripts/Dockerfile"');
    expect(recipe).toContain('scripts/Dockerfile');
    expect(recipe).toContain('--build-context base=');
  });
});

describe('an image that is kept', () => {
  it('is whole once, though two have made it at the same time', () => {
    inFolder({ 'one/index.json': '1', 'two/index.json': '2' }, (folder) => {
      const said = bash(
        `source '${root}/scripts/buildah.sh'; keep one kept/image; keep two kept/image`,
        { folder },
      );
      expect(said).toEqual({ status: 0, stdout: '', stderr: '' });
      expect(readdirSync(folder, { recursive: true }).sort()).toEqual([
        'kept',
        'kept/image',
        'kept/image/index.json',
      ]);
    });
  });
});
