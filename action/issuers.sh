#!/usr/bin/env bash
# issuers.sh LIST <30-fulcio.yaml: the same, and Fulcio takes the tokens of these issuers, too, by comma
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

issuer() {
  case $1 in
    github) entry https://token.actions.githubusercontent.com github-workflow ;;
    google) entry https://accounts.google.com email ;;
    sigstore)
      entry https://oauth2.sigstore.dev/auth email
      # Dex tells here who vouched for the address.
      echo '        issuer-claim: $.federated_claims.connector_id'
      ;;
  esac
}

# As it stands in the ConfigMap, below oidc-issuers.
entry() {
  cat <<YAML
      $1:
        issuer-url: $1
        client-id: sigstore
        type: $2
YAML
}

entries=$(for name in ${1//,/ }; do issuer "$name"; done)
sum=$(sha256 <<<"$entries")
# Another checksum makes new Pods where the list is another one.
ENTRIES=$entries SUM=${sum:0:64} awk '
  { sub(/sigstand\.dev\/config-checksum: [0-9a-f]+/, "sigstand.dev/config-checksum: " ENVIRON["SUM"]); print }
  /^    oidc-issuers:$/ { print ENVIRON["ENTRIES"]; found++ }
  END { exit found != 1 }'
