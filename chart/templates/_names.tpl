{{/* The namespace of a system: (list $ SYSTEM). */}}
{{- define "sigstand.namespace" -}}
{{- $names := (index . 0).Values.namespaces -}}
{{- $names.single | default (printf "%s%s-system" $names.prefix (index . 1)) -}}
{{- end }}

{{/* The namespaces that the chart makes, in the order in which each has what it waits for: a list in JSON. */}}
{{- define "sigstand.namespaces" -}}
{{- $names := list -}}
{{- if .Values.namespaces.create -}}
{{- range list "trillian" "rekor" "fulcio" "ctlog" "tsa" "tuf" -}}
{{- $names = append $names (include "sigstand.namespace" (list $ .)) -}}
{{- end -}}
{{- end -}}
{{- uniq $names | toJson -}}
{{- end }}

{{/* The host name of a Service: (list $ SYSTEM SERVICE). */}}
{{- define "sigstand.svc" -}}
{{- printf "%s.%s.svc" (index . 2) (include "sigstand.namespace" .) -}}
{{- with (index . 0).Values.cluster.domain }}.{{ . }}{{ end -}}
{{- end }}

{{/* An object of another namespace, as Jobs name it: (list $ SYSTEM NAME). */}}
{{- define "sigstand.ref" -}}
{{ include "sigstand.namespace" . }}/{{ last . }}
{{- end }}

{{/* The names of what copysecrets brings: those of the sources, but in one namespace with a word before them. */}}
{{- define "sigstand.copy" -}}
{{- if (first .).Values.namespaces.single }}trusted-{{ end }}{{ last . -}}
{{- end }}

{{- define "sigstand.copies" -}}
{{- $names := list -}}
{{- range list "fulcio-pub-key" "ctlog-public-key" "rekor-pub-key" "tsa-cert-chain" -}}
{{- $names = append $names (include "sigstand.copy" (list $ .)) -}}
{{- end -}}
{{- join ", " $names -}}
{{- end }}

{{/* Where Jobs that make keys look for the trust in one: $. */}}
{{- define "sigstand.tuf" -}}
{{ include "sigstand.namespace" (list . "tuf") }}{{ if .Values.namespaces.single }}/trusted-{{ end }}
{{- end }}

{{/* Where Trillian's log server takes calls: $. */}}
{{- define "sigstand.trillian" -}}
{{ include "sigstand.svc" (list . "trillian" "log-server") }}:80
{{- end }}

{{/* The same for createtree, from the moment in which it answers. */}}
{{- define "sigstand.trillian.admin" -}}
{{ include "sigstand.svc" (list . "trillian" "log-server-admin") }}:80
{{- end }}

{{/* The name of a Job, its account and its Pods' label: (list $ SYSTEM JOB). Two Jobs are there twice. */}}
{{- define "sigstand.job.name" -}}
{{- $twice := has (index . 2) (list "createsecret" "createtree") -}}
{{- if and (index . 0).Values.namespaces.single $twice }}{{ index . 1 }}-{{ end }}{{ index . 2 -}}
{{- end }}

{{/* What names and describes an object: (list $ SYSTEM NAME STAGE), and as a fifth a label that is not its name. */}}
{{- define "sigstand.metadata" -}}
metadata:
  name: {{ index . 2 }}
  namespace: {{ include "sigstand.namespace" . }}
  labels:
    app.kubernetes.io/name: {{ if eq (len .) 5 }}{{ last . }}{{ else }}{{ index . 2 }}{{ end }}
    {{- include "sigstand.labels" (first .) | nindent 4 }}
    sigstand.dev/stage: {{ index . 3 | quote }}
{{- end }}

{{/* The labels of all that belongs to this stack. */}}
{{- define "sigstand.labels" -}}
app.kubernetes.io/part-of: sigstand
{{- with .Values.instance }}
app.kubernetes.io/instance: {{ . | quote }}
{{- end }}
{{- end }}

{{/* The labels of a Pod: (list $ NAME). */}}
{{- define "sigstand.pod.labels" -}}
labels:
  app.kubernetes.io/name: {{ last . }}
  {{- include "sigstand.labels" (first .) | nindent 2 }}
{{- end }}

{{/* An image by its name in the values, from the registry that they name for its own: (list $ NAME). */}}
{{- define "sigstand.image" -}}
{{- $images := (first .).Values.images -}}
{{- $name := get $images.names (last .) -}}
{{- range $host, $registry := dict "ghcr.io/" $images.registries.github "docker.io/" $images.registries.docker -}}
{{- if hasPrefix $host $name -}}
{{- $name = printf "%s/%s" $registry (trimPrefix $host $name) -}}
{{- break -}}
{{- end -}}
{{- end -}}
{{- $name -}}
{{- end }}
