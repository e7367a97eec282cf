# shellcheck shell=bash
# cosign 2: signs $FILE, and verifies it. Run with cosign 2.6.5.
: "${TUF_MIRROR:?source ./env first}" "${IDENTITY:?README.md says how}" "${FILE:?a file to sign}"

# cosign takes its trust from TUF_MIRROR and TUF_ROOT_JSON, and keeps it here instead of in ~/.sigstore.
export TUF_ROOT=$TRUST_CACHE/cosign2

# cosign 2 has to be told the services' addresses; without them it asks the public ones.
cosign sign-blob --yes --new-bundle-format --bundle "$FILE.sigstore.json" \
  --fulcio-url "${FULCIO_URL:?this stack has no Fulcio}" \
  --rekor-url "${REKOR_URL:?this stack has no Rekor}" \
  ${TSA_URL:+--timestamp-server-url="$TSA_URL"} "$FILE"

cosign verify-blob --new-bundle-format --bundle "$FILE.sigstore.json" ${TSA_URL:+--use-signed-timestamps} \
  --certificate-identity "$IDENTITY" --certificate-oidc-issuer "$ISSUER_URL" "$FILE"

# By the file alone, with no network.
cosign verify-blob --trusted-root "$SIGSTAND_TRUST/trusted_root.json" \
  --new-bundle-format --bundle "$FILE.sigstore.json" ${TSA_URL:+--use-signed-timestamps} \
  --certificate-identity "$IDENTITY" --certificate-oidc-issuer "$ISSUER_URL" "$FILE"
