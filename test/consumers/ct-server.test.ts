import { createHash, createPublicKey, verify } from 'node:crypto';
import { join } from 'node:path';
import { ctlogSecrets } from '@sigstand/contracts/records';
import { spki } from '@sigstand/pki/keys';
import { caExtensions, openssl, opensslCertificate } from '@sigstand/pki/testing';
import { describe, expect, it } from 'vitest';
import { addChain, answerOf, ctLogOn, newRoot, rootsOf, signedBy } from './ct-log.ts';
import { onTrillian } from './on-trillian.ts';

const here = onTrillian('ctlog');
const { publishRoot, plantTree, configure, serve, publishedKey } = ctLogOn(here);

interface TreeHead {
  readonly timestamp: number;
  readonly tree_size: number;
  readonly sha256_root_hash: string;
  readonly tree_head_signature: string;
}

/** The bytes that a log signs for its tree head (RFC 6962 section 3.5). */
function treeHead(head: TreeHead) {
  const [version, treeHash] = [0, 1];
  const fixed = Buffer.alloc(18);
  fixed.writeUInt8(version, 0);
  fixed.writeUInt8(treeHash, 1);
  fixed.writeBigUInt64BE(BigInt(head.timestamp), 2);
  fixed.writeBigUInt64BE(BigInt(head.tree_size), 10);
  return Buffer.concat([fixed, Buffer.from(head.sha256_root_hash, 'base64')]);
}

describe('ct_server on what createctconfig wrote', () => {
  it.each([[['--curvetype=p256']], [['--keytype=rsa']]])(
    'signs with the key of %j that is published',
    async (flags) => {
      const root = newRoot('root');
      await publishRoot(root);
      await plantTree();
      await configure(...flags);
      const log = await serve();
      expect(await rootsOf(log)).toEqual(['CN=root']);

      const key = await publishedKey();
      const head = await answerOf<TreeHead>(fetch(`${log}/get-sth`));
      // DigitallySigned (RFC 5246 section 4.7): two octets of algorithm, two of length.
      const signature = Buffer.from(head.tree_head_signature, 'base64').subarray(4);
      expect(verify('sha256', treeHead(head), key, signature)).toBe(true);

      const { id } = await answerOf<{ id: string }>(
        addChain(log, signedBy(root, 'codeSigning'), root),
      );
      expect(id).toBe(createHash('sha256').update(spki(key)).digest('base64'));
    },
  );

  it('takes code signing certificates of the root it was given, and no others', async () => {
    const root = newRoot('root');
    await publishRoot(root);
    await plantTree();
    await configure('--log-prefix=private/2026');
    const log = await serve('private/2026');
    const stranger = newRoot('stranger');
    const statuses = [
      await addChain(log, signedBy(root, 'codeSigning'), root),
      await addChain(log, signedBy(root, 'serverAuth'), root),
      await addChain(log, signedBy(stranger, 'codeSigning'), stranger),
    ].map(({ status }) => status);
    expect(statuses).toEqual([200, 400, 400]);
  });

  it('takes certificates of the old root and the new one after Fulcio got another', async () => {
    const [before, after] = [newRoot('before'), newRoot('after')];
    await publishRoot(before);
    await plantTree();
    await configure();
    const key = await publishedKey();
    await publishRoot(after);
    await configure();
    const log = await serve();
    expect(await rootsOf(log)).toEqual(['CN=before', 'CN=after']);
    for (const root of [before, after]) {
      expect(await addChain(log, signedBy(root, 'codeSigning'), root)).toMatchObject({
        status: 200,
      });
    }
    expect((await publishedKey()).equals(key)).toBe(true);
  });

  it('takes certificates below an intermediate whose root is not at hand', async () => {
    const root = newRoot('root');
    const extensions = [...caExtensions, 'extendedKeyUsage=codeSigning'];
    const intermediate = opensslCertificate({ subject: '/CN=below', extensions, issuer: root });
    await publishRoot(intermediate);
    await plantTree();
    await configure();
    const log = await serve();
    const leaf = signedBy(intermediate, 'codeSigning');
    expect(await addChain(log, leaf, intermediate)).toMatchObject({ status: 200 });
  });

  it.each(['pkcs8', 'plain'])('signs with a key of openssl that was given as %s', async (form) => {
    const { key } = newRoot('any');
    const sealed = openssl(['pkcs8', '-topk8', '-passout', 'pass:brought'], key);
    const data = {
      private: new Uint8Array(form === 'plain' ? key : sealed),
      password: new Uint8Array(Buffer.from('brought')),
    };
    await here.store.write({ kind: 'Secret', namespace: 'ctlog-system', name: 'mine' }, { data });
    await publishRoot(newRoot('root'));
    await plantTree();
    await configure('--private-secret=mine');
    expect((await publishedKey()).equals(createPublicKey(key))).toBe(true);
    expect(await rootsOf(await serve())).toEqual(['CN=root']);
  });

  it('reads a configuration of upstream’s as createctconfig does, and the root added to it', async () => {
    await publishRoot(newRoot('root'));
    await plantTree();
    await configure();
    const { data } = (await here.store.read(ctlogSecrets))!;
    const files = join(here.folder, 'ctlog-system/Secret', ctlogSecrets.name);
    const line = Buffer.from(data.config!)
      .toString('latin1')
      .replaceAll('\n', '  ')
      .replace(
        /roots_pem_file: "[^"]*"/,
        `roots_pem_file:"${files}/fulcio-0" max_merge_delay_sec:60`,
      );
    const config = new Uint8Array(Buffer.from(line, 'latin1'));
    const changed = { config, 'fulcio-0': new Uint8Array(newRoot('theirs').certificate) };
    await here.store.write(ctlogSecrets, { data: changed }, await here.store.read(ctlogSecrets));
    await configure();
    expect((await here.store.read(ctlogSecrets))!.data.config).toEqual(config);
    expect(await rootsOf(await serve())).toEqual(['CN=theirs', 'CN=root']);
  });
});
