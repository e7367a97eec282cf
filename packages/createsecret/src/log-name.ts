import { rekorHostname } from '@sigstand/contracts/services';
import { JobError } from '@sigstand/job/errors';
import { readHostName } from '@sigstand/job/host-name';
import type { Data } from '@sigstand/store/store';

/**
 * The name under which Rekor signs its checkpoints, for as long as it has this key: the recorded one,
 * else the one that is wanted.
 *
 * @throws {JobError} contradiction, where the two differ; data, where what is recorded is no host name.
 */
export function logName(
  place: string,
  recorded: Data | undefined,
  wanted: string | undefined,
): string {
  const { hostname } = recorded ?? {};
  if (!hostname?.length) return wanted ?? rekorHostname;
  const name = readHostName(`${place} key hostname`, hostname);
  if (wanted === undefined || wanted === name) return name;
  throw new JobError('contradiction', `${place} key hostname is ${name}, but ${wanted} is wanted`, {
    hint:
      `nothing was changed, and Rekor goes on as ${name}; let the setting say that again, ` +
      'or replace the key with the name: docs/rotation.md',
  });
}
