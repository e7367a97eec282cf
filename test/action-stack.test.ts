import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { services } from '@sigstand/contracts/services';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { type Given, part } from './action/part.ts';
import { bash, inFolder, root } from './shell.ts';
import { objectsIn, podsOf } from './stack.ts';

/* What the action adds to a stack, and leaves to the job. test/action runs it whole. */

const text = (file: string) => readFileSync(join(root, file), 'utf8');

describe('who else may sign', () => {
  const issuers = (list: string) =>
    bash(`bash action/issuers.sh '${list}' <manifests/30-fulcio.yaml`);
  const configOf = (yaml: string) =>
    parse(
      objectsIn(yaml, 'x').find(({ metadata }) => metadata.name === 'fulcio-config')?.data[
        'config.yaml'
      ],
    );

  it('stands in Fulcio’s configuration, beside the cluster’s own accounts', () => {
    const { stdout } = issuers('github,google,sigstore');
    const config = configOf(stdout);
    expect(Object.keys(config['oidc-issuers'])).toEqual([
      'https://token.actions.githubusercontent.com',
      'https://accounts.google.com',
      'https://oauth2.sigstore.dev/auth',
      'CLUSTER_ISSUER',
    ]);
    for (const [url, issuer] of Object.entries<Record<string, string>>(config['oidc-issuers']))
      expect(issuer).toMatchObject({ 'issuer-url': url, 'client-id': 'sigstore' });
    expect(config['meta-issuers']).toEqual(
      configOf(text('manifests/30-fulcio.yaml'))['meta-issuers'],
    );
  });

  it('makes new Pods where the list is another one, and none where it is not', () => {
    const checksum = (yaml: string) => /config-checksum: ([0-9a-f]{64})/.exec(yaml)?.[1];
    const [one, same, other] = ['github', 'github', 'github,google'].map((list) =>
      checksum(issuers(list).stdout),
    );
    expect(one).toBe(same);
    expect(new Set([one, other, checksum(text('manifests/30-fulcio.yaml'))]).size).toBe(3);
  });
});

describe('kubectl get ksvc', () => {
  it('leaves a Knative alone', () => {
    const kubectl = `case "$*" in *'get customresourcedefinition'*jsonpath*) echo knative ;; esac`;
    const { stdout, status, left } = part('ksvc', { programs: { kubectl } });
    expect(status).toBe(0);
    expect(stdout).toContain('::notice title=Sigstand::Knative is in this cluster');
    expect(left.asked).not.toContain('apply');
  });

  it('is not answered where ksvc is false', () => {
    const { status, left } = part('ksvc', { programs: { kubectl: '' }, inputs: { ksvc: 'false' } });
    expect({ status, asked: left.asked }).toEqual({ status: 0, asked: '' });
  });

  it('has nine objects, each with the URL that the contract has', () => {
    const { stdout } = bash('source action/lib.sh; services', {
      env: { SIGSTAND_OUT: '/nonexistent' },
    });
    const urls = Object.fromEntries(
      stdout
        .trim()
        .split('\n')
        .map((line) => line.split(' ').slice(1)),
    );
    expect(Object.keys(urls)).toEqual([
      'log-server',
      'log-signer',
      'rekor',
      'fulcio',
      'fulcio-grpc',
      'ctlog',
      'tsa',
      'tuf',
      'gettoken',
    ]);
    expect(urls).toMatchObject({
      rekor: services.rekor,
      fulcio: services.fulcio,
      tsa: services.tsa,
    });
    expect(urls.ctlog).toBe(new URL(services.ctlog).origin);
  });
});

describe('testrelease.yaml', () => {
  const objects = objectsIn(text('action/testrelease.yaml'), 'action/testrelease.yaml');
  const pods = podsOf(objects);

  it('has gettoken, sign-job and verify-job in default, whose tokens are good for ten minutes', () => {
    expect(objects.map(({ metadata }) => `${metadata.namespace}/${metadata.name}`)).toEqual([
      'default/gettoken',
      'default/gettoken',
      'default/sign-job',
      'default/verify-job',
    ]);
    for (const { spec } of pods) {
      expect(spec.serviceAccountName ?? 'default').toBe('default');
      const token = spec.volumes.find(({ name }: { name: string }) => name === 'token');
      expect(token.projected.sources).toEqual([
        {
          serviceAccountToken: { path: 'oidc-token', audience: 'sigstore', expirationSeconds: 600 },
        },
      ]);
    }
  });

  it('uses the images that the stack and its proof use', () => {
    const known = `${text('scripts/sign-and-verify.yaml')}${text('manifests/30-fulcio.yaml')}`;
    for (const [, image] of text('action/testrelease.yaml').matchAll(/image: (.*)/g))
      expect(known).toContain(`image: ${image}\n`);
  });
});

