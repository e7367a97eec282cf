# shellcheck shell=bash
# sigstore-python 3: signs $FILE, and verifies it. Run with sigstore 3.6.6 (pip install sigstore==3.6.6).
: "${SIGSTAND_TRUST:?source ./env first}" "${IDENTITY:?README.md says how}" "${FILE:?a file to sign}"

# Version 3 knows the first form of the signing configuration alone, and follows no mirror but the public ones: export
# again when the stack has a new key or CA. It does not verify timestamps as they are made here, not even those that it asks
# for itself: it prints an error of each, and goes by the time in Rekor.
export XDG_DATA_HOME=$TRUST_CACHE/sigstore-python3 XDG_CACHE_HOME=$TRUST_CACHE/sigstore-python3

SIGSTORE_IDENTITY_TOKEN=$SIGSTORE_ID_TOKEN sigstore --trust-config "$SIGSTAND_TRUST/client_trust_config.v0.1.json" \
  sign --overwrite --bundle "$FILE.sigstore.json" "$FILE"

sigstore --trust-config "$SIGSTAND_TRUST/client_trust_config.v0.1.json" \
  verify identity --bundle "$FILE.sigstore.json" \
  --cert-identity "$IDENTITY" --cert-oidc-issuer "$ISSUER_URL" "$FILE"

# By the file alone, with no network.
sigstore --trust-config "$SIGSTAND_TRUST/client_trust_config.v0.1.json" \
  verify identity --offline --bundle "$FILE.sigstore.json" \
  --cert-identity "$IDENTITY" --cert-oidc-issuer "$ISSUER_URL" "$FILE"
