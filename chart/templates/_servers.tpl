{{/* A Deployment's selector and its Pods' labels: (list $ NAME). What follows is the Pods' annotations, or their spec. */}}
{{- define "sigstand.selected" -}}
selector:
  matchLabels:
    app.kubernetes.io/name: {{ last . }}
template:
  metadata:
    {{- include "sigstand.pod.labels" . | nindent 4 }}
{{- end }}

{{/*
A Service: (list $ SYSTEM NAME PORTS), a port being (list NAME NUMBER TARGET). With a fifth it leads to Pods that are not
ready, too.
*/}}
{{- define "sigstand.service" -}}
apiVersion: v1
kind: Service
{{ include "sigstand.metadata" (list (first .) (index . 1) (index . 2) "1") }}
spec:
  {{- if eq (len .) 5 }}
  # Who waits for this server asks it again and again: no need to wait for its readiness as well.
  publishNotReadyAddresses: true
  {{- end }}
  selector:
    app.kubernetes.io/name: {{ index . 2 }}
  ports:
    {{- range index . 3 }}
    - name: {{ index . 0 }}
      port: {{ index . 1 }}
      targetPort: {{ index . 2 }}
    {{- end }}
{{- end }}

{{/* Ready at every second, alive at every twentieth: (list PATH). */}}
{{- define "sigstand.probes" -}}
readinessProbe:
  httpGet:
    path: {{ . }}
    port: http
  periodSeconds: 1
livenessProbe:
  httpGet:
    path: {{ . }}
    port: http
  periodSeconds: 20
  timeoutSeconds: 5
  failureThreshold: 6
{{- end }}

{{/* A key of a Secret or ConfigMap as a variable: (list NAME KIND OBJECT KEY), KIND being secret or configMap. */}}
{{- define "sigstand.from" -}}
- name: {{ index . 0 }}
  valueFrom:
    {{ index . 1 }}KeyRef:
      name: {{ index . 2 }}
      key: {{ index . 3 }}
{{- end }}

{{/* How a server knows its database. */}}
{{- define "sigstand.database" -}}
{{- range $index, $key := list "user" "password" "database" }}
{{- if $index }}
{{ end }}
{{- include "sigstand.from" (list (printf "MYSQL_%s" (upper $key)) "secret" "trillian-mysql" $key) }}
{{- end }}
{{- end }}

{{/* What init containers read to log in there. */}}
{{- define "sigstand.credentials" -}}
volumeMounts:
  - name: credentials
    mountPath: /etc/trillian-mysql
    readOnly: true
{{- end }}

{{- define "sigstand.wait-for-mysql" -}}
- name: wait-for-mysql
  image: {{ include "sigstand.image" (list . "mariadb") }}
  command: [/bin/sh, -euc]
  args:
    - |
      trap 'exit 1' TERM
      export MYSQL_PWD="$(cat /etc/trillian-mysql/password)"
      said=
      until reason="$(mariadb-admin --no-defaults --host={{ include "sigstand.svc" (list . "trillian" "mysql-trillian") }} \
        --user="$(cat /etc/trillian-mysql/user)" --connect-timeout=2 status 2>&1)"
      do
        [ "$reason" = "$said" ] || echo "waiting for the database: $reason"
        said="$reason"
        sleep 0.2
      done
  {{- include "sigstand.resources" (list . "wait") | nindent 2 }}
  {{- include "sigstand.container" . | nindent 2 }}
  {{- include "sigstand.credentials" . | nindent 2 }}
{{- end }}

{{/* The name that Rekor signs with. */}}
{{- define "sigstand.rekor.hostname" -}}
{{- .Values.rekor.hostname | default (include "sigstand.outside.host" (list . "rekor")) | default (printf "rekor.%s.svc" (include "sigstand.namespace" (list . "rekor"))) -}}
{{- end }}

{{/* How many bytes Rekor takes at most in one request, and whatever stands before it. */}}
{{- define "sigstand.rekor.most" -}}
32792576
{{- end }}

{{/* Near how many MiB Rekor frees memory: 225 of 256 parts of its limit. */}}
{{- define "sigstand.rekor.frees" -}}
{{- $limit := toString .Values.resources.rekor.limits.memory -}}
{{- $mebibytes := regexFind "^[0-9]+" $limit | int -}}
{{- div (mul (hasSuffix "Gi" $limit | ternary 1024 1) $mebibytes 225) 256 -}}
{{- end }}
