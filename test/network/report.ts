import { services } from '@sigstand/contracts/services';
import { ofKind } from '../stack.ts';
import { type Needs, podBehind, podPorts } from './needs.ts';
import { type End, evaluate, type Policy, type Port } from './policies.ts';

const somebody = (namespace: string, labels: Record<string, string>): End => ({
  name: `${namespace}/${Object.values(labels)}`,
  pod: { namespace, labels, ports: {} },
});
export const dnsServer = somebody('kube-system', { 'k8s-app': 'kube-dns' });
export const stranger = somebody('default', { app: 'client' });
export const outside: End = { name: 'outside' };
/** A Pod in each of our namespaces that is not of the stack, such as a forgotten shell. */
export const strays = ofKind('Namespace').map(({ metadata }) =>
  somebody(metadata.name, { app: 'stray' }),
);
const foreign = [stranger, dnsServer, outside];

/** A Pod that has the labels of one of ours, in a namespace where everybody may put one. */
export const doubleOf = ({ pod }: End) => somebody('default', pod!.labels);

/** The ports of Services that clients use, by the Pod's name: those whose address is a URL in the contract. */
const offered = new Map(
  Object.values(services)
    .filter((address) => address.startsWith('http://'))
    .map((address) => {
      const [name, namespace] = new URL(address).hostname.split('.');
      const service = ofKind('Service').find(
        ({ metadata }) => metadata.name === name && metadata.namespace === namespace,
      );
      return [podBehind(service!).name, podPorts(service!)] as const;
    }),
);

/** Says of policies what they allow and nobody needs, and what is needed and they forbid: nothing if all is well. */
export function judge(needs: readonly Needs[]): (policies: readonly Policy[]) => string[] {
  const all = ways(needs);
  return (policies) => {
    const { sends, receives } = evaluate(policies);
    return all.flatMap(({ from, to, ports }) => {
      const [send, receive] = [sends(from, to), receives(from, to)];
      return ports.flatMap(({ port, ...should }) => {
        const fault = faultIn(send(port), receive(port), should);
        if (fault === undefined) return [];
        return [`${fault}: ${from.name} -> ${to.name} ${port.protocol} ${port.port}`];
      });
    });
  };
}

function faultIn(
  sends: boolean,
  receives: boolean,
  { wanted, oneSided }: { wanted: boolean; oneSided: boolean },
): string | undefined {
  if ((sends && receives) !== wanted) return wanted ? 'needed, not allowed' : 'allowed, not needed';
  return sends !== receives && !oneSided ? 'allowed at one end only' : undefined;
}

/** Every way from one end to another that a policy of ours could concern. */
function ways(needs: readonly Needs[]) {
  const byName = new Map(needs.map((one) => [one.end.name, one]));
  const ours = needs.map(({ end }) => end);
  const free = [...foreign, ...ours.map(doubleOf)];
  const ends = [...ours, ...strays, ...free];
  const numbers = portsOf(ours);
  return ends.flatMap((from) =>
    ends
      .filter((to) => !(free.includes(from) && free.includes(to)))
      .map((to) => ({
        from,
        to,
        ports: numbers.map((port) => ({
          port,
          wanted: isWanted(from, to, port, byName, free),
          oneSided: mayBeOneSided(from, to, port, byName, free),
        })),
      })),
  );
}

function portsOf(ours: readonly End[]): Port[] {
  const numbers = ours.flatMap(({ pod }) => Object.values(pod!.ports));
  // 9 stands for every port that nothing listens on, 80 for a Service's.
  return [...new Set([...numbers, 9, 53, 80, 443, 6443])].flatMap((port) => [
    { protocol: 'TCP', port },
    { protocol: 'UDP', port },
  ]);
}

type ByName = ReadonlyMap<string, Needs>;

function isWanted(
  from: End,
  to: End,
  { protocol, port }: Port,
  byName: ByName,
  free: readonly End[],
): boolean {
  const tcp = protocol === 'TCP';
  const needs = byName.get(from.name);
  if (byName.has(to.name)) {
    if (needs) return tcp && needs.servers.some((one) => one.name === to.name && one.port === port);
    return tcp && free.includes(from) && isOpen(from, to, port);
  }
  if (needs === undefined || strays.includes(to)) return false;
  if (needs.https && tcp && isHttps(port)) return true;
  return needs.dns && to === dnsServer && port === 53;
}

/** A policy cannot name the API server: https goes to every address, and so to strangers' Pods as well. */
const isHttps = (port: number) => port === 443 || port === 6443;

/** Whether the Pod offers this port to those who are not of the stack: services to all, metrics to Pods. */
function isOpen(from: End, to: End, port: number): boolean {
  if (offered.get(to.name)?.includes(port)) return true;
  // Rekor's are not for everybody: at the same port is Go's profiler.
  const metrics = to.name === 'rekor-system/rekor' ? undefined : to.pod?.ports.metrics;
  return from.pod !== undefined && metrics === port;
}

/** Between Pods in our namespaces a right to send is matched by one to receive, but where all may do the one. */
function mayBeOneSided(
  from: End,
  to: End,
  { port }: Port,
  byName: ByName,
  free: readonly End[],
): boolean {
  if (free.includes(from) || free.includes(to)) return true;
  return isOpen(stranger, to, port) || (byName.get(from.name)?.https === true && isHttps(port));
}
