import { homedir } from 'node:os';
import { join } from 'node:path';

/** Where kubectl looks without KUBECONFIG; undefined for a user of whom the machine knows no home, as in a container. */
export function homeKubeconfig(home: () => string = homedir): string | undefined {
  try {
    return join(home(), '.kube/config');
  } catch {
    return undefined;
  }
}
