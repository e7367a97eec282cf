{{/* The database: the chart's own MariaDB, or one that somebody else runs, which is `external` in the values. */}}

{{/* Where it is: $. */}}
{{- define "sigstand.database.host" -}}
{{- .Values.database.external.host | default (include "sigstand.svc" (list . "trillian" "mysql-trillian")) -}}
{{- end }}

{{- define "sigstand.database.address" -}}
{{- include "sigstand.database.host" . }}:{{ with .Values.database.external }}{{ empty .host | ternary 3306 .port | int }}{{ end -}}
{{- end }}

{{/* Whether its certificate is verified: $. */}}
{{- define "sigstand.database.tls" -}}
{{- with .Values.database.external }}{{ if and .host (eq .tls "verify") }}yes{{ end }}{{ end -}}
{{- end }}

{{/* Whether it is a PostgreSQL, in which Rekor can keep nothing: $. */}}
{{- define "sigstand.database.postgresql" -}}
{{- with .Values.database.external }}{{ if and .host (eq .kind "postgresql") }}yes{{ end }}{{ end -}}
{{- end }}

{{/*
How a server knows it. Go takes this CA beside those that its image has. PostgreSQL's driver reads these names by itself:
nothing is put into a line, and nothing has to be escaped.
*/}}
{{- define "sigstand.database" -}}
{{- $postgresql := include "sigstand.database.postgresql" . -}}
{{- range $index, $key := list "user" "password" "database" }}
{{- if $index }}
{{ end }}
{{- include "sigstand.from" (list (printf (empty $postgresql | ternary "MYSQL_%s" "PG%s") (upper $key)) "secret" "trillian-mysql" $key) }}
{{- end }}
{{- if and (include "sigstand.database.tls" .) (not $postgresql) }}
- name: SSL_CERT_DIR
  value: /etc/trillian-mysql-ca
{{- end }}
{{- end }}

{{/*
The end of a connection string: (list $ PARAMETERS). One of somebody else's may fail over: who meets a server that has become
read-only hangs up, and finds by the name the one that writes.
*/}}
{{- define "sigstand.database.parameters" -}}
{{- $all := last . -}}
{{- if (first .).Values.database.external.host }}{{ $all = append $all "rejectReadOnly=true" }}{{ end -}}
{{- if include "sigstand.database.tls" (first .) }}{{ $all = append $all "tls=true" }}{{ end -}}
{{- if $all }}?{{ join "&" $all }}{{ end -}}
{{- end }}

{{/* The line by which Trillian finds it: $. */}}
{{- define "sigstand.database.flags" -}}
{{- if include "sigstand.database.postgresql" . -}}
{{- $verified := include "sigstand.database.tls" . -}}
--postgresql_uri="host={{ .Values.database.external.host }} port={{ .Values.database.external.port | int }} {{ empty $verified | ternary "sslmode=disable" "sslmode=verify-full sslrootcert=/etc/trillian-mysql-ca/ca.crt" }} target_session_attrs=read-write connect_timeout=5 pool_max_conns=50"
{{- else -}}
--mysql_uri="${MYSQL_USER}:${MYSQL_PASSWORD}@tcp({{ include "sigstand.database.address" . }})/${MYSQL_DATABASE}{{ include "sigstand.database.parameters" (list . (list "interpolateParams=true")) }}"
{{- end -}}
{{- end }}

{{/* Where MariaDB's programs find it, and how they speak to it: $. */}}
{{- define "sigstand.database.options" -}}
--host={{ include "sigstand.database.host" . }}
{{- with .Values.database.external }}
{{- if .host }} --port={{ .port | int }}{{ end }}
{{- if and .host (eq .tls "none") }} --skip-ssl{{ end }}
{{- end }}
{{- if include "sigstand.database.tls" . }} --ssl-verify-server-cert --ssl-ca=/etc/trillian-mysql-ca/ca.crt{{ end }}
{{- end }}

