import { type Ref, show } from '@sigstand/store/store';
import type { DatabaseStep } from './database-next.ts';

/** What a step does, in a sentence. */
export function databaseTold(
  step: DatabaseStep,
  { secret, copy, record }: { secret: Ref; copy: Ref | undefined; record: Ref },
): string {
  const again = (server: string) => `${server} starts again, and logs in with the new password`;
  const sentences: Record<DatabaseStep, string> = {
    make: `a new password is put into ${show(record)}, beside the present one`,
    admit: 'the database lets its user in with either',
    switch: `${show(secret)} gets the new password`,
    copy: `${copy ? show(copy) : 'the copy'} gets it as well, for Rekor`,
    mount: "the database's Pod has it mounted: its probe logs in by that",
    'log-signer': again('log-signer'),
    'log-server': again('log-server'),
    rekor: again('rekor'),
    retire: 'the database lets its user in with the new password alone',
    finish: `${show(record)} is deleted, and with it the old password`,
    withdraw: 'the database lets its user in with the old password alone',
    forget: `${show(record)} is deleted, and with it the new password`,
  };
  return sentences[step];
}
