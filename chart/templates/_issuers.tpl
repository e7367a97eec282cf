{{/* Whose tokens Fulcio takes. */}}
{{- define "sigstand.fulcio.config" -}}
{{- $own := .Values.fulcio.clusterIssuer -}}
{{- $issuers := dict -}}
{{- $others := dict -}}
{{- $providers := dict -}}
{{- range .Values.fulcio.issuers -}}
{{- $one := include "sigstand.issuer" . | fromJson -}}
{{- if eq .type "kubernetes" -}}
{{- $_ := set $others .url (omit $one "issuer-url") -}}
{{- else -}}
{{- $_ := set $issuers .url $one -}}
{{- end -}}
{{- with include "sigstand.issuer.metadata" . -}}
{{- $_ := set $providers (get $one "ci-provider") (fromJson .) -}}
{{- end -}}
{{- end -}}
{{- if or $own $issuers -}}
oidc-issuers:
  {{- if $own }}
  CLUSTER_ISSUER:
    issuer-url: CLUSTER_ISSUER
    client-id: sigstore
    type: kubernetes
  {{- end }}
  {{- with $issuers }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{ end -}}
{{- if or $own $others -}}
meta-issuers:
  {{- if $own }}
  # Fulcio trusts the cluster's CA for the issuer above only where it knows this name, too.
  https://kubernetes.default.svc:
    client-id: sigstore
    type: kubernetes
  {{- end }}
  {{- with $others }}
  # Other clusters are here, with no star in their names: of those above, Fulcio would trust this cluster's CA alone.
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- end }}
{{- with $providers }}
ci-issuer-metadata:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{/* An issuer of the values as Fulcio has it, in JSON. What makes certificates of a pipeline's claims has the issuer's name. */}}
{{- define "sigstand.issuer" -}}
{{- $pipeline := has .type (list "github-actions" "gitlab" "ci") -}}
{{- $one := dict "issuer-url" .url "client-id" (.clientId | default "sigstore") "type" (ternary "ci-provider" .type $pipeline) -}}
{{- if $pipeline -}}
{{- $_ := set $one "ci-provider" .url -}}
{{- end -}}
{{- range $theirs, $ours := dict "issuer-claim" .issuerClaim "subject-domain" .subjectDomain "spiffe-trust-domain" .trustDomain "skip-email-verification" .unverified -}}
{{- with $ours -}}
{{- $_ := set $one $theirs . -}}
{{- end -}}
{{- end -}}
{{- with .ca -}}
{{- $_ := set $one "ca-cert" (printf "%s\n" (include "sigstand.certificates" .)) -}}
{{- end -}}
{{- toJson $one -}}
{{- end }}

{{/* The certificates of a text in PEM, without what stands between them: TEXT. */}}
{{- define "sigstand.certificates" -}}
{{- regexFindAll "(?s)-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----" (replace "\r" "" .) -1 | join "\n" -}}
{{- end }}

{{/* Which extensions of a certificate take which claims, in JSON; none for an issuer of no pipelines. */}}
{{- define "sigstand.issuer.metadata" -}}
{{- if eq .type "github-actions" -}}
{{- dict "default-template-values" (dict "url" (.web | default "https://github.com") "environment" "")
  "subject-alternative-name-template" "{{ .url }}/{{ .job_workflow_ref }}"
  "extension-templates" (dict
    "github-workflow-trigger" "event_name"
    "github-workflow-sha" "sha"
    "github-workflow-name" "workflow"
    "github-workflow-repository" "repository"
    "github-workflow-ref" "ref"
    "build-signer-uri" "{{ .url }}/{{ .job_workflow_ref }}"
    "build-signer-digest" "job_workflow_sha"
    "runner-environment" "runner_environment"
    "source-repository-uri" "{{ .url }}/{{ .repository }}"
    "source-repository-digest" "sha"
    "source-repository-ref" "ref"
    "source-repository-identifier" "repository_id"
    "source-repository-owner-uri" "{{ .url }}/{{ .repository_owner }}"
    "source-repository-owner-identifier" "repository_owner_id"
    "build-config-uri" "{{ .url }}/{{ .workflow_ref }}"
    "build-config-digest" "workflow_sha"
    "build-trigger" "event_name"
    "run-invocation-uri" "{{ .url }}/{{ .repository }}/actions/runs/{{ .run_id }}/attempts/{{ .run_attempt }}"
    "source-repository-visibility-at-signing" "repository_visibility"
    "deployment-environment" "environment") | toJson -}}
{{- else if eq .type "gitlab" -}}
{{- dict "default-template-values" (dict "url" (.web | default .url) "environment" "")
  "subject-alternative-name-template" "https://{{ .ci_config_ref_uri }}"
  "extension-templates" (dict
    "build-signer-uri" "https://{{ .ci_config_ref_uri }}"
    "build-signer-digest" "ci_config_sha"
    "runner-environment" "runner_environment"
    "source-repository-uri" "{{ .url }}/{{ .project_path }}"
    "source-repository-digest" "sha"
    "source-repository-ref" "refs/{{ if eq .ref_type \"branch\" }}heads{{ else }}tags{{ end }}/{{ .ref }}"
    "source-repository-identifier" "project_id"
    "source-repository-owner-uri" "{{ .url }}/{{ .namespace_path }}"
    "source-repository-owner-identifier" "namespace_id"
    "build-config-uri" "https://{{ .ci_config_ref_uri }}"
    "build-config-digest" "ci_config_sha"
    "build-trigger" "pipeline_source"
    "run-invocation-uri" "{{ .url }}/{{ .project_path }}/-/jobs/{{ .job_id }}"
    "source-repository-visibility-at-signing" "project_visibility"
    "deployment-environment" "environment") | toJson -}}
{{- else if eq .type "ci" -}}
{{- dict "default-template-values" (.defaults | default dict)
  "subject-alternative-name-template" .subject
  "extension-templates" (.extensions | default dict) | toJson -}}
{{- end -}}
{{- end }}

{{/* The issuer whom clients send people to. */}}
{{- define "sigstand.issuer.people" -}}
{{- $fulcio := .Values.fulcio -}}
{{- $name := $fulcio.signIn -}}
{{- range $fulcio.issuers -}}
{{- if eq .type "email" -}}
{{- $name = $name | default .url -}}
{{- end -}}
{{- end -}}
{{- if $fulcio.clusterIssuer -}}
{{- $name = $name | default "https://kubernetes.default.svc" -}}
{{- end -}}
{{- range $fulcio.issuers -}}
{{- $name = $name | default .url -}}
{{- end -}}
{{- $name -}}
{{- end }}

{{/* The ports that Fulcio asks issuers at, as NetworkPolicies see them: a list in JSON. */}}
{{- define "sigstand.issuer.ports" -}}
{{- $ports := list 443 6443 -}}
{{- range .Values.fulcio.issuers -}}
{{- $ports = append $ports (.podPort | default (include "sigstand.issuer.port" .) | int) -}}
{{- end -}}
{{- uniq $ports | toJson -}}
{{- end }}

{{/* The port of an issuer's URL. */}}
{{- define "sigstand.issuer.port" -}}
{{- regexFind ":[0-9]+$" (urlParse .url).host | trimPrefix ":" | default "443" -}}
{{- end }}
