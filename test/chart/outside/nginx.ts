import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { root } from '../../cluster/rig.ts';
import { binary } from '../../programs/binaries.ts';
import { end, spawnBound } from '../../programs/spawn.ts';
import { hostOf, type OwnProxy, services } from './stack.ts';

/** What nginx leads in of each service: the paths of the page's table. */
const locations: Record<(typeof services)[number], readonly string[]> = {
  rekor: ['/api/v1/log', '/api/v1/index'],
  fulcio: ['/api/v2/', '= /api/v1/signingCert', '= /api/v1/rootCert'],
  ctlog: ['~ ^/sigstorescaffolding/ct/v1/get-', '/sigstorescaffolding/old/'],
  tsa: ['/api/v1/timestamp'],
  tuf: ['/'],
};
const grpc =
  'location /dev.sigstore.fulcio.v2.CA { grpc_pass grpc://fulcio.fulcio-system.svc:5554; }';

/** A proxy of somebody's own beside the cluster: Debian's nginx. */
export const nginx: OwnProxy = async (cluster, work) => {
  const servers = services.map((service) => {
    const to = `proxy_pass http://${service}.${service}-system.svc;`;
    const all = locations[service].map((where) => `location ${where} { ${to} }`);
    return `server {
      listen 443 ssl http2;
      server_name ${hostOf(service)};
      ${[...all, ...(service === 'fulcio' ? [grpc] : [])].join('\n      ')}
    }`;
  });
  const config = join(work, 'nginx.conf');
  await writeFile(
    config,
    `daemon off; master_process off; pid ${work}/nginx.pid; error_log ${work}/nginx.log; events {}
    http {
      access_log off;
      client_max_body_size 32792576;
      ssl_certificate ${work}/tls.crt;
      ssl_certificate_key ${work}/tls.key;
      ${servers.join('\n    ')}
    }`,
  );
  const command = ['exec', '--', binary('nginx'), '-c', config, '-e', join(work, 'nginx.log')];
  const env = { ...process.env, ...cluster.env };
  const child = spawnBound(join(root, 'test/rig/rig'), command, { env, stdio: 'ignore' });
  return () => end(child, 'SIGTERM');
};
