{{/* The account that a Job runs as: (list $ SYSTEM JOB). */}}
{{- define "sigstand.account" -}}
apiVersion: v1
kind: ServiceAccount
{{ include "sigstand.metadata" (list (first .) (index . 1) (include "sigstand.job.name" .) "1") }}
automountServiceAccountToken: false
{{- end }}

{{/*
What a Job may do in one namespace, and that it may: (dict "root" $ "system" ITS "job" JOB "in" SYSTEM "rules" RULES), and
"name" where another Role has the Job's name there. A rule is (list RESOURCE NAMES VERBS), or with a comment before it.
*/}}
{{- define "sigstand.role" -}}
{{- $job := include "sigstand.job.name" (list .root .system .job) -}}
{{- $in := .in | default .system -}}
{{- $name := .name | default (eq $in .system | ternary $job .job) -}}
{{- if and .root.Values.namespaces.single (ne $in .system) -}}
{{- $name = printf "%s-%s-%s" .system .job $in -}}
{{- end -}}
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
{{ include "sigstand.metadata" (list .root $in $name "1") }}
rules:
  {{- range .rules }}
  {{- if eq (len .) 4 }}
  # {{ last . }}
  {{- end }}
  - apiGroups: [""]
    resources: [{{ index . 0 }}]
    resourceNames: [{{ index . 1 }}]
    verbs: [{{ index . 2 }}]
  {{- end }}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
{{ include "sigstand.metadata" (list .root $in $name "1") }}
roleRef:
  apiGroup: rbac.authorization.k8s.io
  kind: Role
  name: {{ $name }}
subjects:
  - kind: ServiceAccount
    name: {{ $job }}
    namespace: {{ include "sigstand.namespace" (list .root .system) }}
{{- end }}

{{/* What Jobs that make a key may read of the TUF repository: (dict "root" $ "system" ITS "job" JOB "copy" SECRET). */}}
{{- define "sigstand.role.trusted" -}}
# A key that clients trust and that is gone is restored, not made anew.
{{ include "sigstand.role" (dict "root" .root "system" .system "job" .job "in" "tuf" "name" (printf "%s-%s" .system .job)
  "rules" (list (list "secrets" (include "sigstand.copy" (list .root .copy)) "get") (list "configmaps" "tuf-repository" "get"))) }}
{{- end }}

{{/*
One of our Jobs: (dict "root" $ "system" SYSTEM "job" JOB), and what else sigstand.job.spec takes. A tool that applies it
is told to make it anew where it has changed: a Job takes no change.
*/}}
{{- define "sigstand.job" -}}
{{- $list := list .root .system (include "sigstand.job.name" (list .root .system .job)) "1" -}}
{{- $spec := include "sigstand.job.spec" . -}}
apiVersion: batch/v1
kind: Job
{{ include "sigstand.metadata" $list }}
  annotations:
    {{- if .explained }}
    # A Job takes no change: Argo CD, and Flux, make one anew that has changed.
    {{- end }}
    argocd.argoproj.io/sync-options: Replace=true,Force=true
    kustomize.toolkit.fluxcd.io/force: enabled
    {{- with include "sigstand.job.checksum" (list .root $spec) }}
    {{- . | nindent 4 }}
    {{- end }}
spec:
  {{- $spec | nindent 2 }}
{{- include "sigstand.job.again" (list .root .system $list $spec) }}
{{- end }}

{{/*
How each of our Jobs runs. "args" is a list, with comments; "env" one of (list NAME VALUE), or of what sigstand.from takes;
"settings" names the ConfigMaps SETTINGS-settings and, of the user's own, SETTINGS-local. "reads" is the data in YAML of a
ConfigMap that it reads: where that changes, it is another Job, and runs again. With "scratch", a comment, it has a /tmp that it
may write to; with "explained" the comments stand here that hold for all of them.
*/}}
{{- define "sigstand.job.spec" -}}
{{- $name := include "sigstand.job.name" (list .root .system .job) -}}
{{- if .explained -}}
# A Job waits for its inputs inside the process, five minutes at a time: 40 minutes hold six Pods.
{{ end -}}
backoffLimit: 5
activeDeadlineSeconds: 2400
{{- if .explained }}
# 64 usage, 65 bad data, 70 our bug, 77 forbidden, 78 state contradicts itself: trying again cannot help.
{{- end }}
podFailurePolicy:
  rules:
    - action: FailJob
      onExitCodes:
        containerName: {{ .job }}
        operator: In
        values: [64, 65, 70, 77, 78]
    {{- if .explained }}
    # An evicted or preempted Pod is not the Job's failure.
    {{- end }}
    - action: Ignore
      onPodConditions:
        - type: DisruptionTarget
          status: "True"
template:
  metadata:
    {{- include "sigstand.pod.labels" (list .root $name) | nindent 4 }}
    {{- with .reads }}
    # SHA-256 of the data above as JSON: with other settings the Job is another one, and is run again.
    annotations:
      sigstand.dev/config-checksum: {{ fromYaml . | toJson | sha256sum | quote }}
    {{- end }}
  spec:
    restartPolicy: Never
    serviceAccountName: {{ $name }}
    automountServiceAccountToken: true
    {{- include "sigstand.pod" (dict "root" .root) | nindent 4 }}
    containers:
      - name: {{ .job }}
        image: {{ include "sigstand.image" (list .root .job) }}
        imagePullPolicy: IfNotPresent
        {{- with .args }}
        args:
          {{- range . }}
          {{ hasPrefix "#" . | ternary "" "- " }}{{ . }}
          {{- end }}
        {{- end }}
        {{- with .settings }}
        envFrom:
          - configMapRef:
              name: {{ . }}-settings
          - configMapRef:
              name: {{ . }}-local
              optional: true
        {{- end }}
        env:
          - name: NAMESPACE
            valueFrom:
              fieldRef:
                apiVersion: v1
                fieldPath: metadata.namespace
          {{- range .env }}
          {{- include (eq (len .) 2 | ternary "sigstand.variable" "sigstand.from") . | nindent 10 }}
          {{- end }}
        {{- $why := list }}
        {{- if .explained }}
        {{- $why = list "No CPU limit on a Job: throttling a process that starts, works once and exits only makes it late." }}
        {{- end }}
        {{- include "sigstand.resources" (concat (list .root .job) $why) | nindent 8 }}
        {{- include "sigstand.container" . | nindent 8 }}
        {{- if .explained }}
        # The Job says on its last lines what is wrong and what to do; this shows them in `kubectl describe pod`.
        {{- end }}
        terminationMessagePolicy: FallbackToLogsOnError
        {{- if .scratch }}
        volumeMounts:
          - name: tmp
            mountPath: /tmp
        {{- end }}
    {{- with .scratch }}
    volumes:
      # {{ . }}
      - name: tmp
        emptyDir:
          sizeLimit: 16Mi
    {{- end }}
{{- end }}

{{/* A variable with a value: (list NAME VALUE). */}}
{{- define "sigstand.variable" -}}
- name: {{ first . }}
  value: {{ last . }}
{{- end }}
