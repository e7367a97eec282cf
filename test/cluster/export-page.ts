import { mkdtemp, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, expect, it } from 'vitest';
import { goProject } from './export-session.ts';
import { blockBelow, type Client, shellWith } from './export-shell.ts';
import type { Exported } from './export-stack.ts';
import { root } from './rig.ts';
import { mirror } from './stack.ts';

/** The page of the trust root as the mirror serves it, and each of its commands as it stands there. */
export function describePage(there: () => Exported): void {
  let page = '';
  let signed: Readonly<Record<'FILE' | 'IDENTITY' | 'SIGSTORE_ID_TOKEN', string>>;
  beforeAll(async () => {
    const { cluster, folder, work } = there();
    page = await cluster.mustExec(['curl', '-sSf', `${mirror}/`]);
    const shell = await shellWith(cluster, 'cosign 3', await mkdtemp(join(work, 'page-')));
    const who = await blockBelow(join(folder, 'README.md'), 'Who signs');
    const names = ['FILE', 'IDENTITY', 'SIGSTORE_ID_TOKEN'] as const;
    const sign = 'cosign sign-blob --yes --bundle "$FILE.sigstore.json" "$FILE" >&2';
    const tell = names.map((name) => `echo "$${name}"`).join('; ');
    const { status, stdout, stderr } = await shell.run(`${who}\n${sign}\n${tell}`, { folder });
    expect({ status, stderr }).toMatchObject({ status: 0 });
    const [FILE = '', IDENTITY = '', SIGSTORE_ID_TOKEN = ''] = stdout.trim().split('\n');
    signed = { FILE, IDENTITY, SIGSTORE_ID_TOKEN };
  });

  /** A block of the page, as a reader copies it. */
  const block = (name: string) => {
    const start = page.split(`aria-label="${name}"`)[1] ?? '';
    return plain(/<code class="\w+">(.*?)<\/code>/s.exec(start)?.[1] ?? '');
  };
  const follow = async (client: Client, commands: string, change = signed) => {
    const { cluster, work } = there();
    const place = await mkdtemp(join(work, 'of-page-'));
    const shell = await shellWith(cluster, client, place);
    return shell.run(`mkdir own; cd own\n${block('First root')}\n${commands}`, {
      env: { ...change },
    });
  };

  it('is what the export has, and names no other stack', async () => {
    const { text } = there();
    expect(page).toBe(await text('index.html'));
    expect(page).toContain((await text('1.root.json.sha256')).split(' ')[0]);
  });

  it.each([
    ['cosign', 'cosign 3', /Verified OK/],
    ['sigstore-python', 'sigstore-python', /OK: /],
  ] as const)(
    'has commands by which %s verifies, and refuses another signer',
    async (name, client, says) => {
      const ending = await follow(client, block(name));
      expect(ending).toMatchObject({ status: 0 });
      expect(ending.stdout + ending.stderr).toMatch(says);
      const other = await follow(client, block(name), { ...signed, IDENTITY: 'https://nobody' });
      expect(other.status).not.toBe(0);
      expect(other.stdout + other.stderr).toMatch(/identit|subject|SAN/i);
    },
  );

  it('has a program by which sigstore-js verifies', async () => {
    const { work } = there();
    const program = join(await mkdtemp(join(work, 'js-')), 'verify.mjs');
    await writeFile(program, block('sigstore-js'));
    await symlink(join(root, 'node_modules'), join(program, '../node_modules'));
    const ending = await follow('sigstore-js', `node ${program}`);
    expect(ending).toMatchObject({ status: 0, stdout: expect.stringContaining('verified\n') });
    const other = { ...signed, IDENTITY: 'https://nobody' };
    expect((await follow('sigstore-js', `node ${program}`, other)).status).not.toBe(0);
  });

  it('has a program by which sigstore-go starts', async () => {
    const { work } = there();
    const place = await mkdtemp(join(work, 'go-'));
    await writeFile(join(place, 'main.go'), block('sigstore-go'));
    await goProject(place, 'main.go');
    const ending = await follow('sigstore-go', join(place, 'compiled'));
    expect(ending).toMatchObject({ status: 0, stdout: expect.stringContaining('signatures: 1\n') });
  });

  it('has commands by which gitsign signs and verifies', async () => {
    const said = block('gitsign');
    const commit = 'git commit -qS --allow-empty -m signed\n$&';
    const commands = said.replace(/^gitsign verify/m, commit);
    expect(commands).not.toBe(said);
    const who = 'git init -q; git config user.name Ada; git config user.email ada@example.com\n';
    const { status, stdout, stderr } = await follow('gitsign', who + commands);
    expect({ status, stderr }).toMatchObject({ status: 0 });
    expect(stdout + stderr).toContain('Validated Certificate claims: true');
  });

  it('has a checksum that another root does not meet', async () => {
    const { strangers } = there();
    const other = await readFile(strangers, 'utf8');
    const { cluster, work } = there();
    const shell = await shellWith(cluster, 'cosign 3', await mkdtemp(join(work, 'other-')));
    const check = block('First root').split('\n')[1];
    const { status, stdout } = await shell.run(`printf %s "$OTHER" >1.root.json\n${check}`, {
      env: { OTHER: other },
    });
    expect({ status, stdout }).toEqual({ status: 1, stdout: '1.root.json: FAILED\n' });
  });
}

function plain(markup: string): string {
  const entities: Record<string, string> = { lt: '<', gt: '>', quot: '"', '#39': "'", amp: '&' };
  return markup.replace(/&(lt|gt|quot|#39|amp);/g, (_all, name: string) => entities[name] ?? '');
}
