import { records } from '@sigstand/contracts/records';
import { show } from '@sigstand/store/store';
import { describe, expect, it } from 'vitest';
import { stackNames, stackRecords } from './names.ts';
import { cli } from './testing.ts';

describe('the names of a stack', () => {
  it.each([
    [{}, 'tuf-system', 'trillian-system'],
    [{ namespacePrefix: 'stg-' }, 'stg-tuf-system', 'stg-trillian-system'],
    [{ singleNamespace: 'sigstore' }, 'sigstore', 'sigstore'],
  ])('follow from %j', (naming, tuf, trillian) => {
    expect(stackNames(naming)).toEqual({ tuf, trillian });
  });

  it('are those of every record', () => {
    expect(stackRecords({})).toEqual(records);
    expect(stackRecords({ namespacePrefix: 'stg-' }).map(show)).toEqual(
      records.map((one) => show(one).replace(' ', ' stg-')),
    );
    const single = stackRecords({ singleNamespace: 'all' }).map(show);
    expect(single).toHaveLength(records.length - 1);
    expect(new Set(single).size).toBe(single.length);
    expect(single).toEqual(
      expect.arrayContaining(['Secret all/rekor-pub-key', 'Secret all/trusted-rekor-pub-key']),
    );
  });

  it.each([
    [['--namespace-prefix=Stg_'], 'Kubernetes names have small letters, digits, - and . only'],
    [['--namespace-prefix=a.'], 'A namespace has at most 63 characters, and no dot'],
    [['--namespace-prefix=a-', '--single-namespace=b'], 'cannot be used with'],
    // With it tuf-system is a namespace, and trillian-system is none.
    [[`--namespace-prefix=${'p'.repeat(49)}`], 'A namespace has at most 63 characters'],
    [['--timeout=30d'], 'Write 1ms to 1d'],
  ])('are refused: %j', async (flags, said) => {
    const { status, stderr } = await cli(['status', '--direct', ...flags]);
    expect(status).toBe(64);
    expect(stderr).toContain(said);
  });

  it.each([
    [['--namespace-prefix=stg-'], 'http://tuf.stg-tuf-system.svc'],
    [['--single-namespace=all'], 'http://tuf.all.svc'],
    [['--mirror=http://127.0.0.1:9', '--namespace-prefix=x-'], 'http://127.0.0.1:9'],
  ])('lead to the mirror: %j', async (flags, mirror) => {
    const ended = await cli(['status', '--direct', '--json', '--timeout=2s', ...flags]);
    expect(ended.status).toBe(69);
    const { checks } = JSON.parse(ended.stdout) as { checks: object[] };
    expect(checks).toContainEqual(
      expect.objectContaining({ check: 'tuf-mirror', outcome: 'fail', subject: mirror }),
    );
  });
});
