import type { AdmissionregistrationV1Api, V1Validation } from '@kubernetes/client-node';

/** What a policy denies: every write of these resources in these namespaces, and how it says so. */
export interface Denial {
  readonly name: string;
  readonly resources: string[];
  readonly namespaces: readonly string[];
  readonly says: Omit<V1Validation, 'expression'>;
}

/** Makes an admission policy and binds it. The API server learns of it a moment later. */
export async function denyWrites(
  admission: AdmissionregistrationV1Api,
  { name, resources, namespaces, says }: Denial,
): Promise<void> {
  const written = { apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE', 'UPDATE'] };
  await admission.createValidatingAdmissionPolicy({
    body: {
      metadata: { name },
      spec: {
        matchConstraints: { resourceRules: [{ ...written, resources }] },
        validations: [{ expression: 'false', ...says }],
      },
    },
  });
  const key = 'kubernetes.io/metadata.name';
  const there = { key, operator: 'In', values: [...namespaces] };
  await admission.createValidatingAdmissionPolicyBinding({
    body: {
      metadata: { name },
      spec: {
        policyName: name,
        validationActions: ['Deny'],
        matchResources: { namespaceSelector: { matchExpressions: [there] } },
      },
    },
  });
}
