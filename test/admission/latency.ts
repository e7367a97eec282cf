// node latency.ts IMAGE COUNT NAMESPACE...: asks for COUNT Pods in each namespace, by turns, one at a time and none of them
// made; prints JSON of milliseconds by namespace. Runs in the cluster's network, with KUBECONFIG.
import { readFileSync } from 'node:fs';
import { Agent, request } from 'node:https';
import { text } from 'node:stream/consumers';
import { parse } from 'yaml';

const [image = '', count = '0', ...namespaces] = process.argv.slice(2);
const { clusters, users } = parse(readFileSync(process.env.KUBECONFIG ?? '', 'utf8'));
const bytes = (encoded: string) => Buffer.from(encoded, 'base64');
const { server, 'certificate-authority-data': ca } = clusters[0].cluster;
const { 'client-certificate-data': cert, 'client-key-data': key } = users[0].user;
const agent = new Agent({ keepAlive: true, ca: bytes(ca), cert: bytes(cert), key: bytes(key) });

const times: Record<string, number[]> = Object.fromEntries(namespaces.map((name) => [name, []]));
for (let nth = 0; nth < Number(count); nth++) {
  for (const namespace of namespaces) times[namespace]?.push(await asked(namespace, nth));
}
agent.destroy();
process.stdout.write(JSON.stringify(times));

async function asked(namespace: string, nth: number): Promise<number> {
  const body = JSON.stringify({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: `latency-${nth}`, namespace },
    spec: { containers: [{ name: 'main', image }] },
  });
  const url = `${server}/api/v1/namespaces/${namespace}/pods?dryRun=All`;
  const headers = { 'content-type': 'application/json' };
  const began = performance.now();
  const { status, said } = await new Promise<{ status?: number; said: string }>(
    (resolve, reject) => {
      request(url, { method: 'POST', agent, headers }, async (response) => {
        resolve({ status: response.statusCode ?? 0, said: await text(response) });
      })
        .on('error', reject)
        .end(body);
    },
  );
  if (status !== 201) throw new Error(`${namespace}: ${status} ${said}`);
  return performance.now() - began;
}
