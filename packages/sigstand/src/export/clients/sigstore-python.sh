# shellcheck shell=bash
# sigstore-python: signs $FILE, and verifies it. Run with sigstore 4.5.1 (pip install sigstore==4.5.1).
: "${TUF_MIRROR:?source ./env first}" "${IDENTITY:?README.md says how}" "${FILE:?a file to sign}"

# It keeps what it trusts by the mirror's URL, and two stacks may have the same: so in a folder of its own.
export XDG_DATA_HOME=$TRUST_CACHE/sigstore-python XDG_CACHE_HOME=$TRUST_CACHE/sigstore-python

# Once: it follows the TUF repository from here on.
sigstore --instance "$TUF_MIRROR" trust-instance "$TUF_ROOT_JSON"

SIGSTORE_IDENTITY_TOKEN=$SIGSTORE_ID_TOKEN sigstore --instance "$TUF_MIRROR" \
  sign --overwrite --bundle "$FILE.sigstore.json" "$FILE"

sigstore --instance "$TUF_MIRROR" verify identity --bundle "$FILE.sigstore.json" \
  --cert-identity "$IDENTITY" --cert-oidc-issuer "$ISSUER_URL" "$FILE"

# By the file alone, with no network; client_trust_config.json serves for signing as well.
sigstore --trust-config "$SIGSTAND_TRUST/client_trust_config.json" \
  verify identity --offline --bundle "$FILE.sigstore.json" \
  --cert-identity "$IDENTITY" --cert-oidc-issuer "$ISSUER_URL" "$FILE"
