import { copies } from '@sigstand/contracts/records';
import { utf8 } from '@sigstand/pki/pem';
import type { Store } from '@sigstand/store/store';
import { describe, expect, it } from 'vitest';
import { inputs, put, runAt, stored, supplied, target, trust } from './testing.ts';

const start = '2030-01-01T00:00:00Z';
const later = '2030-06-01T00:00:00Z';
const outside = '--rekor-url=https://rekor.example.com';

/** A store in which Rekor's record tells the name that it signs with. */
async function named(hostname = 'rekor.rekor-system.svc'): Promise<Store> {
  const store = await supplied();
  await put(store, { rekor: { ...inputs('first').rekor, hostname: utf8(hostname) } });
  return store;
}

const baseUrls = async (store: Store) =>
  trust(await stored(store)).tlogs.map(({ baseUrl }) => baseUrl);

async function signingUrls(store: Store): Promise<string[]> {
  const document = target(await stored(store), 'signing_config.v0.2.json')?.bytes ?? [];
  const config = JSON.parse(Buffer.from(document).toString());
  return config.rekorTlogUrls.map(({ url }: { url: string }) => url);
}

describe("the URL of Rekor's log in trusted_root.json", () => {
  it('has the name that Rekor signs with, wherever clients reach it', async () => {
    const store = await named();
    expect(await runAt(store, start, [outside])).toMatchObject({ status: 0 });
    expect(await baseUrls(store)).toEqual(['https://rekor.rekor-system.svc']);
    expect(await signingUrls(store)).toEqual(['https://rekor.example.com']);
  });

  it('is the URL that clients reach, where that has the name', async () => {
    const store = await named('rekor.example.com');
    const inside = '--rekor-url=http://rekor.rekor-system.svc';
    await runAt(store, start, [inside, '--rekor-url=https://rekor.example.com:8443/log']);
    expect(await baseUrls(store)).toEqual(['https://rekor.example.com:8443/log']);
  });

  it('stays when URLs change, so that what was trusted goes on verifying', async () => {
    const store = await named();
    await runAt(store, start);
    expect(await runAt(store, later, [outside])).toMatchObject({ status: 0 });
    expect(await baseUrls(store)).toEqual(['http://rekor.rekor-system.svc']);
    expect(await signingUrls(store)).toEqual(['https://rekor.example.com']);
  });

  it('stays with an old key, when a new one comes with another name', async () => {
    const store = await named();
    await runAt(store, start);
    const hostname = utf8('log.example.com');
    await put(store, { rekor: { ...inputs('second').rekor, hostname } });
    expect(await runAt(store, later, [outside])).toMatchObject({ status: 0 });
    const both = ['http://rekor.rekor-system.svc', 'https://log.example.com'];
    expect(await baseUrls(store)).toEqual(both);
  });

  it('is where clients reach Rekor, as it was before, where no name is recorded', async () => {
    const store = await supplied();
    await runAt(store, start, [outside]);
    expect(await baseUrls(store)).toEqual(['https://rekor.example.com']);
  });

  it('stays where it has another name than the record, with a warning, until it is to be corrected', async () => {
    const store = await supplied();
    await runAt(store, start, [outside]);
    await put(store, { rekor: { hostname: utf8('rekor.rekor-system.svc') } });
    const kept = await runAt(store, later, [outside]);
    expect(kept).toMatchObject({
      status: 0,
      stderr: expect.stringContaining("warning: Rekor's log is published as https://rekor.example"),
    });
    expect(await baseUrls(store)).toEqual(['https://rekor.example.com']);
    const corrected = await runAt(store, later, [outside, '--correct-log-url']);
    expect(corrected.stderr).not.toContain('warning');
    expect(await baseUrls(store)).toEqual(['https://rekor.rekor-system.svc']);
  });

  it('is not made of what is no host name', async () => {
    const store = await named('https://rekor.example.com/');
    const { status, stderr } = await runAt(store, start);
    expect(status).toBe(65);
    expect(stderr).toContain(`Secret ${copies.rekor.namespace}/rekor-pub-key key hostname is no`);
  });
});
