import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { describeClient } from '../cluster/export-clients.ts';
import { blockBelow } from '../cluster/export-shell.ts';
import { rig } from '../cluster/rig.ts';
import { blobIn, describeMutual, signs } from './outside/mutual.ts';
import { nginx } from './outside/nginx.ts';
import { sessionOf, sessionOutside } from './outside/session.ts';
import { describeSleep } from './outside/slept.ts';
import { hostOf, type Led, leadOut, page } from './outside/stack.ts';

/* sigstore-java, which signs outside alone, and a proxy of somebody's own before the stack. */

const instance = process.env.RIG ?? 'test';
let led: Led | undefined;
const there = () => led as Led;

beforeAll(async () => {
  led = await leadOut(instance, nginx);
  expect(await led.export(led.folder, '--ca', led.ca)).toMatchObject({ status: 0 });
  const ready = `curl -sSf --retry 20 --retry-connrefused --retry-delay 1 -o /dev/null --cacert ${led.ca} https://${hostOf('tuf')}/timestamp.json`;
  await led.road.must(ready.split(' '), { timeout: 60_000 });
  // Of the first entry of a log sigstore-java writes no bundle.
  await signs(led, 'cosign 3', await blobIn(led));
});
afterAll(async () => {
  await led?.remove();
  await rig(instance).must(['down']);
});

describe('sigstore-java, as the folder says', () =>
  describeClient('sigstore-java', there, (client, _there, work) =>
    sessionOutside(there(), client, work),
  ));

describe('a private CA', () => {
  it('is not trusted without ca.pem', async () => {
    const { status, stderr } = await sessionOf(there(), 'sigstore-java', (script) =>
      script.replace(/^source \.\/env$/m, '$&\nunset SIGSTAND_CA'),
    );
    expect({ status, stderr }).toMatchObject({
      status: 1,
      stderr: expect.stringMatching(/unable to find valid certification path/),
    });
  });

  it('is trusted by a Java program of a user’s own, by the words of the page', async () => {
    const store = await blockBelow(page, 'Clients');
    const { status, stdout, stderr } = await sessionOf(there(), 'sigstore-java', (script) =>
      script.replace(
        /^source \.\/env$/m,
        `$&\ncd "$TMPDIR"\n${store}\nunset SIGSTAND_CA; cd - >/dev/null`,
      ),
    );
    expect({ status, stdout, stderr }).toMatchObject({ status: 0 });
    expect(stdout).toContain('was signed by');
  });
});

describeMutual(there);

describeSleep(there);
