import { mkdtemp, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { issuer, tokenOf } from '../cluster/cosign.ts';
import { clients } from '../cluster/export-shell.ts';
import { rig } from '../cluster/rig.ts';
import { binary } from '../programs/binaries.ts';
import { describeCertificates } from './outside/certificates.ts';
import { sessionOf } from './outside/session.ts';
import { hostOf, type Led, leadOut, services } from './outside/stack.ts';

/* A stack behind a real Traefik, by Ingress and then by the Gateway API, for machines outside that have the export alone. */

const instance = process.env.RIG ?? 'test';
let led: Led | undefined;
const there = () => led as Led;
const base = (service: string) => `https://${hostOf(service)}`;

beforeAll(async () => {
  led = await leadOut(instance);
  const { status, stdout, stderr } = await led.export(led.folder, '--ca', led.ca);
  expect({ status, said: stdout + stderr }).toEqual({
    status: 0,
    said: expect.stringMatching(/has \d+ files/),
  });
});
afterAll(async () => {
  await led?.remove();
  await rig(instance).must(['down']);
});

/** curl's answer outside: the status, and the body. */
async function curl(url: string, ...args: string[]): Promise<{ code: number; body: string }> {
  const { road, ca } = there();
  const command = ['curl', '-sS', '--cacert', ca, '-w', '\n%{http_code}', ...args, url];
  const { stdout, stderr } = await road.exec(command, { timeout: 120_000 });
  if (stdout === '') throw new Error(stderr);
  const end = stdout.lastIndexOf('\n');
  return { code: Number(stdout.slice(end + 1)), body: stdout.slice(0, end) };
}

const ways = ['Ingress', 'Gateway API'] as const;
describe.each(ways)('clients outside, led in by %s', (way) => {
  beforeAll(async () => {
    if (way !== 'Ingress') await there().leadBy(way);
    // The controller follows the API server in its own time.
    for (const deadline = Date.now() + 60_000; Date.now() < deadline; await sleep(500)) {
      const codes = services.map((service) =>
        curl(`${base(service)}${probes[service]}`).then(
          ({ code }) => code,
          () => 0,
        ),
      );
      if ((await Promise.all(codes)).every((code) => code === 200)) return;
    }
    throw new Error(`Traefik leads nobody in by ${way}`);
  });

  it.each([...clients, 'sigstore-java'] as const)('%s signs and verifies', async (client) => {
    const { status, stdout, stderr } = await sessionOf(there(), client);
    expect({ status, stdout, stderr }).toMatchObject({ status: 0 });
    expect(stdout + stderr).toMatch(
      /Verified OK|OK: |was signed by|Validated Certificate claims: true/,
    );
  });

  it('is given a certificate by gRPC, on the URL of its HTTP', async () => {
    const { road, inside, ca } = there();
    const { SIGSTORE_ID_TOKEN: token } = await tokenOf(inside, 'default');
    const program = join(import.meta.dirname, 'outside/grpc-program.ts');
    const command = [process.execPath, program, hostOf('fulcio'), ca];
    expect(await road.must(command, { env: { TOKEN: token } })).toBe('2\n');
  });

  it('reaches no health, metrics or debugging, nor what writes to the CT log', async () => {
    const answers: string[] = [];
    for (const service of services) {
      for (const path of withheld) {
        const { code } = await curl(`${base(service)}${path}`);
        if (code !== 404) answers.push(`${service}${path}: ${code}`);
      }
    }
    // Ready, of the web server of the repository, which has nothing else to tell.
    expect(answers).toEqual(['tuf/healthz: 200']);
    expect(
      (await curl(`${base('ctlog')}/sigstorescaffolding/ct/v1/add-chain`, '-d', '{}')).code,
    ).toBe(404);
  });

  it('passes an entry of 20 MB, and answers one over the limit with 413', async () => {
    const { work, folder, inside, road } = there();
    const home = await mkdtemp(join(work, 'big-'));
    const { SIGSTORE_ID_TOKEN: token } = await tokenOf(inside, 'default');
    // In base64 it is a third larger.
    await writeFile(join(home, 'predicate.json'), JSON.stringify({ text: 'x'.repeat(15_000_000) }));
    await writeFile(join(home, 'blob'), 'a blob');
    const lines = `cd ${home}; source ${folder}/env; ${binary('cosign3')} attest-blob --yes --predicate predicate.json \
      --type https://example.com/big --bundle bundle.json blob; stat -c %s bundle.json`;
    const env = { SIGSTORE_ID_TOKEN: token, HOME: home };
    const size = await road.must(['bash', '-euc', lines], { env, timeout: 240_000 });
    expect(Number(size.trim().split('\n').pop())).toBeGreaterThan(20_000_000);
    await writeFile(join(home, 'over'), Buffer.alloc(32_792_577, 'x'));
    const post = [
      '-X',
      'POST',
      '-H',
      'Content-Type: application/json',
      '--data-binary',
      `@${home}/over`,
    ];
    expect((await curl(`${base('rekor')}/api/v1/log/entries`, ...post)).code).toBe(413);
  });
});

const probes = {
  rekor: '/api/v1/log',
  fulcio: '/api/v2/configuration',
  ctlog: '/sigstorescaffolding/ct/v1/get-sth',
  tsa: '/api/v1/timestamp/certchain',
  tuf: '/timestamp.json',
} as const;
const withheld = [
  ...['/metrics', '/debug/pprof/', '/debug/pprof/cmdline', '/debug/vars', '/healthz', '/ping'],
  ...['/sigstorescaffolding/metrics', '/api/v1/version', '/grpc.health.v1.Health/Check'],
];

describe('the export', () => {
  it('names the mirror outside by itself, and no name that the cluster alone knows', async () => {
    const urls = (await there().text('env')).match(/^export \w+=https?:.*$/gm) ?? [];
    const named = Object.fromEntries(urls.map((line) => line.replace('export ', '').split('=')));
    expect(named).toEqual({
      TUF_MIRROR: base('tuf'),
      FULCIO_URL: base('fulcio'),
      REKOR_URL: base('rekor'),
      CTLOG_URL: `${base('ctlog')}/sigstorescaffolding`,
      TSA_URL: `${base('tsa')}/api/v1/timestamp`,
      ISSUER_URL: issuer,
    });
  });

  it.each(['cosign 3', 'sigstore-js', 'sigstore-python', 'sigstore-java'] as const)(
    'has %s trust the private CA, which it does not without ca.pem',
    async (client) => {
      const unset = 'unset SIGSTAND_CA SSL_CERT_FILE NODE_EXTRA_CA_CERTS REQUESTS_CA_BUNDLE';
      const { status, stdout, stderr } = await sessionOf(there(), client, (script) =>
        script.replace(/^source \.\/env$/m, `$&\n${unset}`),
      );
      expect(status).not.toBe(0);
      expect(stdout + stderr).toMatch(/certificat|CERTIFICATE|issuer/);
    },
  );
});

describe('inside', () => {
  it('nobody but the named controller is a client', async () => {
    const { inside: cluster } = there();
    const services = [
      'traefik.traefik.svc 443',
      'rekor.rekor-system.svc 80',
      'tsa.tsa-system.svc 80',
    ];
    // A policy binds a Pod half a second after it is there.
    const program = `const { connect } = require('node:net');
      const says = (line) => new Promise((resolve) => {
        const [host, port] = line.split(' ');
        connect({ host, port, timeout: 5000 }).on('connect', () => resolve('open'))
          .on('error', () => resolve('shut')).on('timeout', () => resolve('shut'));
      });
      setTimeout(async () => {
        console.log((await Promise.all(${JSON.stringify(services)}.map(says))).join(' '));
        process.exit();
      }, 3000);`;
    const probe = ['pod/probe', '-n', 'default'];
    await cluster.kubectl(
      ...['run', 'probe', '-n', 'default', '--image=localhost/rig/node:24', '--restart=Never'],
      ...['--command', '--', '/nodejs/bin/node', '-e', program],
    );
    const done = '--for=jsonpath={.status.phase}=Succeeded';
    await cluster.kubectl('wait', ...probe, done, '--timeout=60s');
    expect(await cluster.kubectl('logs', ...probe)).toBe('open shut shut\n');
  });
});

describeCertificates(there);
