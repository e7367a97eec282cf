import { JobError } from './errors.ts';
import { hostName } from './values.ts';

/** The host name that a record holds; @throws {JobError} data, naming the place, where it is none. */
export function readHostName(place: string, value: Uint8Array): string {
  const text = Buffer.from(value).toString();
  try {
    return hostName(text);
  } catch {
    throw new JobError('data', `${place} is no host name`, {
      hint: "write Rekor's --rekor_server.hostname there, in small letters and without a scheme",
    });
  }
}
