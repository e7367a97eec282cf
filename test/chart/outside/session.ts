import { mkdtemp, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { tokenOf } from '../../cluster/cosign.ts';
import { type Session, sessionFor } from '../../cluster/export-session.ts';
import type { Client } from '../../cluster/export-shell.ts';
import type { Led } from './stack.ts';

/** A client's user outside: the token comes from whoever may make one, all else from the folder. */
export async function sessionOf(led: Led, client: Client, change = (script: string) => script) {
  const work = await mkdtemp(join(led.work, 'client-'));
  const session: Session = await sessionFor(client, led, work);
  const { SIGSTORE_ID_TOKEN: token } = await tokenOf(led.inside, 'default');
  const file = join(work, 'token');
  await writeFile(file, token, { mode: 0o600 });
  return session.run((script) =>
    change(
      script.replace(/^export SIGSTORE_ID_TOKEN=.*$/m, `export SIGSTORE_ID_TOKEN=$(cat ${file})`),
    ),
  );
}
