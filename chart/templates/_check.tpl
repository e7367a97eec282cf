{{/* What no schema can say of the values: that some of them contradict each other, or what is there already. */}}
{{- define "sigstand.check" -}}
{{- if not (dig "enabled" true .Values.AsMap) -}}
{{- fail "values: /enabled: is for the condition of a chart that has this one as a part, and there is no such condition here" -}}
{{- end -}}
{{- include "sigstand.check.names" . -}}
{{- include "sigstand.check.outside" . -}}
{{- include "sigstand.check.issuers" . -}}
{{- include "sigstand.check.database" . -}}
{{- include "sigstand.check.status" . -}}
{{- include "sigstand.check.volume" . -}}
{{- range $name, $one := .Values.resources -}}
{{- range $what := list "cpu" "memory" -}}
{{- $least := include "sigstand.number" (get $one.requests $what) -}}
{{- $most := include "sigstand.number" (get $one.limits $what) -}}
{{- if gt (float64 $least) (float64 $most) -}}
{{- fail (printf "values: /resources/%s/requests/%s: %v is more than its limit, %v" $name $what (get $one.requests $what) (get $one.limits $what)) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- range $index, $one := .Values.pods.tolerations -}}
{{- $place := printf "values: /pods/tolerations/%d" $index -}}
{{- if and (eq ($one.operator | default "Equal") "Exists") $one.value -}}
{{- fail (printf "%s/value: operator Exists compares with no value" $place) -}}
{{- end -}}
{{- if and (not $one.key) (ne ($one.operator | default "Equal") "Exists") -}}
{{- fail (printf "%s/operator: without a key it has to be Exists" $place) -}}
{{- end -}}
{{- if and (hasKey $one "tolerationSeconds") (ne ($one.effect | default "") "NoExecute") -}}
{{- fail (printf "%s/tolerationSeconds: counts only where effect is NoExecute" $place) -}}
{{- end -}}
{{- end -}}
{{- end }}

{{- define "sigstand.check.names" -}}
{{- $names := .Values.namespaces -}}
{{- if and $names.single $names.prefix -}}
{{- fail "values: /namespaces/prefix: has no use beside /namespaces/single, which is the whole name" -}}
{{- end -}}
{{- if or (eq $names.single "default") (hasPrefix "kube-" (print $names.single $names.prefix)) -}}
{{- fail (printf "values: /namespaces/%s: %s is the cluster's own, and its other Pods would be shut in" (ternary "single" "prefix" (not (empty $names.single))) (print $names.single $names.prefix)) -}}
{{- end -}}
{{- if has $names.single (list "y" "n" "yes" "no" "on" "off" "true" "false" "null") -}}
{{- fail (printf "values: /namespaces/single: %s is a word of YAML, and no name in every tool" $names.single) -}}
{{- end -}}
{{- $longest := include "sigstand.svc" (list . "trillian" "mysql-trillian") -}}
{{- if gt (len $longest) 253 -}}
{{- fail (printf "values: /cluster/domain: makes %s longer than the 253 letters of a name in the DNS" $longest) -}}
{{- end -}}
{{- end }}

{{/* What a StatefulSet takes no change of. Helm asks the cluster before it changes anything there; what only renders cannot. */}}
{{- define "sigstand.check.volume" -}}
{{- $namespace := include "sigstand.namespace" (list . "trillian") -}}
{{- $there := lookup "apps/v1" "StatefulSet" $namespace "mysql-trillian" | default dict -}}
{{- if not .Values.database.external.host -}}
{{- range dig "spec" "volumeClaimTemplates" (list) $there -}}
{{- $size := .spec.resources.requests.storage -}}
{{- $same := eq (include "sigstand.number" $size) (include "sigstand.number" $.Values.storage.size) -}}
{{- range list
  (list "storage/size" $size ($same | ternary $size $.Values.storage.size))
  (list "storage/className" (.spec.storageClassName | default "") $.Values.storage.className)
  (list "instance" (dig "metadata" "labels" "app.kubernetes.io/instance" "" .) $.Values.instance) -}}
{{- if ne (toString (index . 1)) (toString (last .)) -}}
{{- fail (printf "values: /%s: the volume of %s/mysql-trillian is of %v, and would be of %v. A StatefulSet takes no change of that: write here what it is" (first .) $namespace (index . 1 | default "none") (last . | default "none")) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end }}

{{/* A quantity as a number: cores, or bytes. */}}
{{- define "sigstand.number" -}}
{{- $text := toString . -}}
{{- $units := dict "m" 0.001 "k" 1e3 "M" 1e6 "G" 1e9 "T" 1e12 "Ki" 1024 "Mi" 1048576 "Gi" 1073741824 "Ti" 1099511627776 -}}
{{- $unit := regexFind "[A-Za-z]+$" $text -}}
{{- mulf (trimSuffix $unit $text | float64) (get $units $unit | default 1 | float64) -}}
{{- end }}
