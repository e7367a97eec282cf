import { inFile, type Mutant } from '../mutant.ts';

const shape = ['test/manifests.test.ts'];
const rights = ['test/rights.test.ts'];
const network = ['test/network.test.ts'];
const wiring = ['test/wiring.test.ts'];

const policyOf = (container: string, indent = '          ') =>
  `containerName: ${container}\n${indent}operator: In\n${indent}values: [64, 65, 70, 77, 78]`;

/** The labels of a namespace up to the one that enforces the standard. */
const enforced = (namespace: string) => `app.kubernetes.io/name: ${namespace}
    app.kubernetes.io/part-of: sigstand
    sigstand.dev/stage: "1"
    webhooks.knative.dev/exclude: "true"
    pod-security.kubernetes.io/enforce: restricted`;

export const manifests: readonly Mutant[] = [
  ...inFile('manifests/00-namespaces.yaml', shape, [
    [
      enforced('tuf-system'),
      enforced('tuf-system').replace('restricted', 'baseline'),
      'a Pod as root may run beside the role keys',
    ],
  ]),
  ...inFile('manifests/05-network.yaml', network, [
    [
      '      app.kubernetes.io/name: mysql-trillian\n  policyTypes: [Ingress]\n',
      '      app.kubernetes.io/name: mysql-trillian\n  policyTypes: [Egress]\n',
      'nobody reaches the database',
    ],
    [
      'values: [createtree, rekor]}\n        - namespaceSelector',
      'values: [createtree, rekor, createsecret]}\n        - namespaceSelector',
      'a Pod that has no business there reaches Trillian',
    ],
    [
      '    # Clients, wherever they are.\n    - ports:\n        - {protocol: TCP, port: 3000}\n    # Metrics, for Pods of the cluster.\n    - from:\n        - namespaceSelector: {}\n      ports:\n        - {protocol: TCP, port: 2112}\n  egress:\n    - to:\n        - namespaceSelector:\n            matchLabels:\n              kubernetes.io/metadata.name: trillian',
      '    # Clients, wherever they are.\n    - ports:\n        - {protocol: TCP, port: 3000}\n        - {protocol: TCP, port: 2112}\n  egress:\n    - to:\n        - namespaceSelector:\n            matchLabels:\n              kubernetes.io/metadata.name: trillian',
      'everybody outside reads Rekor’s profiler',
    ],
    [
      'values: [createcerts, fulcio]}\n  policyTypes: [Egress]',
      'values: [createcerts]}\n  policyTypes: [Egress]',
      'Fulcio finds no issuer by its name',
    ],
    [
      'values: [log-server, log-signer]}\n        - namespaceSelector',
      'values: [log-server]}\n        - namespaceSelector',
      'nothing is ever integrated into the logs',
    ],
  ]),
  ...inFile('manifests/10-trillian.yaml', rights, [
    [
      'resourceNames: [trillian-mysql]\n    verbs: [get, create, patch]\n---\napiVersion: rbac.authorization.k8s.io/v1\nkind: RoleBinding\nmetadata:\n  name: createsecret',
      'verbs: [get, create, patch]\n---\napiVersion: rbac.authorization.k8s.io/v1\nkind: RoleBinding\nmetadata:\n  name: createsecret',
      'createsecret may read all Secrets of Trillian',
    ],
  ]),
  ...inFile('manifests/20-rekor.yaml', rights, [
    [
      'resourceNames: [rekor-config]\n    verbs: [get, create, patch]',
      'resourceNames: [rekor-config]\n    verbs: [get, create, patch, delete]',
      'createtree may delete the id of Rekor’s tree',
    ],
    [
      'resourceNames: [rekor-signing-secret, rekor-pub-key]',
      'resourceNames: [rekor-signing-secret]',
      'createsecret may not publish its key',
    ],
    [
      'kind: Role\n  name: createtree\n',
      'kind: Role\n  name: createsecret\n',
      'createtree may read Rekor’s signing key',
    ],
  ]),
  ...inFile('manifests/20-rekor.yaml', shape, [
    [
      policyOf('createsecret'),
      policyOf('createsecret').replace(', 78', ''),
      'a contradiction is retried five times',
    ],
    [
      'v1.5.4@sha256:100d793d68d0e1ba9fea7df8503304cef1ca736c891bd074fcae3d450dd64169',
      'v1.5.4',
      'a tag that moves replaces Rekor',
    ],
  ]),
  ...inFile('manifests/20-rekor.yaml', wiring, [
    [
      'name: rekor-signing-secret\n                  key: signing-secret-password',
      'name: rekor-signing-secret\n                  key: signing-secret',
      'Rekor does not open its key',
    ],
    [
      '--rekor_server.signer=/var/run/rekor-secrets/signing-secret',
      '--rekor_server.signer=memory',
      'Rekor signs by a new key after each start',
    ],
    [
      'name: trillian-mysql\n                  key: password',
      'name: trillian-mysql\n                  key: user',
      'Rekor does not reach its search index',
    ],
    [
      '            - --max_request_body_size=32792576\n',
      '',
      'whoever sends 260 MiB of garbage ends Rekor',
    ],
    [
      '--max_request_body_size=32792576',
      '--max_request_body_size=327925760',
      'whoever sends 260 MiB of garbage ends Rekor',
    ],
    [
      'limits: {cpu: "2", memory: 2Gi}',
      'limits: {cpu: "2", memory: 1Gi}',
      'one body of 32 MB ends Rekor',
    ],
  ]),
  ...inFile('manifests/30-fulcio.yaml', wiring, [
    [
      'name: fulcio-secrets\n                  key: password',
      'name: fulcio-secrets\n                  key: public',
      'Fulcio does not open its key',
    ],
    [
      '- {key: private, path: private}',
      '- {key: public, path: private}',
      'Fulcio does not find its key',
    ],
    [
      '--fileca-cert=/var/run/fulcio-secrets/cert',
      '--fileca-cert=/var/run/fulcio-secrets/private',
      'Fulcio does not start',
    ],
    ['svc/sigstorescaffolding', 'svc/sigstore', 'Fulcio asks the CT log where it is not'],
  ]),
  ...inFile('manifests/30-fulcio.yaml', shape, [
    [
      'name: system:service-account-issuer-discovery',
      'name: cluster-admin',
      'everybody who reaches the API server rules the cluster',
    ],
  ]),
  ...inFile('manifests/40-ctlog.yaml', wiring, [
    [
      'mountPath: /ctfe-keys',
      'mountPath: /ctlog-keys',
      'ct_server does not find its configuration',
    ],
    [
      '--log_config=/ctfe-keys/config',
      '--log_config=/ctfe-keys/rootca',
      'ct_server does not start',
    ],
  ]),
  ...inFile('manifests/40-ctlog.yaml', rights, [
    [
      'resourceNames: [ctlog-key, ctlog-secrets, ctlog-public-key]',
      'resourceNames: [ctlog-secrets, ctlog-public-key]',
      'createctconfig may not reserve its key',
    ],
    [
      'resourceNames: [fulcio-pub-key]\n    verbs: [get]',
      'resourceNames: [fulcio-pub-key, fulcio-secrets]\n    verbs: [get]',
      'the CT log’s Job may read Fulcio’s private key',
    ],
    [
      '- --configmap=ctlog-config\n',
      '- --configmap=ctlog-tree\n',
      'the CT log’s tree is recorded where nobody looks',
    ],
  ]),
  ...inFile('manifests/50-tsa.yaml', wiring, [
    [
      'name: tsa-cert-chain\n                  key: signing-secret-password',
      'name: tsa-cert-chain\n                  key: cert-chain',
      'the timestamp server does not open its key',
    ],
    [
      '- {key: cert-chain, path: cert-chain}',
      '- {key: signing-secret, path: cert-chain}',
      'the timestamp server does not find its chain',
    ],
    ['            - --disable-ntp-monitoring\n', '', 'public time servers are asked all day'],
  ]),
  ...inFile('manifests/50-tsa.yaml', shape, [
    [
      'app.kubernetes.io/name: tsa\n        app.kubernetes.io/part-of: sigstand\n    spec:\n      automountServiceAccountToken: false',
      'app.kubernetes.io/name: tsa\n        app.kubernetes.io/part-of: sigstand\n    spec:\n      automountServiceAccountToken: true',
      'a server that is broken into has a token for the API',
    ],
    [
      policyOf('createcertchain'),
      policyOf('createcertchain').replace('65, ', ''),
      'a chain that is bad is retried five times',
    ],
  ]),
  ...inFile('manifests/60-tuf.yaml', wiring, [
    [
      '"~^(200|206|304):[0-9]+\\.[a-z]+\\.json$"',
      '"~^(200|206|304):([0-9]+\\.)?[a-z]+\\.json$"',
      'clients keep timestamp.json for a day',
    ],
    [
      '"~^(200|206|304):[0-9]+\\.[a-z]+\\.json$"',
      '"~^...:[0-9]+\\.[a-z]+\\.json$"',
      'clients keep for a day that there is no new root',
    ],
    [
      'Access-Control-Allow-Origin * always;',
      'Access-Control-Allow-Origin *;',
      'a verifier in a web page never learns that there is no newer root',
    ],
    [
      '          try_files /$file =404;\n',
      '          try_files /$file =404;\n          add_header X-Served-By tuf;\n',
      'no verifier in a web page reads a file',
    ],
    ['        listen [::]:8080;\n', '', 'nothing is served on IPv6'],
    ['(?:targets/)?(?<file>[A-Za-z0-9]', '(?<file>[A-Za-z0-9]', 'clients do not find the targets'],
    [
      '(?<file>[A-Za-z0-9][A-Za-z0-9._-]*)',
      '(?<file>[A-Za-z0-9._-][A-Za-z0-9._/-]*)',
      'files are served of a folder that the kubelet is about to swap out',
    ],
    ['try_files /timestamp.json =503;', 'return 200;', 'a server without a repository is ready'],
    [
      '          configMap:\n            name: tuf-repository\n',
      '          configMap:\n            name: tuf-server\n',
      'clients find no repository',
    ],
    ['send_timeout 10s;', 'send_timeout 10m;', 'slow readers keep others from the repository'],
  ]),
  ...inFile('manifests/60-tuf.yaml', rights, [
    [
      'resourceNames: [tsa-cert-chain]\n    verbs: [get]',
      'resourceNames: [tsa-cert-chain]\n    verbs: [get, patch]',
      'copysecrets may replace the timestamp authority’s key',
    ],
    [
      'resourceNames: [tuf-repository.expiry]\n    verbs: [create, patch]',
      'verbs: [create, patch]',
      'createtuf may write any Event',
    ],
    [
      'resourceNames: [fulcio-pub-key, ctlog-public-key, rekor-pub-key, tsa-cert-chain]\n    verbs: [get]\n',
      'resourceNames: [fulcio-pub-key, ctlog-public-key, rekor-pub-key, tsa-cert-chain]\n    verbs: [get, patch]\n',
      'createtuf may write what clients are to trust',
    ],
  ]),
  ...inFile('manifests/60-tuf.yaml', shape, [
    [
      'schedule: "17 3 * * *"',
      'schedule: "17 3 * * 0"',
      'the timestamp is signed anew once a week, and ends in between',
    ],
    ['concurrencyPolicy: Forbid', 'concurrencyPolicy: Allow', 'two runs sign at the same time'],
    [
      'startingDeadlineSeconds: 90000',
      'startingDeadlineSeconds: 900',
      'a night without a control plane is a night without a signature',
    ],
    [
      policyOf('createtuf', '              '),
      policyOf('createtuf', '              ').replace(', 78', ''),
      'a nightly contradiction is retried five times',
    ],
    [
      policyOf('copysecrets'),
      policyOf('copysecrets').replace('77, ', ''),
      'a missing right is retried five times',
    ],
    [
      'docker.io/nginxinc/nginx-unprivileged:1.30.4-alpine-slim@sha256:e88d990b349df8cf4aa82f16642d7a23375016638c9ace4e5c6ca25028e62e65',
      'docker.io/nginxinc/nginx-unprivileged:1.30.4-alpine-slim',
      'a tag that moves replaces the web server',
    ],
  ]),
];
