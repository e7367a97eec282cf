{{/*
How Helm makes Jobs anew that have changed. It has no word for that, but deletes what has a hook's kind and name before it
makes the hook. So before an upgrade a hook stands in for each such Job: one that is done at once, without a Pod, and that Helm
deletes. Then the Job is not there, and Helm makes it.

Only Helm in a cluster knows what is there. What it renders without one, such as manifests/, has none of this.
*/}}

{{/* Whether a cluster answers: $. */}}
{{- define "sigstand.asks" -}}
{{- if lookup "v1" "Namespace" "" "default" }}yes{{ end -}}
{{- end }}

{{/* What tells one Job from another: (list $ SPEC). */}}
{{- define "sigstand.job.sum" -}}
{{ last . | fromYaml | toJson | sha256sum | trunc 16 }}
{{- end }}

{{- define "sigstand.job.checksum" -}}
{{- if include "sigstand.asks" (first .) -}}
sigstand.dev/job-checksum: {{ include "sigstand.job.sum" . | quote }}
{{- end -}}
{{- end }}

{{/*
The hook that stands in for a Job: (list $ SYSTEM METADATA SPEC). Before an upgrade where the Job there is another one, or
has failed. Before a rollback always: its hooks were rendered long before.
*/}}
{{- define "sigstand.job.again" -}}
{{- $root := first . -}}
{{- if include "sigstand.asks" $root -}}
{{- $hooks := list "pre-rollback" -}}
{{- with lookup "batch/v1" "Job" (include "sigstand.namespace" .) (index . 2 2) -}}
{{- $sum := get (.metadata.annotations | default dict) "sigstand.dev/job-checksum" -}}
{{- $failed := false -}}
{{- range (.status | default dict).conditions -}}
{{- if and (eq .type "Failed") (eq .status "True") }}{{ $failed = true }}{{ end -}}
{{- end -}}
{{- if or $failed (ne $sum (include "sigstand.job.sum" (list $root (last $)))) -}}
{{- $hooks = append $hooks "pre-upgrade" -}}
{{- end -}}
{{- end }}
---
apiVersion: batch/v1
kind: Job
{{ include "sigstand.metadata" (index . 2) }}
  annotations:
    helm.sh/hook: {{ join "," $hooks }}
    helm.sh/hook-delete-policy: before-hook-creation,hook-succeeded,hook-failed
spec:
  completions: 0
  {{- last . | nindent 2 }}
{{- end -}}
{{- end }}
