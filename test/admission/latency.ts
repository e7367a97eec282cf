// node latency.ts IMAGE COUNT NAMESPACE...: asks for COUNT Pods in each namespace, by turns, one at a time and none of them
// made; prints JSON of milliseconds by namespace. Runs in the cluster's network, with KUBECONFIG.
import { Agent, type RequestOptions, request } from 'node:https';
import { text } from 'node:stream/consumers';
import { KubeConfig } from '@kubernetes/client-node';

const [image = '', count = '0', ...namespaces] = process.argv.slice(2);
const config = new KubeConfig();
config.loadFromDefault();
const server = config.getCurrentCluster()?.server;
const { ca, cert, key } = await loginOf(config);
const agent = new Agent({ keepAlive: true, ca, cert, key });

const times: Record<string, number[]> = Object.fromEntries(namespaces.map((name) => [name, []]));
for (let nth = 0; nth < Number(count); nth++) {
  for (const namespace of namespaces) times[namespace]?.push(await asked(namespace, nth));
}
agent.destroy();
process.stdout.write(JSON.stringify(times));

async function loginOf(of: KubeConfig): Promise<RequestOptions> {
  const options: RequestOptions = {};
  await of.applyToHTTPSOptions(options);
  return options;
}

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
