{{/* What clients ask of each service, and nothing else: no health, metrics or debugging, and of the CT log what reads it.
     A table in JSON of each service's system and its paths, each a list of TYPE and PATH. */}}
{{- define "sigstand.outside.services" -}}
{{- $reads := list -}}
{{- range list "get-sth" "get-sth-consistency" "get-proof-by-hash" "get-entries" "get-entry-and-proof" "get-roots" -}}
{{- $reads = append $reads (list "Exact" (printf "/sigstorescaffolding/ct/v1/%s" .)) -}}
{{- end -}}
{{- /* Logs from before a move, which take nothing. */ -}}
{{- $reads = append $reads (list "Prefix" "/sigstorescaffolding/old") -}}
{{- dict
  "rekor" (list (list "Prefix" "/api/v1/log") (list "Prefix" "/api/v1/index"))
  "fulcio" (list (list "Prefix" "/api/v2") (list "Exact" "/api/v1/signingCert") (list "Exact" "/api/v1/rootCert"))
  "ctlog" $reads
  "tsa" (list (list "Prefix" "/api/v1/timestamp"))
  "tuf" (list (list "Prefix" "/"))
  | toJson -}}
{{- end }}

{{/* The path of Fulcio's calls by gRPC, which sigstore-java makes at the same address. */}}
{{- define "sigstand.outside.grpc" -}}
/dev.sigstore.fulcio.v2.CA
{{- end }}

{{/* The host name by which clients outside reach a service, or nothing: (list $ SERVICE). */}}
{{- define "sigstand.outside.host" -}}
{{- $outside := (first .).Values.outside -}}
{{- $own := get $outside.hosts (last .) -}}
{{- with $outside.domain }}{{ $own = $own | default (printf "%s.%s" (last $) .) }}{{ end -}}
{{- $own -}}
{{- end }}

{{/* Where clients are sent: a service's host outside, or its Service: (list $ SERVICE). */}}
{{- define "sigstand.url" -}}
{{- with include "sigstand.outside.host" . -}}
{{ (first $).Values.outside.scheme }}://{{ . }}
{{- else -}}
http://{{ include "sigstand.svc" (list (first .) (last .) (last .)) }}
{{- end -}}
{{- end }}

{{/* Who may be a client of a server, at its ports: (list $ PORT ...). */}}
{{- define "sigstand.clients" -}}
{{- $controller := (first .).Values.outside.controller -}}
{{- if $controller.namespace -}}
- from:
    - namespaceSelector:
        matchLabels:
          kubernetes.io/metadata.name: {{ $controller.namespace | quote }}
      {{- with $controller.labels }}
      podSelector:
        matchLabels:
          {{- toYaml . | nindent 10 }}
      {{- end }}
  ports:
{{- else -}}
- ports:
{{- end }}
{{- range rest . }}
    - {protocol: TCP, port: {{ . }}}
{{- end }}
{{- if and $controller.namespace (first .).Values.status.enabled }}
- from:
    {{- include "sigstand.peer" (list (first .) "tuf" (list "status")) | nindent 4 }}
  ports:
  {{- range rest . }}
    - {protocol: TCP, port: {{ . }}}
  {{- end }}
{{- end }}
{{- end }}

{{/* The annotations of an Ingress: (dict "root" $ "name" INGRESS "own" THEM), the user's own before those of the chart. */}}
{{- define "sigstand.outside.annotations" -}}
{{- $outside := .root.Values.outside -}}
{{- $all := merge (dict) (get $outside.ingress.annotationsFor .name | default dict) $outside.ingress.annotations .own -}}
{{- if eq .name "fulcioGrpc" -}}
{{- range $key := keys $all -}}
{{- if hasPrefix "cert-manager.io/" $key }}{{ $_ := unset $all $key }}{{ end -}}
{{- end -}}
{{- end -}}
{{- with $all }}
  annotations:
    {{- toYaml . | nindent 4 }}
{{- end -}}
{{- end }}

{{/*
An Ingress: (dict "root" $ "system" SERVICE "name" ITS "service" SERVICE "port" NAME "paths" PATHS "own" ANNOTATIONS).
*/}}
{{- define "sigstand.outside.ingress" -}}
{{- $outside := .root.Values.outside -}}
{{- $host := include "sigstand.outside.host" (list .root .system) -}}
apiVersion: networking.k8s.io/v1
kind: Ingress
{{ include "sigstand.metadata" (list .root .system .service "1" .system) }}
  {{- include "sigstand.outside.annotations" . }}
spec:
  {{- with $outside.ingress.className }}
  ingressClassName: {{ . | quote }}
  {{- end }}
  {{- if or $outside.tls.secretName $outside.tls.clusterIssuer }}
  tls:
    - hosts: [{{ $host | quote }}]
      secretName: {{ $outside.tls.secretName | default (printf "%s-tls" .system) | quote }}
  {{- end }}
  rules:
    - host: {{ $host | quote }}
      http:
        paths:
          {{- range .paths }}
          - path: {{ last . }}
            pathType: {{ $outside.ingress.exact | ternary (first .) (first . | replace "Exact" "Prefix") }}
            backend:
              service:
                name: {{ $.service }}
                port:
                  name: {{ $.port }}
          {{- end }}
{{- end }}

{{/* A rule of an HTTPRoute: (dict "paths" PATHS "filters" FILTERS "service" SERVICE "port" NUMBER). */}}
{{- define "sigstand.outside.rule" -}}
- matches:
    {{- range .paths }}
    - path: {type: {{ eq (first .) "Exact" | ternary "Exact" "PathPrefix" }}, value: {{ last . }}}
    {{- end }}
  {{- with .filters }}
  filters:
    {{- range . }}
    - type: ExtensionRef
      extensionRef: {group: {{ .group | quote }}, kind: {{ .kind | quote }}, name: {{ .name | quote }}}
    {{- end }}
  {{- end }}
  backendRefs:
    - name: {{ .service }}
      port: {{ .port }}
{{- end }}

{{/* What createtuf tells clients: the data of its ConfigMap. */}}
{{- define "sigstand.createtuf.settings" -}}
CREATETUF_FULCIO_URL: {{ include "sigstand.url" (list $ "fulcio") }}
CREATETUF_REKOR_URL: {{ include "sigstand.url" (list $ "rekor") }}
CREATETUF_CTLOG_URL: {{ include "sigstand.url" (list $ "ctlog") }}/sigstorescaffolding
CREATETUF_TSA_URL: {{ include "sigstand.url" (list $ "tsa") }}
CREATETUF_OIDC_ISSUER: {{ include "sigstand.issuer.people" $ | toYaml }}
{{- with include "sigstand.outside.host" (list $ "tuf") }}
CREATETUF_MIRROR_URL: {{ $.Values.outside.scheme }}://{{ . }}
{{- end }}
{{- if $.Values.namespaces.single }}
{{- range $service, $secret := dict "FULCIO" "fulcio-pub-key" "CTLOG" "ctlog-public-key" "REKOR" "rekor-pub-key" "TSA" "tsa-cert-chain" }}
CREATETUF_{{ $service }}_SECRET: {{ include "sigstand.copy" (list $ $secret) }}
{{- end }}
{{- end }}
{{- end }}