describe('what the next steps get', () => {
  const archive = join(root, 'test/golden/tuf/rotated/repository.tar');
  const given: Given = {
    files: { 'work/there/.keep': '' },
    inputs: { 'working-directory': 'there' },
    programs: {
      kubectl: `case "$*" in
        *data.root*) printf '{"first":"root"}' | base64 ;;
        *data.repository*) gzip -c '${archive}' | base64 ;;
        *openid-configuration) echo '{"issuer":"https://issuer.test"}' ;;
      esac`,
      curl: 'echo -n token-of-this-test',
    },
  };

  it('are the eight variables, and nothing else in the environment', () => {
    const { status, left } = part('publish', given);
    expect(status).toBe(0);
    expect(
      Object.fromEntries(
        (left.env ?? '')
          .trim()
          .split('\n')
          .map((line) => line.split('=')),
      ),
    ).toEqual({
      REKOR_URL: 'http://rekor.rekor-system.svc',
      FULCIO_URL: 'http://fulcio.fulcio-system.svc',
      FULCIO_GRPC_URL: 'http://fulcio.fulcio-system.svc:5554',
      CTLOG_URL: 'http://ctlog.ctlog-system.svc',
      ISSUER_URL: 'http://gettoken.default.svc',
      TSA_URL: 'http://tsa.tsa-system.svc',
      TUF_MIRROR: 'http://tuf.tuf-system.svc',
      OIDC_TOKEN: 'token-of-this-test',
    });
  });

  it('has the token masked, and in no other place', () => {
    const { stdout, stderr, left } = part('publish', given);
    expect(stdout).toContain('::add-mask::token-of-this-test\n');
    expect(stdout.replace('::add-mask::token-of-this-test', '')).not.toContain(
      'token-of-this-test',
    );
    expect(`${stderr}${left.output}${left.summary}`).not.toContain('token-of-this-test');
  });

  it('is the trust that the newest metadata name, and root.json in both folders', () => {
    const { left } = part('publish', given);
    const hashes = Object.fromEntries(
      (left.files ?? '')
        .trim()
        .split('\n')
        .map((line) => line.split(/ +/).reverse()),
    );
    const { signed } = JSON.parse(text('test/golden/tuf/rotated/2.targets.json'));
    for (const name of ['trusted_root.json', 'signing_config.v0.2.json'])
      expect(hashes[`out/trust/${name}`]).toBe(signed.targets[name].hashes.sha256);
    expect(hashes['work/root.json']).toBe(hashes['work/there/root.json']);
    expect(left.summary).toContain('| rekor | http://rekor.rekor-system.svc |');
    expect(left.output).toMatch(/^oidc-issuer=https:\/\/issuer\.test$/m);
  });
});

describe('a part that fails', () => {
  it('is named, with its reason, on the page and in a folder for an artifact', () => {
    const none = Object.fromEntries(['docker', 'kind', 'kubectl'].map((name) => [name, 'exit 1']));
    const { status, stdout, left } = part('setup', {
      inputs: { ksvc: 'perhaps' },
      programs: none,
    });
    expect(status).toBe(1);
    expect(stdout).toContain("::error title=Sigstand::ksvc is true or false, not 'perhaps'");
    expect(stdout.match(/^::error/gm)).toHaveLength(1);
    expect(left.output).toMatch(/^logs=.*\/out\/logs\n$/);
    expect(left.logs).toContain('perhaps');
    expect(left.summary).toContain('### Sigstand did not come up: inputs');
  });
});

describe('a proof', () => {
  const jobs = (state: string) => `case "$*" in
    *' -f -') cat >>"$FOLDER/env" ;;
    *'get -n default job/'*) echo '${state}' ;;
    *data.*) echo e30= ;;
    *openid-configuration) echo '{"issuer":"https://issuer.test"}' ;;
  esac`;

  it('is made anew by each run, and held against the issuer that the cluster has', () => {
    const kubectl = jobs('SuccessCriteriaMet Complete');
    const { status, left } = part('proof', { programs: { kubectl } });
    expect(status).toBe(0);
    expect(left.asked).toContain('delete job -n default sign-job verify-job --ignore-not-found');
    expect(left.env).toContain('- --certificate-oidc-issuer=https://issuer.test\n');
  });

  it('that fails is not waited for', () => {
    const began = Date.now();
    const { status, stdout } = part('proof', {
      programs: { kubectl: jobs('FailureTarget Failed') },
    });
    expect({ status, stdout }).toMatchObject({
      status: 1,
      stdout: expect.stringContaining('sign-job failed'),
    });
    expect(Date.now() - began).toBeLessThan(20_000);
  });
});

describe('a token', () => {
  it('is in no artifact of a set-up that fails after it', () => {
    const left = inFolder({ 'out/.keep': '' }, (folder) => {
      cpSync(join(root, 'scripts'), join(folder, 'scripts'), { recursive: true });
      cpSync(join(root, 'action'), join(folder, 'action'), { recursive: true });
      for (const name of ['inputs', 'cluster', 'images', 'stack', 'proof', 'reach', 'ksvc'])
        writeFileSync(join(folder, `action/${name}.sh`), 'true');
      const publish = 'echo ::add-mask::token-of-this-test; echo later; false';
      writeFileSync(join(folder, 'action/publish.sh'), publish);
      const said = bash(`bash '${folder}/action/setup.sh'`, {
        env: { SIGSTAND_OUT: join(folder, 'out') },
      });
      expect(said.status).toBe(1);
      return bash(`cat '${folder}'/out/logs/*`).stdout;
    });
    expect(left).toContain('later');
    expect(left).not.toContain('token-of-this-test');
  });
});
