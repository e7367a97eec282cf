{{/* A policy for one namespace begins so: (list $ SYSTEM NAME). */}}
{{- define "sigstand.policy" -}}
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
{{ include "sigstand.metadata" (list (first .) (index . 1) (index . 2) "1") }}
spec:
{{- end }}

{{/* Pods by the names that their label has: (list NAME ...). */}}
{{- define "sigstand.pods" -}}
{{- if eq (len .) 1 -}}
matchLabels:
  app.kubernetes.io/name: {{ first . }}
{{- else -}}
matchExpressions:
  - {key: app.kubernetes.io/name, operator: In, values: [{{ join ", " . }}]}
{{- end }}
{{- end }}

{{/* Pods of another system: (list $ SYSTEM NAMES). */}}
{{- define "sigstand.peer" -}}
{{- $names := list -}}
{{- range last . -}}
{{- $names = append $names (include "sigstand.job.name" (list (first $) (index $ 1) .)) -}}
{{- end -}}
- namespaceSelector:
    matchLabels:
      kubernetes.io/metadata.name: {{ include "sigstand.namespace" . }}
  podSelector:
    {{- include "sigstand.pods" $names | nindent 4 }}
{{- end }}

{{/*
The Pods of a system that a table of SYSTEM and NAMES has, or in one namespace those of all systems: (list $ SYSTEM TABLE).
*/}}
{{- define "sigstand.pods.of" -}}
{{- $root := first . -}}
{{- $names := list -}}
{{- range $system := list "trillian" "rekor" "fulcio" "ctlog" "tsa" "tuf" -}}
{{- if or $root.Values.namespaces.single (eq $system (index $ 1)) -}}
{{- range get (last $) $system -}}
{{- $names = append $names (include "sigstand.job.name" (list $root $system .)) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- include "sigstand.pods" $names -}}
{{- end }}

{{- define "sigstand.policy.deny" -}}
{{ include "sigstand.policy" (list (first .) (last .) "default-deny") }}
  podSelector: {}
  policyTypes: [Ingress, Egress]
{{- end }}

{{/* Who looks names up: (list $ SYSTEM TABLE). */}}
{{- define "sigstand.policy.dns" -}}
{{- $dns := (first .).Values.cluster.dns -}}
{{ include "sigstand.policy" (list (first .) (index . 1) "dns") }}
  podSelector:
    {{- include "sigstand.pods.of" . | nindent 4 }}
  policyTypes: [Egress]
  egress:
    - to:
        - namespaceSelector:
            matchLabels:
              kubernetes.io/metadata.name: {{ $dns.namespace | toYaml }}
      ports:
        - {protocol: UDP, port: {{ int $dns.port }}}
        - {protocol: TCP, port: {{ int $dns.port }}}
{{- end }}

{{/* Who speaks to the API server: (list $ SYSTEM TABLE). */}}
{{- define "sigstand.policy.api" -}}
{{ include "sigstand.policy" (list (first .) (index . 1) "kubernetes-api") }}
  podSelector:
    {{- include "sigstand.pods.of" . | nindent 4 }}
  policyTypes: [Egress]
  egress:
    - ports:
        - {protocol: TCP, port: 443}
        - {protocol: TCP, port: 6443}
{{- end }}

{{/* The three policies that each namespace has: (list $ SYSTEM TABLE TABLE), those of DNS and of the API server. */}}
{{- define "sigstand.policy.basics" -}}
{{- if not (first .).Values.namespaces.single }}
---
{{ include "sigstand.policy.deny" (list (first .) (index . 1)) }}
---
{{ include "sigstand.policy.dns" (list (first .) (index . 1) (index . 2)) }}
---
{{ include "sigstand.policy.api" (list (first .) (index . 1) (index . 3)) }}
{{- end }}
{{- end }}

{{/* createtree's way to Trillian: (list $ SYSTEM). */}}
{{- define "sigstand.policy.createtree" -}}
{{- $name := include "sigstand.job.name" (list (first .) (last .) "createtree") -}}
{{ include "sigstand.policy" (list (first .) (last .) $name) }}
  podSelector:
    matchLabels:
      app.kubernetes.io/name: {{ $name }}
  policyTypes: [Egress]
  egress:
    {{- include "sigstand.egress" (list (first .) "trillian" "log-server" 8090) | nindent 4 }}
{{- end }}

{{/* A way to the Pods of one server: (list $ SYSTEM NAME PORT). */}}
{{- define "sigstand.egress" -}}
- to:
    {{- include "sigstand.peer" (list (first .) (index . 1) (list (index . 2))) | nindent 4 }}
  ports:
    - {protocol: TCP, port: {{ last . }}}
{{- end }}
