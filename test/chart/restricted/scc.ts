/*
 * What OpenShift's admission makes of a Pod under the SCC restricted-v2, and what it refuses, as policies of the API
 * server's own: the SCC's admission is part of OpenShift's API server and runs nowhere else.
 */

/** What lets an API server of 1.35 take them. */
export const apiFlags = [
  '--feature-gates=MutatingAdmissionPolicy=true',
  '--runtime-config=admissionregistration.k8s.io/v1beta1=true',
].join(' ');

/** The users and the SELinux level of one namespace, as OpenShift gives them to each project. */
export const rangeOf = (index: number) => ({
  first: 1_000_650_000 + 10_000 * index,
  size: 10_000,
  level: `s0:c26,c${5 * (index + 1)}`,
});

/** A project: a namespace that is there before the chart, with the annotations by which the SCC knows its range. */
export function project(name: string, index: number): object {
  const { first, size, level } = rangeOf(index);
  return {
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: {
      name,
      labels: { scc: 'restricted-v2', 'pod-security.kubernetes.io/enforce': 'restricted' },
      annotations: {
        'openshift.io/sa.scc.uid-range': `${first}/${size}`,
        'openshift.io/sa.scc.supplemental-groups': `${first}/${size}`,
        'openshift.io/sa.scc.mcs': level,
      },
    },
  };
}

const pods = {
  namespaceSelector: { matchLabels: { scc: 'restricted-v2' } },
  resourceRules: [
    { apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE'], resources: ['pods'] },
  ],
};
const annotation = (name: string) =>
  `namespaceObject.metadata.annotations["openshift.io/sa.scc.${name}"]`;
const variables = [
  { name: 'first', expression: `int(${annotation('uid-range')}.split("/")[0])` },
  { name: 'size', expression: `int(${annotation('uid-range')}.split("/")[1])` },
  {
    name: 'own',
    expression:
      'has(object.spec.securityContext) && has(object.spec.securityContext.runAsUser) ? object.spec.securityContext.runAsUser : variables.first',
  },
  {
    name: 'containers',
    expression:
      'object.spec.containers + (has(object.spec.initContainers) ? object.spec.initContainers : [])',
  },
];

/** Each container that names no user runs as the namespace's first, and the Pod's files are of the first group. */
const filled = (field: 'containers' | 'initContainers') => {
  const type = `Object.spec.${field}`;
  return `object.spec.${field}.map(one, ${type}{
    name: one.name,
    securityContext: ${type}.securityContext{runAsUser: variables.own}
  })`;
};

const mutating = {
  apiVersion: 'admissionregistration.k8s.io/v1beta1',
  kind: 'MutatingAdmissionPolicy',
  metadata: { name: 'restricted-v2' },
  spec: {
    failurePolicy: 'Fail',
    reinvocationPolicy: 'Never',
    matchConstraints: pods,
    variables,
    mutations: [
      `Object{spec: Object.spec{
        securityContext: Object.spec.securityContext{
          fsGroup: has(object.spec.securityContext.fsGroup) ? object.spec.securityContext.fsGroup : variables.first,
          seLinuxOptions: Object.spec.securityContext.seLinuxOptions{level: ${annotation('mcs')}}
        },
        containers: ${filled('containers')},
        initContainers: has(object.spec.initContainers) ? ${filled('initContainers')} : []
      }}`,
    ].map((expression) => ({
      patchType: 'ApplyConfiguration',
      applyConfiguration: { expression },
    })),
  },
};

const volumes = [
  ...['configMap', 'csi', 'downwardAPI', 'emptyDir', 'ephemeral'],
  ...['persistentVolumeClaim', 'projected', 'secret'],
];
const rules = {
  'runAsUser is not in the range of the namespace':
    'variables.containers.all(one, one.securityContext.runAsUser >= variables.first && one.securityContext.runAsUser < variables.first + variables.size)',
  'fsGroup is not the first of the namespace':
    'object.spec.securityContext.fsGroup == variables.first',
  'a container may have more than it needs':
    'variables.containers.all(one, one.securityContext.allowPrivilegeEscalation == false && one.securityContext.capabilities.drop.exists(cap, cap == "ALL") && !has(one.securityContext.capabilities.add))',
  'seccomp is not runtime/default':
    'object.spec.securityContext.seccompProfile.type == "RuntimeDefault"',
  'a volume is of a kind that is not allowed': `!has(object.spec.volumes) || object.spec.volumes.all(one, [${volumes.map((kind) => `has(one.${kind})`).join(', ')}].exists(is, is))`,
  'the node is shared':
    '!(has(object.spec.hostNetwork) && object.spec.hostNetwork) && variables.containers.all(one, !has(one.ports) || one.ports.all(port, !has(port.hostPort)))',
};

const validating = {
  apiVersion: 'admissionregistration.k8s.io/v1',
  kind: 'ValidatingAdmissionPolicy',
  metadata: { name: 'restricted-v2' },
  spec: {
    failurePolicy: 'Fail',
    matchConstraints: pods,
    variables,
    validations: Object.entries(rules).map(([message, expression]) => ({
      message: `restricted-v2: ${message}`,
      expression,
    })),
  },
};

const binding = ({ apiVersion, kind }: { apiVersion: string; kind: string }, more = {}) => ({
  apiVersion,
  kind: `${kind}Binding`,
  metadata: { name: 'restricted-v2' },
  spec: { policyName: 'restricted-v2', ...more },
});

export const policies: readonly object[] = [
  mutating,
  binding(mutating),
  validating,
  binding(validating, { validationActions: ['Deny'] }),
];
