{{/* Values of `outside` that contradict each other, or what is in the cluster already. */}}
{{- define "sigstand.check.outside" -}}
{{- $outside := .Values.outside -}}
{{- $hosts := dict -}}
{{- range $service := list "rekor" "fulcio" "ctlog" "tsa" "tuf" -}}
{{- with include "sigstand.outside.host" (list $ $service) -}}
{{- $_ := set $hosts $service . -}}
{{- $path := get $outside.hosts $service | empty | ternary "domain" (printf "hosts/%s" $service) -}}
{{- range $end := list ".svc" (printf ".svc.%s" ($.Values.cluster.domain | default "cluster.local")) -}}
{{- if hasSuffix $end (get $hosts $service) -}}
{{- fail (printf "values: /outside/%s: %s is a name within the cluster, which nobody outside finds" $path (get $hosts $service)) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- include "sigstand.check.ways" (list $outside $hosts) -}}
{{- include "sigstand.check.tls" $outside -}}
{{- if and $outside.controller.labels (not $outside.controller.namespace) -}}
{{- fail "values: /outside/controller/labels: count only beside /outside/controller/namespace" -}}
{{- end -}}
{{- include "sigstand.check.hostname" . -}}
{{- end }}

{{/* Ingress or Gateway: (list OUTSIDE HOSTS). */}}
{{- define "sigstand.check.ways" -}}
{{- $outside := first . -}}
{{- $hosts := last . -}}
{{- if and $outside.ingress.enabled $outside.gateway.enabled -}}
{{- fail "values: /outside/gateway/enabled: the services are led out by /outside/ingress already; two ways would be two answers for one name" -}}
{{- end -}}
{{- range $way, $of := dict "ingress" (list "className" "annotations" "annotationsFor") "gateway" (list "parentRefs" "filtersFor") -}}
{{- $values := get $outside $way -}}
{{- if and $values.enabled (not $hosts) -}}
{{- fail (printf "values: /outside/%s/enabled: no service has a host name; give /outside/domain, or some of /outside/hosts" $way) -}}
{{- end -}}
{{- range $name := $of -}}
{{- if and (get $values $name) (not $values.enabled) -}}
{{- fail (printf "values: /outside/%s/%s: has no use while /outside/%s/enabled is false" $way $name $way) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- if and $outside.gateway.enabled (not $outside.gateway.parentRefs) -}}
{{- fail "values: /outside/gateway/parentRefs: names no Gateway, so no route would be taken" -}}
{{- end -}}
{{- range $place, $table := dict "ingress/annotationsFor" $outside.ingress.annotationsFor "gateway/filtersFor" $outside.gateway.filtersFor -}}
{{- range $name, $value := $table -}}
{{- $service := trimSuffix "Grpc" $name -}}
{{- if not (hasKey $hosts $service) -}}
{{- fail (printf "values: /outside/%s/%s: %s has no host name" $place $name $service) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end }}

{{/* Who shows a certificate, where clients are told https: OUTSIDE. */}}
{{- define "sigstand.check.tls" -}}
{{- $given := list -}}
{{- range $name := list "secretName" "clusterIssuer" "elsewhere" -}}
{{- if get $.tls $name }}{{ $given = append $given $name }}{{ end -}}
{{- end -}}
{{- range $given -}}
{{- if ne $.scheme "https" -}}
{{- fail (printf "values: /outside/tls/%s: has no use while /outside/scheme is http" .) -}}
{{- end -}}
{{- if not $.ingress.enabled -}}
{{- fail (printf "values: /outside/tls/%s: is for an Ingress; the certificate is the Gateway's, or that of whatever else leads clients here" .) -}}
{{- end -}}
{{- end -}}
{{- if gt (len $given) 1 -}}
{{- fail (printf "values: /outside/tls/%s: has no use beside /outside/tls/%s" (index $given 1) (first $given)) -}}
{{- end -}}
{{- if and $.ingress.enabled (eq $.scheme "https") (not $given) -}}
{{- fail "values: /outside/tls/secretName: clients are told https, and nothing says whose certificate they meet: give this, /outside/tls/clusterIssuer or /outside/tls/elsewhere" -}}
{{- end -}}
{{- end }}

{{/* Helm asks the cluster before it installs or upgrades there; where it only renders, createsecret ends with 78 instead. */}}
{{- define "sigstand.check.hostname" -}}
{{- $settings := lookup "v1" "ConfigMap" (include "sigstand.namespace" (list . "rekor")) "rekor-settings" | default dict -}}
{{- $before := dig "data" "hostname" "" $settings -}}
{{- $now := include "sigstand.rekor.hostname" . -}}
{{- if and $before (ne $before $now) -}}
{{- fail (printf "values: /rekor/hostname: Rekor signs as %s for good, and would be %s. Write %s here: clients go by it, wherever they reach Rekor. A new name comes with a new key alone: docs/rotation.md" $before $now $before) -}}
{{- end -}}
{{- end }}
