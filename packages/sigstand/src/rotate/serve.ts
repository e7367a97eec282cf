import { JobError } from '@sigstand/job/errors';
import type { Ref } from '@sigstand/store/store';
import type { Ground } from './ground.ts';
import { has, picked } from './record.ts';

/** What changes with each publication: a new root is not named by the timestamp. */
const newest = ['timestamp.json', 'root.json'];
const patience = 120_000; // milliseconds; the kubelet looks every minute

/** Whether every web server hands out the repository as it is stored. */
export async function isServed({ store, handedOut }: Ground, repository: Ref): Promise<boolean> {
  const stored = picked((await store.read(repository))?.data ?? {}, newest);
  const all = await handedOut(repository.namespace, newest);
  return all.length > 0 && all.every((one) => has(one, stored));
}

/** Waits until that is so. @throws {JobError} unavailable */
export async function serve(ground: Ground, repository: Ref): Promise<void> {
  const end = ground.now().getTime() + patience;
  await ground.touch(repository.namespace);
  while (!(await isServed(ground, repository))) {
    if (ground.now().getTime() > end) {
      throw new JobError(
        'unavailable',
        'a web server of the repository does not have the new files yet',
        { hint: `see the Pods of ${repository.namespace}, then run it again` },
      );
    }
    await ground.pause(200);
  }
}
