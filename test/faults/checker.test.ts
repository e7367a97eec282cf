import { beforeAll, describe, expect, it } from 'vitest';
import { violations } from './checker.ts';
import { placeOf, type StoredObject } from './history.ts';
import { wholeStack } from './whole-stack.ts';

/** A whole stack, as the API server would tell of it. */
let stack: Map<string, StoredObject>;
/** Another stack, with other keys under the same names. */
let other: Map<string, StoredObject>;
beforeAll(async () => {
  [stack, other] = await Promise.all([places(), places()]);
}, 60_000);

async function places(): Promise<Map<string, StoredObject>> {
  return new Map((await wholeStack()).map((object) => [placeOf(object), object]));
}

/** What the checker says of a trial in which one object became `changed`. */
function verdictOn(changed: StoredObject): string[] {
  return violations(stack, [{ type: 'MODIFIED', object: changed }]);
}

const find = (place: string, from = stack): StoredObject => {
  const found = from.get(place);
  if (!found) throw new Error(`no ${place} in ${[...from.keys()]}`);
  return found;
};

describe('the checker', () => {
  it('has nothing to say of a whole stack', () => {
    expect(violations(new Map(), eventsOf(stack))).toEqual([]);
  });

  it.each([
    ['Secret rekor-system/rekor-signing-secret', 'Rekor’s public key is not its private key’s'],
    ['Secret rekor-system/rekor-pub-key', 'Rekor’s public key is not its private key’s'],
    ['Secret fulcio-system/fulcio-secrets', 'Fulcio’s two Secrets differ'],
    ['Secret fulcio-system/fulcio-pub-key', 'a copy is not its source: Fulcio'],
    ['Secret ctlog-system/ctlog-secrets', 'the CT log does not accept Fulcio’s root'],
    ['Secret ctlog-system/ctlog-public-key', 'the CT log’s two Secrets differ'],
    ['Secret tsa-system/tsa-cert-chain', 'a copy is not its source: TSA'],
    ['Secret trillian-system/trillian-mysql', 'the database’s credentials differ from their copy'],
    ['Secret tuf-system/tuf-keys', 'the repository trusts another key for root than tuf-keys has'],
    ['Secret tuf-system/tuf-root', 'tuf-root’s archive is not the repository'],
    ['ConfigMap tuf-system/tuf-repository', 'tuf-root’s root is not the first root'],
  ])('sees that %s is another stack’s', (place, fault) => {
    expect(verdictOn(find(place, other))).toContain(fault);
  });

  it('sees a key that changed, even where the pair matches again', () => {
    const found = violations(stack, eventsOf(other));
    expect(found).toContain('Secret rekor-system/rekor-pub-key key public changed');
    expect(found).toContain('Secret rekor-system/rekor-signing-secret key signing-secret changed');
  });

  it('lets a reserved key go where the log has it, and nowhere else', () => {
    const place = 'Secret ctlog-system/ctlog-key';
    const reserved = (from: typeof stack) => {
      const { private: sealed = '', config = '' } =
        find('Secret ctlog-system/ctlog-secrets', from).data ?? {};
      const word = /password: *"([^"]+)"/.exec(Buffer.from(config, 'base64').toString())?.[1] ?? '';
      const data = { private: sealed, password: Buffer.from(word).toString('base64') };
      return { ...find(place), data };
    };
    const emptied = [{ type: 'MODIFIED' as const, object: find(place) }];
    const letGo = (from: typeof stack) =>
      violations(new Map([...stack, [place, reserved(from)]]), emptied);
    expect(letGo(stack)).toEqual([]);
    expect(letGo(other)).toEqual([`${place} was emptied, and its key is not the log’s`]);
    expect(verdictOn(reserved(other))).toEqual([
      'the CT log’s reserved key is not the published one',
    ]);
  });

  it('sees a private key that its password does not open', () => {
    const secret = find('Secret fulcio-system/fulcio-secrets');
    const password = find('Secret fulcio-system/fulcio-secrets', other).data?.password ?? '';
    expect(verdictOn({ ...secret, data: { ...secret.data, password } })).toContainEqual(
      expect.stringContaining('Fulcio’s certificate is not its private key’s'),
    );
  });

  it('sees another tree, and what went away', () => {
    const config = find('ConfigMap ctlog-system/ctlog-config');
    const treeID = Buffer.from('42').toString('base64');
    expect(verdictOn({ ...config, binaryData: { treeID } })).toEqual([
      'ConfigMap ctlog-system/ctlog-config key treeID changed',
      'the CT log’s tree is not the recorded one',
    ]);
    expect(verdictOn({ ...config, metadata: { ...config.metadata, labels: {} } })).toEqual([
      'ConfigMap ctlog-system/ctlog-config label theirs went away',
    ]);
    expect(violations(stack, [{ type: 'DELETED', object: config }])).toContain(
      'ConfigMap ctlog-system/ctlog-config was deleted',
    );
  });
});

function eventsOf(objects: Map<string, StoredObject>) {
  return [...objects.values()].map((object) => ({ type: 'ADDED' as const, object }));
}
