import { runJob } from '@sigstand/job/testing';
import type { Store } from '@sigstand/store/store';
import { describe, expect, it } from 'vitest';
import { createTuf } from './job.ts';
import { supplied } from './testing.ts';

async function said(store: Store, env: Record<string, string>, ...args: string[]) {
  const { status, stderr } = await runJob(createTuf(), store, { env, args });
  expect({ status, stderr }).toMatchObject({ status: 0 });
  return stderr
    .split('\n')
    .filter((line) => line.includes('clients are '))
    .map((line) => line.replace('createtuf: ', ''));
}

const first = {
  CREATETUF_FULCIO_URL: 'https://fulcio.one',
  CREATETUF_REKOR_URL: 'https://rekor.one https://rekor.spare',
  CREATETUF_CTLOG_URL: 'https://ct.one/2026',
  CREATETUF_TSA_URL: 'https://tsa.one',
  CREATETUF_OIDC_ISSUER: 'https://login.one',
};

describe('createtuf', () => {
  it('says in its log where it sends clients, once', async () => {
    const store = await supplied();
    expect(await said(store, first)).toEqual([
      'clients are sent to Fulcio at https://fulcio.one',
      'clients are sent to Rekor at https://rekor.one and https://rekor.spare',
      'clients are sent to the CT log at https://ct.one/2026',
      'clients are sent to the TSA at https://tsa.one/api/v1/timestamp',
      'clients are sent to the OIDC issuer at https://login.one',
    ]);
    expect(await said(store, first)).toEqual([]);
  });

  it.each([
    ['FULCIO_URL', 'https://two', 'Fulcio at https://two, no longer at https://fulcio.one'],
    [
      'REKOR_URL',
      'https://two',
      'Rekor at https://two, no longer at https://rekor.one and https://rekor.spare',
    ],
    ['CTLOG_URL', 'https://two', 'the CT log at https://two, no longer at https://ct.one/2026'],
    [
      'TSA_URL',
      'https://two',
      'the TSA at https://two/api/v1/timestamp, no longer at https://tsa.one/api/v1/timestamp',
    ],
    [
      'OIDC_ISSUER',
      'https://two',
      'the OIDC issuer at https://two, no longer at https://login.one',
    ],
  ])('names the old and the new address where CREATETUF_%s changed', async (name, url, text) => {
    const store = await supplied();
    await said(store, first);
    const changed = { ...first, [`CREATETUF_${name}`]: url };
    expect(await said(store, changed)).toEqual([`clients are sent to ${text}`]);
    expect(await said(store, changed)).toEqual([]);
  });

  it('says that a service went away, and where it was', async () => {
    const store = await supplied();
    await said(store, first);
    expect(await said(store, first, '--without=tsa')).toEqual([
      'clients are no longer sent to the TSA, at https://tsa.one/api/v1/timestamp',
    ]);
  });
});
