{{/* Whom the look at the stack believes, beside public authorities: those of the services outside, and of each issuer. */}}
{{- define "sigstand.status.authorities" -}}
{{- $all := list -}}
{{- with .Values.status.ca }}{{ $all = append $all (include "sigstand.certificates" .) }}{{ end -}}
{{- range .Values.fulcio.issuers -}}
{{- with .ca }}{{ $all = append $all (include "sigstand.certificates" .) }}{{ end -}}
{{- end -}}
{{- uniq $all | join "\n" -}}
{{- end }}

{{/* What the schema cannot say of it. */}}
{{- define "sigstand.check.status" -}}
{{- $status := .Values.status -}}
{{- if and $status.className (not $status.size) -}}
{{- fail "values: /status/className: there is no volume without /status/size" -}}
{{- end -}}
{{- with $status.ca -}}
{{- include "sigstand.check.ca" (list $ "values: /status/ca" .) -}}
{{- end -}}
{{- end }}
