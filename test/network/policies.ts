import { type Manifest, ofKind } from '../stack.ts';

/** One end of a connection: a Pod, or an address outside the cluster's Pods. */
export interface End {
  /** For messages, as `rekor-system/rekor`. */
  readonly name: string;
  readonly pod?: {
    readonly namespace: string;
    readonly labels: Readonly<Record<string, string>>;
    /** Named ports of its containers. */
    readonly ports: Readonly<Record<string, number>>;
  };
}

export type Protocol = 'TCP' | 'UDP';

/** A port and its protocol. */
export interface Port {
  readonly protocol: Protocol;
  readonly port: number;
}

type Direction = 'Ingress' | 'Egress';
type Labels = Readonly<Record<string, string>>;

interface Expression {
  readonly key: string;
  readonly operator: 'In' | 'NotIn' | 'Exists' | 'DoesNotExist';
  readonly values?: readonly string[];
}

interface Selector {
  readonly matchLabels?: Labels;
  readonly matchExpressions?: readonly Expression[];
}

interface Peer {
  readonly podSelector?: Selector;
  readonly namespaceSelector?: Selector;
}

interface Rule {
  readonly from?: readonly Peer[];
  readonly to?: readonly Peer[];
  readonly ports?: readonly { readonly protocol?: Protocol; readonly port?: number | string }[];
}

/** A NetworkPolicy, as far as the manifests use it. */
export interface Policy {
  readonly metadata: Manifest['metadata'];
  readonly spec: {
    readonly podSelector: Selector;
    readonly policyTypes: readonly Direction[];
    readonly ingress?: readonly Rule[];
    readonly egress?: readonly Rule[];
  };
}

/** Every NetworkPolicy of the manifests. */
export const policies = ofKind('NetworkPolicy') as unknown as readonly Policy[];

/** What a network plugin that enforces these policies lets through, by the Kubernetes API's rules. */
export function evaluate(policies: readonly Policy[]) {
  const isolating = new Map<string, readonly Policy[]>();
  const selecting = (end: End, direction: Direction) => {
    const key = `${direction} ${end.name}`;
    const known = isolating.get(key) ?? policies.filter((one) => selects(one, direction, end));
    isolating.set(key, known);
    return known;
  };

  /** On which ports `end` may send to (Egress) or be reached by (Ingress) `other`; they are the receiver's. */
  function may(direction: Direction, end: End, other: End): (port: Port) => boolean {
    const chosen = selecting(end, direction);
    if (chosen.length === 0) return () => true;
    const named = (direction === 'Ingress' ? end : other).pod?.ports ?? {};
    const lists = chosen.flatMap(({ metadata, spec }) =>
      rulesOf(spec, direction)
        .filter(({ peers }) => peers?.some((peer) => isPeer(peer, metadata, other)) ?? true)
        .map(({ ports }) => ports),
    );
    return (port) => lists.some((list) => list?.some((one) => isPort(one, named, port)) ?? true);
  }

  return {
    sends: (from: End, to: End) => may('Egress', from, to),
    receives: (from: End, to: End) => may('Ingress', to, from),
  };
}

function selects({ metadata, spec }: Policy, direction: Direction, { pod }: End): boolean {
  return (
    metadata.namespace === pod?.namespace &&
    spec.policyTypes.includes(direction) &&
    matches(spec.podSelector, pod?.labels ?? {})
  );
}

function rulesOf({ ingress = [], egress = [] }: Policy['spec'], direction: Direction) {
  // An empty list of peers or ports means all of them, as a missing one does.
  const given = <T>(list: readonly T[] | undefined) => (list?.length ? list : undefined);
  return direction === 'Ingress'
    ? ingress.map(({ from, ports }) => ({ peers: given(from), ports: given(ports) }))
    : egress.map(({ to, ports }) => ({ peers: given(to), ports: given(ports) }));
}

function isPeer(peer: Peer, { namespace }: Manifest['metadata'], { pod }: End): boolean {
  const { podSelector, namespaceSelector, ...unknown } = peer;
  // An ipBlock may hold a Pod's address as well: who writes one teaches it here.
  if (Object.keys(unknown).length > 0) throw new Error(`not understood: ${Object.keys(unknown)}`);
  if (pod === undefined) return false;
  const here =
    namespaceSelector === undefined
      ? pod.namespace === namespace
      : matches(namespaceSelector, namespaceLabels(pod.namespace));
  return here && matches(podSelector ?? {}, pod.labels);
}

const namespaces = new Map(
  ofKind('Namespace').map(({ metadata }) => [metadata.name, metadata.labels]),
);

/** A namespace's labels: the one that Kubernetes puts there, and the manifests'. */
function namespaceLabels(name: string): Labels {
  return { ...namespaces.get(name), 'kubernetes.io/metadata.name': name };
}

function isPort(
  { protocol = 'TCP', port }: { protocol?: Protocol; port?: number | string },
  named: Readonly<Record<string, number>>,
  asked: Port,
): boolean {
  if (protocol !== asked.protocol) return false;
  return port === undefined || (typeof port === 'string' ? named[port] : port) === asked.port;
}

function matches({ matchLabels = {}, matchExpressions = [] }: Selector, labels: Labels): boolean {
  return (
    Object.entries(matchLabels).every(([key, value]) => labels[key] === value) &&
    matchExpressions.every((expression) => holds(expression, labels))
  );
}

function holds({ key, operator, values = [] }: Expression, labels: Labels): boolean {
  const value = labels[key];
  switch (operator) {
    case 'In':
      return value !== undefined && values.includes(value);
    case 'NotIn':
      return value === undefined || !values.includes(value);
    case 'Exists':
      return value !== undefined;
    case 'DoesNotExist':
      return value === undefined;
  }
}
