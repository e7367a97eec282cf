import { copyFile, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { binary } from '../programs/binaries.ts';
import { type Ground, issuerUrl } from './ground.ts';

/** Somebody else's tests: the packages of a Go module that hold some, and what they want of their surroundings. */
export interface Suite {
  readonly name: string;
  /** The folder of the rig whose go.mod and go.sum pin the module. */
  readonly pinnedBy: 'cosign3' | 'sigstore';
  readonly module: string;
  readonly packages: readonly string[];
  /** Test programs take these. */
  readonly flags: readonly string[];
  /** Readies a folder for them, and gives their environment. `module` is a copy of the module. */
  prepare(ground: Ground, module: string): Promise<Readonly<Record<string, string>>>;
}

export const cosign: Suite = {
  name: 'cosign',
  pinnedBy: 'cosign3',
  module: 'github.com/sigstore/cosign/v3',
  packages: ['test'],
  // There is no Rekor v2.
  flags: ['-test.skip=RekorV2'],
  async prepare({ cluster, trust }) {
    const token = await cluster.mustExec(['curl', '-sSf', 'http://127.0.0.1:8080/token']);
    return {
      CT_LOG_KEY: join(trust, 'ctfe.pub'),
      ISSUER_URL: issuerUrl,
      OIDC_URL: 'http://127.0.0.1:8080',
      SIGSTORE_ID_TOKEN: token,
    };
  },
};

/** Rekor's tests find its client beside them, keep what it remembers apart, and ask Docker what the server is called. */
async function forRekor({ work }: Ground, module: string) {
  const client = binary('rekor-cli');
  const home = join(work, 'rekor-home');
  const programs = join(work, 'rekor-programs');
  await mkdir(home, { recursive: true });
  await mkdir(programs, { recursive: true });
  await copyFile(client, join(module, 'rekor-cli'));
  await copyFile(client, join(home, 'rekor-cli'));
  await writeFile(`${home}.rekor.yaml`, '');
  await writeFile(join(programs, 'docker'), '#!/bin/sh\necho rekor.rekor-system.svc\n', {
    mode: 0o755,
  });
  return {
    REKORTMPDIR: home,
    REKOR_SERVER: 'http://127.0.0.1:3000',
    PATH: `${programs}:${process.env.PATH}`,
  };
}

const rekorModule = {
  pinnedBy: 'sigstore',
  module: 'github.com/sigstore/rekor',
  flags: [],
} as const;

export const rekor: Suite = {
  ...rekorModule,
  name: 'rekor tests',
  packages: ['tests'],
  async prepare(ground, module) {
    const harness = join(ground.work, 'harness');
    await mkdir(harness, { recursive: true });
    return { ...(await forRekor(ground, module)), REKOR_HARNESS_TMPDIR: harness };
  },
};

export const rekorPackages: Suite = {
  ...rekorModule,
  name: 'rekor packages',
  // Those that have tests behind the tag e2e.
  packages: [
    ...['rekor-cli', 'rekor-server'].map((name) => `cmd/${name}`),
    ...['ssh', 'tuf', 'x509', 'minisign'].map((name) => `pkg/pki/${name}`),
    ...['intoto', 'rekord', 'rfc3161', 'jar', 'alpine', 'rpm'].map((name) => `pkg/types/${name}`),
    ...['dsse', 'hashedrekord'].map((name) => `pkg/types/${name}/v0.0.1`),
  ],
  prepare: forRekor,
};
