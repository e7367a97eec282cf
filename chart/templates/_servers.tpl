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
A Service: (list $ SYSTEM NAME PORTS), a port being (list NAME NUMBER TARGET). With a fifth, the server's name, it leads to
that one's Pods, ready or not.
*/}}
{{- define "sigstand.service" -}}
apiVersion: v1
kind: Service
{{ include "sigstand.metadata" (list (first .) (index . 1) (index . 2) "1") }}
spec:
  {{- $early := eq (len .) 5 }}
  {{- if $early }}
  # Who waits for this server asks it again and again: no need to wait for its readiness as well.
  publishNotReadyAddresses: true
  {{- end }}
  selector:
    app.kubernetes.io/name: {{ $early | ternary (last .) (index . 2) }}
  ports:
    {{- range index . 3 }}
    - name: {{ index . 0 }}
      port: {{ index . 1 }}
      targetPort: {{ index . 2 }}
    {{- end }}
{{- end }}

{{/* A server goes on while it is taken out of its Service, and out of what stands before that. */}}
{{- define "sigstand.lingers" -}}
# Requests come here until every node, and what stands before the Service, knows that this Pod ends.
lifecycle:
  preStop:
    sleep: {seconds: 5}
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

{{/* The name that Rekor signs with. */}}
{{- define "sigstand.rekor.hostname" -}}
{{- .Values.rekor.hostname | default (include "sigstand.outside.host" (list . "rekor")) | default (printf "rekor.%s.svc" (include "sigstand.namespace" (list . "rekor"))) -}}
{{- end }}

{{- define "sigstand.rekor.settings" -}}
hostname: {{ include "sigstand.rekor.hostname" . | toYaml }}
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
