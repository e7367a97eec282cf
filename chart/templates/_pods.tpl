{{/* What every Pod of a server begins with. */}}
{{- define "sigstand.server" -}}
automountServiceAccountToken: false
{{ include "sigstand.pod" (dict "root" .) }}
{{- end }}

{{/* What every Pod has, and where the values want it to run. With `grace`, the seconds that it has to end; with `volume`,
     the files of its volume are its group's. */}}
{{- define "sigstand.pod" -}}
{{- $values := .root.Values -}}
enableServiceLinks: false
{{- with .grace }}
terminationGracePeriodSeconds: {{ . }}
{{- end }}
securityContext:
  runAsNonRoot: true
  {{- with int64 $values.pods.user }}
  runAsUser: {{ . }}
  runAsGroup: {{ . }}
  {{- if $.volume }}
  fsGroup: {{ . }}
  {{- end }}
  {{- end }}
  seccompProfile:
    type: RuntimeDefault
{{- with $values.images.pullSecrets }}
imagePullSecrets:
  {{- range . }}
  - name: {{ . | quote }}
  {{- end }}
{{- end }}
{{- with $values.pods.priorityClassName }}
priorityClassName: {{ . | quote }}
{{- end }}
{{- with $values.pods.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $values.pods.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{/* What no container may, at the end of each. */}}
{{- define "sigstand.container" -}}
securityContext:
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: true
  capabilities:
    drop: [ALL]
{{- end }}

{{/* Requests and limits by their name in the values: (list $ NAME), and as a third a comment between them. */}}
{{- define "sigstand.resources" -}}
{{- $all := get (first .).Values.resources (index . 1) -}}
resources:
  requests: {{ include "sigstand.amounts" $all.requests }}
  {{- if eq (len .) 3 }}
  # {{ last . }}
  {{- end }}
  limits: {{ include "sigstand.amounts" $all.limits }}
{{- end }}

{{- define "sigstand.amounts" -}}
{cpu: {{ include "sigstand.amount" .cpu }}, memory: {{ include "sigstand.amount" .memory }}}
{{- end }}

{{/* A bare number would be no string, as which the API server gives it back, and a large one has an exponent. */}}
{{- define "sigstand.amount" -}}
{{- $text := toString . -}}
{{- if and (kindIs "float64" .) (eq . (floor .)) }}{{ $text = int64 . | toString }}{{ end -}}
{{- regexMatch "[A-Za-z]$" $text | ternary $text ($text | quote) -}}
{{- end }}
