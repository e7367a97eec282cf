import { createPublicKey } from 'node:crypto';
import { ctlogPublicKey, ctlogSecrets } from '@sigstand/contracts/records';
import { openssl } from '@sigstand/pki/testing';
import type { Ref } from '@sigstand/store/store';
import { describe, expect, it } from 'vitest';
import type { Fulcio } from './fulcio.ts';
import {
  concat,
  inputs,
  intermediate,
  made,
  newRoot,
  oldRoot,
  read,
  rootsIn,
  run,
  serving,
  text,
} from './testing.ts';

describe('createctconfig', () => {
  describe('with --fulcio-url', () => {
    const url = '--fulcio-url=http://fulcio.test';

    it('needs no Secret where none is named', async () => {
      const store = await inputs({ cert: null });
      const args = ['--fulcio-secret=', url];
      expect(await run(store, args, serving(concat(intermediate, oldRoot), newRoot))).toMatchObject(
        { status: 0 },
      );
      expect(rootsIn((await read(store)).rootca!)).toEqual(['CN=old', 'CN=new']);
    });

    it('takes a root on which Secret and URL agree', async () => {
      const store = await inputs();
      expect(await run(store, [url], serving(concat(intermediate, oldRoot)))).toMatchObject({
        status: 0,
      });
    });

    it('names both where they disagree, and writes nothing', async () => {
      const store = await inputs();
      const { status, stderr } = await run(store, [url], serving(newRoot));
      expect(status).toBe(78);
      const pattern =
        /key cert has the root ([0-9A-F:]{95}), but http:\/\/fulcio\.test has ([0-9A-F:]{95})/;
      expect(stderr).toMatch(pattern);
      expect(await store.read(ctlogSecrets)).toBeUndefined();
    });

    it('waits until Fulcio answers', async () => {
      let tries = 0;
      const fulcio: Fulcio = {
        chains: async () => {
          tries += 1;
          return tries < 3 ? { notYet: 'ECONNREFUSED' } : [oldRoot];
        },
      };
      expect(await run(await inputs(), [url], fulcio)).toMatchObject({ status: 0 });
    });

    it('says how the last try ended where Fulcio never answers', async () => {
      const fulcio: Fulcio = { chains: async () => ({ notYet: 'ECONNREFUSED' }) };
      const { status, stderr } = await run(await inputs(), [url, '--timeout=500ms'], fulcio);
      expect(status).toBe(69);
      expect(stderr).toContain("Fulcio's root from http://fulcio.test did not come");
      expect(stderr.trim()).toMatch(/the last try ended with ECONNREFUSED: see its log, /);
    });

    it.each([
      ['empty', text('')],
      ['HTML', text('<html>')],
    ])('refuses an %s answer', async (_what, answer) => {
      const store = await inputs();
      const { status, stderr } = await run(store, [url], serving(answer));
      expect(status).toBe(65);
      expect(stderr).toContain('http://fulcio.test');
      expect(await store.read(ctlogSecrets)).toBeUndefined();
    });
  });

  describe('with --private-secret', () => {
    const mine: Ref = { kind: 'Secret', namespace: 'ctlog-system', name: 'mine' };
    const args = ['--private-secret=mine'];
    const sec1 = openssl(['ecparam', '-genkey', '-name', 'prime256v1', '-noout']);
    const forms: Record<string, Uint8Array> = {
      rfc1423: openssl(['ec', '-aes256', '-passout', 'pass:hunter2'], sec1),
      pkcs8: openssl(['pkcs8', '-topk8', '-passout', 'pass:hunter2'], sec1),
      plain: openssl(['pkcs8', '-topk8', '-nocrypt'], sec1),
      ed25519: openssl(['genpkey', '-algorithm', 'ed25519']),
      p384: openssl(['ecparam', '-genkey', '-name', 'secp384r1', '-noout']),
    };
    const given = (form: string) => new Uint8Array(forms[form]!);

    it.each(['rfc1423', 'pkcs8', 'plain'])('takes over a key of openssl as %s', async (form) => {
      const store = await inputs();
      const data = { private: given(form), password: text('hunter2') };
      await store.write(mine, { data });
      expect(await run(store, args)).toMatchObject({ status: 0 });
      const stored = await read(store);
      const key = createPublicKey(sec1);
      expect(createPublicKey(Buffer.from(stored.public!)).equals(key)).toBe(true);
      expect(Buffer.from(stored.config!).toString()).not.toContain('hunter2');
      // Nobody knows how old it is.
      expect((await store.read(ctlogPublicKey))?.annotations).toEqual({});
      expect(await run(store, args)).toMatchObject({ status: 0 });
    });

    it('refuses another key than the log has', async () => {
      const store = await made();
      await store.write(mine, { data: { private: given('plain') } });
      const { status, stderr, writes } = await run(store, args);
      expect({ status, writes }).toEqual({ status: 78, writes: [] });
      expect(stderr).toMatch(/has the key [0-9a-f]{64}, but the log has [0-9a-f]{64}/);
    });

    it('goes on with the log’s key where the given one is gone', async () => {
      expect(await run(await made(), args)).toMatchObject({ status: 0 });
    });

    it.each([
      ['a key that a CT log cannot have', { private: given('ed25519') }, 65],
      ['a key that clients verify no CT log by', { private: given('p384') }, 65],
      ['a key without its password', { private: given('pkcs8') }, 78],
      ['a certificate', { private: oldRoot }, 65],
    ])('refuses %s', async (_what, data, expected) => {
      const store = await inputs();
      await store.write(mine, { data });
      const { status, stderr } = await run(store, args);
      expect(status).toBe(expected);
      expect(stderr).toContain('Secret ctlog-system/mine key private');
      expect(await store.read(ctlogSecrets)).toBeUndefined();
    });
  });
});
