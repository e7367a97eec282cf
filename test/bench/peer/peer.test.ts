import { createPrivateKey, createPublicKey, X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { moduleOf } from '../../programs/checkout.ts';
import { changes, type Known } from './changes.ts';
import { readCheckout } from './checkout.ts';
import { converted, objectsOf, ourImages } from './convert.ts';
import { scriptKeys } from './keys.ts';
import { imageOf } from './programs.ts';
import { releases, type Tag, tags } from './releases.ts';

const knownOf = (tag: Tag): Known => ({
  ...{ release: releases[tag], images: ourImages() },
  keys: { 'fulcio-system': { private: 'a2V5' } },
});
const known = knownOf('v0.7.31');
const knative = `
apiVersion: serving.knative.dev/v1
kind: Service
metadata: {name: tsa, namespace: tsa-system}
spec:
  template:
    spec:
      serviceAccountName: tsa
      containers:
      - name: tsa
        image: registry.example/timestamp-server:v1.2.9@sha256:00
        args: [
"serve",
        # not this one
        ]
        ports: [{containerPort: 3000}]
`;

describe('the changes', () => {
  it('make a Deployment and a Service of a Knative Service', () => {
    const [deployment, service] = objectsOf(converted(knative, known));
    expect(deployment).toMatchObject({
      kind: 'Deployment',
      spec: {
        template: {
          spec: {
            serviceAccountName: 'tsa',
            containers: [
              {
                image: expect.stringMatching(/\/timestamp-server:v[\d.]+$/),
                args: ['serve', '--host=0.0.0.0', '--port=3000'],
                readinessProbe: { tcpSocket: { port: 3000 } },
              },
            ],
          },
        },
      },
    });
    expect(service).toMatchObject({ spec: { ports: [{ port: 80, targetPort: 3000 }] } });
  });

  it('name its own programs as the rig serves them, and refuse what the rig has not', () => {
    const job = (image: string) =>
      `{apiVersion: batch/v1, kind: Job, metadata: {name: a}, spec: {template: {spec: {containers: [{name: a, image: "${image}"}]}}}}`;
    const own = converted(job('ko://github.com/sigstore/scaffolding/cmd/tuf/createsecret'), known);
    expect(own).toContain(imageOf('tuf-createsecret', 'v0.7.31'));
    expect(() => converted(job('registry.example/redis:6.2'), known)).toThrow('redis');
  });

  it('take each program of the release, at the version that it pins', () => {
    const pod = (image: string) =>
      `{apiVersion: v1, kind: Pod, metadata: {name: a}, spec: {containers: [{name: a, image: "${image}"}]}}`;
    const newer = knownOf('v0.7.37');
    const local = (image: string) => converted(pod(image), newer);
    expect(local('ko://github.com/sigstore/scaffolding/tools/tuf/cmd/tuf/server')).toContain(
      imageOf('tuf-server', 'v0.7.37'),
    );
    expect(local('registry.example/rekor-tiles/posix:v2.2.1@sha256:00')).toContain(
      imageOf('rekor-server', 'v0.7.37'),
    );
    expect(() => local('registry.example/rekor-tiles/posix:v2.2.2')).toThrow('v2.2.2');
    expect(() => converted(pod('registry.example/tesseract/posix:v0.1.1'), known)).toThrow('posix');
  });

  it('put keys where its script does, and refuse a place that it has none for', () => {
    const secret = (value: string) =>
      `{apiVersion: v1, kind: Secret, metadata: {name: a, namespace: fulcio-system}, data: {kept: b2xk, key: ${value}}}`;
    expect(objectsOf(converted(secret('<private-placeholder>'), known))).toEqual([
      expect.objectContaining({ data: { kept: 'b2xk', key: 'a2V5' } }),
    ]);
    expect(() => converted(secret('<cert-placeholder>'), known)).toThrow('<cert-placeholder>');
  });

  it("let who is not root write to the rig's volumes", () => {
    const claim =
      '{apiVersion: v1, kind: PersistentVolumeClaim, metadata: {name: a}, spec: {storageClassName: standard, accessModes: [ReadWriteOnce]}}';
    expect(objectsOf(converted(claim, known))).toMatchObject([
      { spec: { accessModes: ['ReadWriteOnce'] } },
    ]);
    expect(converted(claim, known)).not.toContain('standard');
    const pod = (volume: string) =>
      `{apiVersion: v1, kind: Pod, metadata: {name: a}, spec: {containers: [], volumes: [{name: a, ${volume}}]}}`;
    expect(converted(pod('persistentVolumeClaim: {claimName: a}'), known)).toContain('fsGroup');
    expect(converted(pod('emptyDir: {}'), known)).not.toContain('fsGroup');
  });

  it('leave everything else as it is, read as kubectl reads it', () => {
    const text =
      'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {mode: 0666, kept: "no"}';
    expect(objectsOf(converted(text, known))).toEqual([
      expect.objectContaining({ data: { mode: 0o666, kept: 'no' } }),
    ]);
    expect(() => objectsOf('a: [\nb: c')).toThrow();
  });

  it('are all in README.md, by their names', async () => {
    const text = await readFile(join(import.meta.dirname, 'README.md'), 'utf8');
    for (const { name } of changes) expect(text).toContain(`| ${name} |`);
    for (const tag of tags)
      for (const folder of releases[tag].leftOut) expect(text).toContain(`\`${folder}\``);
  });
});

describe("the script's keys", () => {
  it('are what each server reads', async () => {
    const keys = await scriptKeys();
    const text = (namespace: string, name: string) =>
      Buffer.from(keys[namespace]?.[name] ?? '', 'base64').toString();
    const password = text('fulcio-system', 'password');
    expect(password).toMatch(/^[\da-f-]{36}$/);
    const ca = new X509Certificate(text('fulcio-system', 'cert'));
    const key = createPrivateKey({ key: text('fulcio-system', 'private'), passphrase: password });
    expect(ca.checkPrivateKey(key)).toBe(true);
    expect(text('ctlog-system', 'cert')).toBe(text('fulcio-system', 'cert'));
    for (const namespace of ['rekor-system', 'ctlog-system']) {
      const own = createPublicKey(text(namespace, 'private'));
      expect(own.equals(createPublicKey(text(namespace, 'public')))).toBe(true);
    }
  });
});

describe('the checkout', () => {
  it('is told by its go.mod', () => {
    expect(moduleOf('// hello\nmodule example.com/a\n\ngo 1.25\n')).toBe('example.com/a');
    expect(moduleOf('')).toBeUndefined();
  });

  it('is refused where it is something else', async () => {
    await expect(readCheckout(import.meta.dirname)).rejects.toThrow('has no go.mod');
  });
});
