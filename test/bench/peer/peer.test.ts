import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { changes, leftOut } from './changes.ts';
import { commitOf, moduleOf } from './checkout.ts';
import { converted, objectsOf, whatOursUse } from './convert.ts';
import { imageOf } from './programs.ts';

const known = whatOursUse();
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
    expect(own).toContain(imageOf('tuf-createsecret'));
    expect(() => converted(job('registry.example/redis:6.2'), known)).toThrow('redis');
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
    for (const folder of leftOut) expect(text).toContain(`\`${folder}\``);
  });
});

describe('the checkout', () => {
  it('is told by its go.mod', () => {
    expect(moduleOf('// hello\nmodule example.com/a\n\ngo 1.25\n')).toBe('example.com/a');
    expect(moduleOf('')).toBeUndefined();
  });

  it('is refused where it is something else', async () => {
    await expect(commitOf(import.meta.dirname)).rejects.toThrow('has no go.mod');
  });
});
