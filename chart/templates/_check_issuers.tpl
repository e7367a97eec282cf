{{/* What Fulcio would refuse at its start, or take and never give a certificate by. */}}
{{- define "sigstand.check.issuers" -}}
{{- $fulcio := .Values.fulcio -}}
{{- if not (or $fulcio.clusterIssuer $fulcio.issuers) -}}
{{- fail "values: /fulcio/clusterIssuer: without it and without /fulcio/issuers nobody could get a certificate" -}}
{{- end -}}
{{- $known := list -}}
{{- range $index, $one := $fulcio.issuers -}}
{{- $place := printf "values: /fulcio/issuers/%d" $index -}}
{{- if has .url $known -}}
{{- fail (printf "%s/url: %s is an issuer already: one URL has one type" $place .url) -}}
{{- end -}}
{{- $known = append $known .url -}}
{{- $host := (urlParse .url).hostname -}}
{{- if regexMatch "^kubernetes[.]default([.]svc([.].+)?)?$" $host -}}
{{- fail (printf "%s/url: %s is what each cluster calls itself, and leads to this one (/fulcio/clusterIssuer): let the other have a URL of its own" $place .url) -}}
{{- end -}}
{{- if gt (include "sigstand.issuer.port" . | int) 65535 -}}
{{- fail (printf "%s/url: there is no port above 65535" $place) -}}
{{- end -}}
{{- with .subjectDomain -}}
{{- include "sigstand.check.domain" (list (printf "%s/subjectDomain" $place) (trimPrefix "https://" . | splitList ":" | first) $host) -}}
{{- end -}}
{{- with .ca -}}
{{- include "sigstand.check.ca" (list $ (printf "%s/ca" $place) .) -}}
{{- end -}}
{{- end -}}
{{- with $fulcio.signIn -}}
{{- if not (has . $known) -}}
{{- fail (printf "values: /fulcio/signIn: %s is none of /fulcio/issuers" .) -}}
{{- end -}}
{{- end -}}
{{- end }}

{{/* Fulcio lets an issuer speak for names below its own last two labels: (list PLACE SUBJECTS ISSUER). */}}
{{- define "sigstand.check.domain" -}}
{{- $last := list -}}
{{- range list (index . 1) (index . 2) -}}
{{- $last = append $last (regexFind "[^.]+[.][^.]+$" .) -}}
{{- end -}}
{{- $same := and (first $last) (eq (first $last) (last $last)) -}}
{{- if not (or (eq (index . 1) (index . 2)) $same) -}}
{{- fail (printf "%s: Fulcio lets %s speak for its own domain alone, and %s is another" (first .) (index . 2) (index . 1)) -}}
{{- end -}}
{{- end }}

{{/*
Each certificate of a CA, as Fulcio reads it: (list $ PLACE PEM). A template cannot catch what a function says of a bad one,
but what Helm prints has the name of the template that called it: so this one is called as the place.
*/}}
{{- define "sigstand.check.ca" -}}
{{- $certificates := regexFindAll "(?s)-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----" (replace "\r" "" (index . 2)) -1 -}}
{{- if ne (len $certificates) (len (regexFindAll "-----BEGIN " (index . 2) -1)) -}}
{{- fail (printf "%s: has something else than certificates in PEM" (index . 1)) -}}
{{- end -}}
{{- $key := genPrivateKey "ecdsa" | b64enc -}}
{{- $text := printf "{{ define %q }}{{ buildCustomCert (b64enc .certificate) .key }}{{ end }}{{ $_ := include %q . }}" (printf "%s: no certificate" (index . 1)) (printf "%s: no certificate" (index . 1)) -}}
{{- range $certificates -}}
{{- $_ := tpl $text (dict "certificate" . "key" $key "Template" (first $).Template) -}}
{{- end -}}
{{- end }}
