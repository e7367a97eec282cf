import { rekorPublicKey, rekorSigningSecret } from '@sigstand/contracts/records';
import { runJob } from '@sigstand/job/testing';
import { utf8 } from '@sigstand/pki/pem';
import { memoryStore } from '@sigstand/store/memory';
import type { Store } from '@sigstand/store/store';
import { describe, expect, it } from 'vitest';
import { createSecret } from './job.ts';

const run = (store: Store, ...args: string[]) => runJob(createSecret(), store, { args });
const recorded = async (store: Store) =>
  Buffer.from((await store.read(rekorPublicKey))?.data.hostname ?? []).toString();

/** Replaces what the public record says of the name. */
async function put(store: Store, hostname: string): Promise<void> {
  await store.write(
    rekorPublicKey,
    { data: { hostname: utf8(hostname) } },
    await store.read(rekorPublicKey),
  );
}

describe('the name that Rekor signs with', () => {
  it('is recorded with the key, as it was chosen, or as ever', async () => {
    const [chosen, standard] = [memoryStore(), memoryStore()];
    const { stderr } = await run(chosen, '--hostname=rekor.example.com');
    expect(stderr).toContain('Rekor signs as rekor.example.com');
    expect(await recorded(chosen)).toBe('rekor.example.com');
    await run(standard);
    expect(await recorded(standard)).toBe('rekor.rekor-system.svc');
  });

  it('stays, whatever is chosen later, and the refusal names both', async () => {
    const store = memoryStore();
    await run(store, '--hostname=rekor.example.com');
    const before = await store.read(rekorPublicKey);
    const { status, stderr } = await run(store, '--hostname=log.example.com');
    expect(status).toBe(78);
    expect(stderr).toContain(
      'Secret rekor-system/rekor-pub-key key hostname is rekor.example.com, but log.example.com',
    );
    expect(stderr).toContain('Rekor goes on as rekor.example.com');
    expect(await store.read(rekorPublicKey)).toEqual(before);
    expect(await run(store)).toMatchObject({ status: 0 });
    expect(await recorded(store)).toBe('rekor.example.com');
  });

  it('is added to a record from before, and nothing else of it changes', async () => {
    const store = memoryStore();
    await run(store);
    const before = (await store.read(rekorPublicKey))!;
    await put(store, '');
    expect(await run(store, '--hostname=rekor.example.com')).toMatchObject({ status: 0 });
    const { data, annotations } = (await store.read(rekorPublicKey))!;
    expect(data).toEqual({ ...before.data, hostname: utf8('rekor.example.com') });
    expect(annotations).toEqual(before.annotations);
  });

  it.each(['https://rekor.example.com', 'Rekor.example.com', 'rekor:3000', 'a b', ''])(
    '%j is none, on the command line and in the record',
    async (text) => {
      const store = memoryStore();
      expect(await run(store, `--hostname=${text}`)).toMatchObject({ status: 64 });
      expect(await store.read(rekorSigningSecret)).toBeUndefined();
      if (text === '') return;
      await run(store);
      await put(store, text);
      const { status, stderr } = await run(store);
      expect(status).toBe(65);
      expect(stderr).toContain('Secret rekor-system/rekor-pub-key key hostname is no host name');
    },
  );
});
