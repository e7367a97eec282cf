import { mkdtemp, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { tokenOf } from '../../cluster/cosign.ts';
import { type Session, sessionFor } from '../../cluster/export-session.ts';
import type { Client } from '../../cluster/export-shell.ts';
import type { Result } from '../../cluster/rig.ts';
import type { Led } from './stack.ts';

type Change = (script: string) => string;

/** A client's user outside, once. */
export async function sessionOf(led: Led, client: Client, change?: Change): Promise<Result> {
  const work = await mkdtemp(join(led.work, 'client-'));
  return (await sessionOutside(led, client, work)).run(change);
}

/** A client's user outside: the token comes from whoever may make one, all else from the folder. */
export async function sessionOutside(led: Led, client: Client, work: string): Promise<Session> {
  const session = await sessionFor(client, led, work);
  const file = join(work, 'token');
  const given = (script: string) =>
    script.replace(/^export SIGSTORE_ID_TOKEN=.*$/m, `export SIGSTORE_ID_TOKEN=$(cat ${file})`);
  return {
    ...session,
    async run(change = (same) => same) {
      const { SIGSTORE_ID_TOKEN: token } = await tokenOf(led.inside, 'default');
      await writeFile(file, token, { mode: 0o600 });
      return session.run((script) => change(given(script)));
    },
  };
}