{{/* What init containers read to log in there. */}}
{{- define "sigstand.credentials" -}}
volumeMounts:
  - name: credentials
    mountPath: /etc/trillian-mysql
    readOnly: true
  {{- with include "sigstand.database.mount" . }}
  {{- . | nindent 2 }}
  {{- end }}
{{- end }}

{{/* Its CA: a mount, or nothing. */}}
{{- define "sigstand.database.mount" -}}
{{- if include "sigstand.database.tls" . -}}
- {name: database-ca, mountPath: /etc/trillian-mysql-ca, readOnly: true}
{{- end }}
{{- end }}

{{/* The volume for that: $. */}}
{{- define "sigstand.database.volume" -}}
{{- if include "sigstand.database.tls" . -}}
{{- with .Values.database.external.ca -}}
- name: database-ca
  {{- if .secret }}
  secret:
    secretName: {{ .secret | quote }}
  {{- else }}
  configMap:
    name: {{ .configMap | default "database-ca" | quote }}
  {{- end }}
    items:
      - {key: {{ .pem | empty | ternary .key "ca.crt" | toYaml }}, path: ca.crt}
{{- end }}
{{- end }}
{{- end }}

{{/* The CA where the values have it, for one of the two namespaces that need it: (list $ SYSTEM). */}}
{{- define "sigstand.database.ca" -}}
{{- with (first .).Values.database.external.ca.pem -}}
apiVersion: v1
kind: ConfigMap
{{ include "sigstand.metadata" (list (first $) (last $) "database-ca" "1") }}
data:
  ca.crt: |
    {{- include "sigstand.certificates" . | nindent 4 }}
{{- end }}
{{- end }}

{{/*
What Trillian's Pods do before their server starts: (list $ LOADS). In a database of ours the tables are there when it lets
them in. In one of somebody else's, whoever LOADS makes them if the values want that, and all look whether they are right.
*/}}
{{- define "sigstand.wait-for-mysql" -}}
{{- $root := first . -}}
{{- $external := $root.Values.database.external -}}
- name: wait-for-mysql
  image: {{ include "sigstand.image" (list $root "mariadb") }}
  command: [/bin/sh, -euc]
  args:
    - |
      trap 'exit 1' TERM
      export MYSQL_PWD="$(cat /etc/trillian-mysql/password)"
      said=
      {{- if $external.host }}
      tables() {
        {{- if and (last .) (eq $external.schema "load") }}
        cat /etc/trillian-schema/schema.sql
        {{- else }}
        # Its end: what asks for each table, and each column.
        sed -n '/^SELECT/,$p' /etc/trillian-schema/schema.sql
        {{- end }}
      }
      until reason="$(tables | mariadb --no-defaults {{ include "sigstand.database.options" $root }} \
        --user="$(cat /etc/trillian-mysql/user)" --database="$(cat /etc/trillian-mysql/database)" --connect-timeout=5 2>&1)"
      do
        [ "$reason" = "$said" ] || echo "waiting for the database: $reason"
        said="$reason"
        sleep 2
      done
      {{- else }}
      until reason="$(mariadb-admin --no-defaults {{ include "sigstand.database.options" $root }} \
        --user="$(cat /etc/trillian-mysql/user)" --connect-timeout=2 status 2>&1)"
      do
        [ "$reason" = "$said" ] || echo "waiting for the database: $reason"
        said="$reason"
        sleep 0.2
      done
      {{- end }}
  {{- include "sigstand.resources" (list $root "wait") | nindent 2 }}
  {{- include "sigstand.container" $root | nindent 2 }}
  {{- include "sigstand.credentials" $root | nindent 2 }}
  {{- if $external.host }}
    - {name: schema, mountPath: /etc/trillian-schema, readOnly: true}
  {{- end }}
{{- end }}

