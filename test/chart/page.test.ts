import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { tufRepository } from '@sigstand/contracts/records';
import { createTuf } from '@sigstand/createtuf/job';
import { supplied } from '@sigstand/createtuf/testing';
import { runJob } from '@sigstand/job/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Server } from '../programs/server.ts';
import { startTufServer } from '../programs/tuf-server.ts';
import { type Browser, openBrowser } from './chromium.ts';
import { type Seen, seenIn } from './page-seen.ts';

/* The page of the trust root, as Chromium shows it from the TUF web server. */

const evil = `<script>document.title = 'owned'</script><img src=x onerror=alert(1)>`;
let folder: string;
let server: Server & { readonly url: string };
let browser: Browser;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sigstand-page-'));
  const store = await supplied();
  const mirror = 'https://tuf.example.com/<script>';
  const args = [`--operator=${evil.slice(0, 64)}`, '--mirror-url', mirror];
  const issuer = [
    '--oidc-issuer',
    `https://issuer.example.com/"><script>document.title=1</script>`,
  ];
  const { status, stderr } = await runJob(createTuf(), store, { args: [...args, ...issuer] });
  expect({ status, stderr }).toMatchObject({ status: 0 });
  const files = join(folder, 'files');
  await mkdir(files);
  for (const [name, bytes] of Object.entries((await store.read(tufRepository))?.data ?? {})) {
    await writeFile(join(files, name), bytes);
  }
  server = await startTufServer(files, folder);
  browser = await openBrowser(folder, { 'goog:loggingPrefs': { browser: 'ALL' } });
  await browser.ask('POST', '/url', { url: `${server.url}/` });
}, 60_000);
afterAll(async () => {
  await browser?.close();
  await server?.stop();
  await rm(folder, { recursive: true, force: true });
});

/** What Chromium's own protocol does, such as to choose a width. */
const chromium = (cmd: string, params: object) =>
  browser.ask('POST', '/goog/cdp/execute', { cmd, params });
const see = () =>
  browser.ask<Seen>('POST', '/execute/sync', { script: `return (${seenIn})()`, args: [] });

it('is complete, and nothing in it runs', async () => {
  expect(await browser.ask('GET', '/title')).toBe(`Trust root of ${evil.slice(0, 64)}`);
  const { text, scripts, images, headings } = await see();
  expect({ scripts, images }).toEqual({ scripts: 0, images: 0 });
  expect(text).toContain(evil.slice(0, 64));
  expect(headings).toEqual([
    'Clients',
    ...['cosign', 'sigstore-python', 'sigstore-js', 'sigstore-go', 'gitsign'],
    'What expires when',
    'What is trusted from when to when',
  ]);
  const logged = await browser.ask<{ message: string }[]>('POST', '/se/log', { type: 'browser' });
  // The one request that a browser makes by itself.
  expect(logged.filter(({ message }) => !message.includes('/favicon.ico'))).toEqual([]);
  const page = await readFile(join(folder, 'files/index.html'), 'utf8');
  expect(page).not.toContain('<script');
});

describe.each(['light', 'dark'])('by %s', (scheme) => {
  beforeAll(async () => {
    const features = [{ name: 'prefers-color-scheme', value: scheme }];
    await chromium('Emulation.setEmulatedMedia', { features });
  });

  it('every text stands out from its ground by 4.5 to 1', async () => {
    const { contrasts, ground } = await see();
    expect(ground).toBe({ light: 'rgb(255, 255, 255)', dark: 'rgb(13, 17, 23)' }[scheme]);
    expect(contrasts.length).toBeGreaterThan(80);
    expect(contrasts.filter(({ ratio }) => !(ratio >= 4.5))).toEqual([]);
  });
});

it.each([320, 1280])('needs no sideways scrolling at %i pixels', async (width) => {
  const size = { width, height: 800, deviceScaleFactor: 1, mobile: width < 500 };
  await chromium('Emulation.setDeviceMetricsOverride', size);
  const { pageWidth, window, wide } = await see();
  expect(window).toBe(width);
  expect(pageWidth).toBeLessThanOrEqual(width);
  // What is wider moves by itself, and a keyboard reaches it.
  expect(wide.filter(({ focusable, named }) => !focusable || !named)).toEqual([]);
  if (width === 320) expect(wide.length).toBeGreaterThan(0);
});
