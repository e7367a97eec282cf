# shellcheck shell=bash
# cosign 3: signs $FILE, and verifies it. Run with cosign 3.1.3.
: "${TUF_MIRROR:?source ./env first}" "${IDENTITY:?README.md says how}" "${FILE:?a file to sign}"

# cosign takes its trust from TUF_MIRROR and TUF_ROOT_JSON, and keeps it here instead of in ~/.sigstore.
export TUF_ROOT=$TRUST_CACHE/cosign3

# The services' addresses come from the TUF repository.
cosign sign-blob --yes --bundle "$FILE.sigstore.json" "$FILE"

cosign verify-blob --bundle "$FILE.sigstore.json" ${TSA_URL:+--use-signed-timestamps} \
  --certificate-identity "$IDENTITY" --certificate-oidc-issuer "$ISSUER_URL" "$FILE"

# By the file alone, with no network.
cosign verify-blob --trusted-root "$SIGSTAND_TRUST/trusted_root.json" \
  --bundle "$FILE.sigstore.json" ${TSA_URL:+--use-signed-timestamps} \
  --certificate-identity "$IDENTITY" --certificate-oidc-issuer "$ISSUER_URL" "$FILE"
