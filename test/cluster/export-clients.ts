import { mkdtemp, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, expect, it } from 'vitest';
import { type Session, sessionFor, versionOf } from './export-session.ts';
import { type Client, publicFile, publicText } from './export-shell.ts';
import type { Exported } from './export-stack.ts';
import type { Result } from './rig.ts';

/** What a client says when it has verified; the shell ones do so twice, with the network and without need of it. */
const verified: Record<Client, RegExp> = {
  'cosign 2': /Verified OK[\s\S]*Verified OK/,
  'cosign 3': /Verified OK[\s\S]*Verified OK/,
  gitsign: /Validated Git signature: true[\s\S]*Validated Certificate claims: true/,
  'sigstore-python': /OK: [\s\S]*OK: /,
  'sigstore-js': /was signed by .*serviceaccounts\/default/,
  'sigstore-go': /was signed by .*serviceaccounts\/default/,
  'sigstore-java': /was signed by .*serviceaccounts\/default/,
};

/** Rekor adds an entry to its index some time after it has answered; gitsign looks for its own there at once. */
async function onceIndexed(run: () => Promise<Result>): Promise<Result> {
  for (let tries = 1; ; tries += 1) {
    const ended = await run();
    if (tries === 5 || !ended.stderr.includes('could not find matching tlog entry')) return ended;
  }
}

/** One client, told nothing but what its file and the README in the folder say. */
export function describeClient(
  client: Client,
  there: () => Exported,
  open: (client: Client, there: Exported, work: string) => Promise<Session> = sessionFor,
): void {
  let session: Session;
  beforeAll(async () => {
    const opened = await open(client, there(), await mkdtemp(join(there().work, 'client-')));
    session = { ...opened, run: (change) => onceIndexed(() => opened.run(change)) };
  });

  it('signs, and verifies what it signed', async () => {
    const { status, stdout, stderr } = await session.run();
    expect({ status, stderr }).toMatchObject({ status: 0 });
    expect(stdout + stderr).toMatch(verified[client]);
    expect(stderr).not.toMatch(/warning|fall(ing)? back|deprecated/i);
  });

  it('refuses another signer', async () => {
    const { status, stdout, stderr } = await session.run(byAnother);
    expect(status).not.toBe(0);
    expect(stdout + stderr).toMatch(/identit|subject|SAN/i);
  });

  it('refuses the root of another stack', async () => {
    const { strangers } = there();
    const { status, stdout, stderr } = await session.run((script) =>
      script.replace(
        /^source \.\/env$/m,
        `export SIGSTAND_CACHE_HOME=$TMPDIR/strangers\n$&\nexport TUF_ROOT_JSON=${strangers}`,
      ),
    );
    expect(status).not.toBe(0);
    expect(stdout + stderr).toMatch(
      /Verifying timestamp failed|Failed to refresh TUF metadata|error refreshing TUF metadata|SignatureVerificationException/,
    );
  });

  it('leaves what the user trusts otherwise as it is', async () => {
    expect(await readFile(join(session.home, publicFile), 'utf8')).toBe(publicText);
    const all = await readdir(session.home, { recursive: true });
    // kubectl's cache, and the Go toolchain's counters.
    const others = /^\.(kube(\/|$)|config$|config\/go(\/|$))/;
    expect(all.filter((name) => !others.test(name)).sort()).toEqual([
      '.sigstore',
      '.sigstore/root',
      publicFile,
    ]);
  });

  it('is of the version that the folder names', async () => {
    const { text } = there();
    const version = await versionOf(client);
    expect(version).toMatch(/^\d+\.\d+\.\d+$/);
    expect((await text(session.file)).split('\n').join(' ')).toMatch(
      new RegExp(`Run with [a-z-]+ ${version.replaceAll('.', '\\.')}\\b`),
    );
    expect(await text('README.md')).toContain(
      `| ${client} | \`${session.file}\` | run with ${version} |`,
    );
  });

  // The other clients follow the mirror, or read files that are for them alone.
  const alone: readonly Client[] = ['cosign 2', 'cosign 3', 'sigstore-python'];
  if (!alone.includes(client)) return;
  it('verifies by the file alone where there is no network', async () => {
    const { status, stdout, stderr } = await session.alone();
    expect({ status, stderr }).toMatchObject({ status: 0 });
    expect(stdout + stderr).toMatch(/Verified OK|OK: /);
    expect((await session.alone(byAnother)).status).not.toBe(0);
  });
}

const byAnother = (script: string) => script.replace(/^export IDENTITY=.*$/m, '$&-2');
