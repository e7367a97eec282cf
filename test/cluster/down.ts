import { expect, it } from 'vitest';
import type { Raised } from './up.ts';

/** The packed `sigstand down`, on the stack that `sigstand up` made and that others have worked with since. */
export function describeDown(there: () => Raised): void {
  const down = (...args: string[]) => {
    const { cluster, cli } = there();
    return cluster.exec([...cli.command, 'down', ...args]);
  };
  const root = () =>
    there().cluster.kubectl(
      ...['get', 'secret', 'tuf-root', '-n', 'tuf-system', '-o', 'jsonpath={.metadata.uid}'],
    );
  const ours = async (kinds: string) =>
    (
      await there().cluster.kubectl(
        ...['get', kinds, '-A', '-l', 'app.kubernetes.io/part-of=sigstand', '-o', 'name'],
      )
    ).trim();

  it('keeps keys and volumes, and leaves no Pod', async () => {
    const before = await root();
    const { status, stdout } = await down();
    expect(status).toBe(0);
    expect(stdout).toMatch(/^Removed \d+ objects\. Kept for the next sigstand up: 6 Namespaces, /m);
    expect(await ours('pods,jobs,deployments,statefulsets,services')).toBe('');
    expect(await ours('persistentvolumeclaims')).not.toBe('');
    expect(await root()).toBe(before);
  });
}
