#!/usr/bin/env bash
# publish.sh: files, environment, outputs and the page's table, for the job's next steps
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

trust=$OUT/trust

# The TUF repository's own files, by the Secret that clients are to have their first root from.
files() {
  local folder
  mkdir -p "$trust"
  k get secret -n tuf-system tuf-root -o 'jsonpath={.data.root}' | base64 -d >"$trust/root.json"
  cp "$trust/root.json" "$WORKSPACE/root.json"
  folder=${INPUTS_WORKING_DIRECTORY:-.}
  [[ $folder == /* ]] || folder=$WORKSPACE/$folder
  [ "$folder" -ef "$WORKSPACE" ] || cp "$trust/root.json" "$folder/root.json"
  folder=$(mktemp -d)
  k get secret -n tuf-system tuf-root -o 'jsonpath={.data.repository}' | base64 -d | tar -xz -C "$folder"
  cp "$(target "$folder" trusted_root.json)" "$trust/trusted_root.json"
  cp "$(target "$folder" signing_config.v0.2.json)" "$trust/signing_config.v0.2.json"
  rm -rf "$folder"
  jq -n --slurpfile root "$trust/trusted_root.json" --slurpfile config "$trust/signing_config.v0.2.json" \
    '{mediaType: "application/vnd.dev.sigstore.clienttrustconfig.v0.1+json", trustedRoot: $root[0], signingConfig: $config[0]}' \
    >"$trust/trust_config.json"
}

# The file of a target that the newest metadata name: a rotation leaves older ones beside it.
target() {
  local newest hash
  newest=$(find "$1/repository" -maxdepth 1 -name '*.targets.json' | sort -V | tail -n 1)
  hash=$(jq -r --arg name "$2" '.signed.targets[$name].hashes.sha256' "$newest")
  echo "$1/repository/targets/$hash.$2"
}

environment() {
  local token
  token=$(curl -fsS --noproxy '*' --max-time 20 "$(url_of gettoken)")
  echo "::add-mask::$token"
  cat >>"$GITHUB_ENV" <<TEXT
REKOR_URL=$(url_of rekor)
FULCIO_URL=$(url_of fulcio)
FULCIO_GRPC_URL=$(url_of fulcio-grpc)
CTLOG_URL=$(url_of ctlog)
ISSUER_URL=$(url_of gettoken)
TSA_URL=$(url_of tsa)
TUF_MIRROR=$(url_of tuf)
OIDC_TOKEN=$token
TEXT
}

outputs() {
  cat >>"$GITHUB_OUTPUT" <<TEXT
trusted-root=$trust/trusted_root.json
signing-config=$trust/signing_config.v0.2.json
trust-config=$trust/trust_config.json
root=$trust/root.json
oidc-issuer=$1
identity=$IDENTITY
TEXT
}

# What ran, where it answers, and whom to trust; the parts with their times are setup.sh's.
table() {
  local name
  cat <<TEXT
### Sigstand

| service | URL, for Pods and for this job |
| --- | --- |
TEXT
  for name in rekor fulcio fulcio-grpc ctlog tsa tuf gettoken; do echo "| $name | $(url_of "$name") |"; done
  cat <<TEXT

Signed and verified as \`$IDENTITY\`, issuer \`$1\`. TUF root: \`$trust/root.json\`, SHA-256 \`$(sha256 <"$trust/root.json" | cut -d' ' -f1)\`.
TEXT
}

files
environment
issuer=$(issuer)
outputs "$issuer"
table "$issuer" >>"${GITHUB_STEP_SUMMARY:-/dev/null}"
