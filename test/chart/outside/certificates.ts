import { X509Certificate } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { blockBelow } from '../../cluster/export-shell.ts';
import { until } from '../company-stack.ts';
import { type CertManager, issuer, startCertManager } from './cert-manager.ts';
import { sessionOf } from './session.ts';
import { domain, hostOf, type Led, page, services } from './stack.ts';

/** A stack behind Traefik, whose certificates cert-manager makes and renews, by the values of docs/outside.md. */
export function describeCertificates(there: () => Led): void {
  describe('certificates by cert-manager', () => {
    let manager: CertManager;
    let led: Led;

    /** What is shown to clients outside, and what is in the Secret that it is to come from. */
    const shown = async (service: string) => {
      const host = hostOf(service);
      const ask = `openssl s_client -connect ${host}:443 -servername ${host} </dev/null 2>/dev/null | openssl x509`;
      const { stdout } = await led.road.exec(['bash', '-c', ask]);
      return stdout === '' ? undefined : new X509Certificate(stdout);
    };
    const kept = async (secret: string, namespace: string) => {
      const path = 'jsonpath={.data.tls\\.crt}';
      const found = ['get', 'secret', secret, '-n', namespace, '-o', path];
      const text = await led.inside.kubectl(...found).catch(() => '');
      return text === '' ? undefined : new X509Certificate(Buffer.from(text, 'base64'));
    };
    const isShown = async (service: string, secret: string, namespace: string) => {
      const [one, other] = [await shown(service), await kept(secret, namespace)];
      return one !== undefined && one.fingerprint256 === other?.fingerprint256;
    };
    const isOurs = (one?: X509Certificate) => one?.issuer === 'CN=CA of cert-manager';
    const allShown = async () => {
      for (const one of services) {
        const isRight = await isShown(one, `${one}-tls`, `${one}-system`);
        if (!isRight || !isOurs(await shown(one))) return false;
      }
      return true;
    };

    const byIngress = async (annotations: object = {}) => {
      const { outside } = parse(await blockBelow(page, 'Ingress and cert-manager', 'yaml'));
      const ingress = { ...outside.ingress, className: 'traefik', annotations };
      await led.leadWith({ ...outside, ingress, tls: { clusterIssuer: issuer } });
    };

    const signs = async () => {
      const { status, stdout, stderr } = await sessionOf(led, 'cosign 3');
      expect({ status, stdout, stderr }).toMatchObject({ status: 0 });
      expect(stdout + stderr).toContain('Verified OK');
    };

    beforeAll(async () => {
      led = { ...there(), folder: join(there().work, 'by-cert-manager') };
      manager = await startCertManager(led.inside);
      await byIngress();
      const ca = join(led.work, 'cert-manager.pem');
      await writeFile(ca, manager.ca);
      expect(await led.export(led.folder, '--ca', ca)).toMatchObject({ status: 0 });
    });
    afterAll(async () => {
      await manager?.stop();
    });

    it('are made for each host, in its own namespace, and clients outside sign', async () => {
      await until(allShown, 'each host shows its certificate');
      const { items } = await led.inside.get<{
        items: { metadata: { namespace: string; name: string } }[];
      }>('certificates', '-A');
      const places = items.map(({ metadata }) => `${metadata.namespace}/${metadata.name}`);
      expect(places.sort()).toEqual(services.map((one) => `${one}-system/${one}-tls`).sort());
      for (const one of services) {
        expect((await shown(one))?.subjectAltName).toBe(`DNS:${hostOf(one)}`);
      }
      await signs();
    });

    it('are renewed again and again, and nobody is refused', async () => {
      const seen = new Map(services.map((one) => [one, new Set<string>()] as const));
      // Each is renewed twenty seconds after it was made; those that there are were made for longer.
      await byIngress({
        'cert-manager.io/duration': '1h',
        'cert-manager.io/renew-before': '59m40s',
      });
      for (const one of services) {
        const place = ['-n', `${one}-system`];
        const short = '--for=jsonpath={.spec.duration}=1h0m0s';
        await led.inside.kubectl('wait', 'certificate', `${one}-tls`, ...place, short);
        await led.inside.kubectl('delete', 'secret', `${one}-tls`, ...place);
      }
      await until(allShown, 'each host shows its new certificate');
      await until(async () => {
        await signs();
        for (const [service, all] of seen) {
          const one = await shown(service);
          if (one) all.add(one.fingerprint256);
        }
        return [...seen.values()].every(({ size }) => size >= 3);
      }, 'each host has shown three certificates');
      await byIngress();
    });

    it('are made for the listener of a Gateway', async () => {
      const [line = ''] = await annotation();
      await led.inside.kubectl('annotate', 'gateway', 'public', '-n', 'gateways', line);
      await led.leadBy('Gateway API');
      const isRight = async () =>
        isOurs(await shown('rekor')) && (await isShown('rekor', 'sigstore-tls', 'gateways'));
      await until(isRight, 'the Gateway shows the certificate');
      expect((await shown('tuf'))?.subjectAltName).toBe(`DNS:*.${domain}`);
      await signs();
    });
  });
}

/** What the page says a Gateway is annotated with, for our issuer. */
async function annotation(): Promise<string[]> {
  const { metadata } = parse(await blockBelow(page, 'A Gateway and cert-manager', 'yaml'));
  return Object.keys(metadata.annotations).map((key) => `${key}=${issuer}`);
}