{{/* The volumes of Trillian's Pods: $. */}}
{{- define "sigstand.trillian.volumes" -}}
- name: flags
  configMap:
    name: trillian-flags
{{- if not (include "sigstand.database.postgresql" .) }}
# A volume, not only env: the kubelet looks again for a missing volume sooner than for a missing env key.
- name: credentials
  secret:
    secretName: trillian-mysql
    items:
      - {key: user, path: user}
      - {key: password, path: password}
{{- if .Values.database.external.host }}
      - {key: database, path: database}
- name: schema
  configMap:
    name: trillian-schema
{{- end }}
{{- end }}
{{- with include "sigstand.database.volume" . }}
{{ . }}
{{- end }}
{{- end }}

{{/* The way of a Pod to it: (list $ SYSTEM), the system that the Pod is of. */}}
{{- define "sigstand.database.egress" -}}
{{- $external := (first .).Values.database.external -}}
{{- if and (include "sigstand.database.postgresql" (first .)) (eq (last .) "rekor") -}}
{{- else if $external.host -}}
# No policy can name a host. Which addresses are behind it, the values say.
- ports:
    - {protocol: TCP, port: {{ $external.port | int }}}
  {{- with $external.addresses }}
  to:
    {{- range . }}
    - ipBlock: {cidr: {{ . | quote }}}
    {{- end }}
  {{- end }}
{{- else if eq (last .) "trillian" -}}
- to:
    - podSelector:
        matchLabels:
          app.kubernetes.io/name: mysql-trillian
  ports:
    - {protocol: TCP, port: 3306}
{{- else -}}
{{ include "sigstand.egress" (list (first .) "trillian" "mysql-trillian" 3306) }}
{{- end }}
{{- end }}

{{/* What the schema cannot say of it. */}}
{{- define "sigstand.check.database" -}}
{{- $one := .Values.database.external -}}
{{- $place := "values: /database/external" -}}
{{- $cas := list -}}
{{- range list "pem" "secret" "configMap" }}{{ if get $one.ca . }}{{ $cas = append $cas . }}{{ end }}{{ end -}}
{{- if not $one.host -}}
{{- $given := dict "ca" $cas "addresses" $one.addresses "kind" (eq $one.kind "postgresql") "port" (ne (int $one.port) 3306) -}}
{{- range $what, $set := merge $given (dict "tls" (eq $one.tls "none") "schema" (eq $one.schema "none")) -}}
{{- if $set }}{{ fail (printf "%s/%s: says nothing without /database/external/host" $place $what) }}{{ end -}}
{{- end -}}
{{- else -}}
{{- if and (eq $one.tls "none") $cas -}}
{{- fail (printf "%s/ca/%s: there is nothing to verify where tls is none" $place (first $cas)) -}}
{{- end -}}
{{- if and (eq $one.tls "verify") (not $cas) -}}
{{- fail (printf "%s/ca: lacks the CA to verify %s by: pem, secret or configMap" $place $one.host) -}}
{{- end -}}
{{- if gt (len $cas) 1 -}}
{{- fail (printf "%s/ca/%s: is one CA too many beside %s" $place (last $cas) (first $cas)) -}}
{{- end -}}
{{- if and (eq $one.kind "postgresql") (eq $one.schema "load") -}}
{{- fail (printf "%s/schema: is none for a postgresql: its tables are loaded by hand" $place) -}}
{{- end -}}
{{- if and (eq $one.kind "postgresql") (eq (int $one.port) 3306) -}}
{{- fail (printf "%s/port: 3306 is no port of a postgresql, which has 5432" $place) -}}
{{- end -}}
{{- with $one.ca.pem -}}
{{- include "sigstand.check.ca" (list $ (printf "%s/ca/pem" $place) .) -}}
{{- end -}}
{{- if .Values.storage.className -}}
{{- fail "values: /storage/className: there is no volume where /database/external/host names a database" -}}
{{- end -}}
{{- end -}}
{{- end }}
