# shellcheck shell=bash
# gitsign: signs commits of the repository that you are in, and verifies one. Run with gitsign 0.14.0.
: "${TUF_MIRROR:?source ./env first}" "${IDENTITY:?README.md says how}"

# gitsign reads trusted_root.json from TUF, but keys and certificates by an older client that its `initialize`
# does not fill: that one gets files. Export again when the stack has a new key or CA.
export TUF_ROOT=$TRUST_CACHE/gitsign
export SIGSTORE_REKOR_PUBLIC_KEY=$SIGSTAND_TRUST/rekor.pub
export SIGSTORE_CT_LOG_PUBLIC_KEY_FILE=$SIGSTAND_TRUST/ctfe.pub

# Of this repository alone; others go on with the public Sigstore.
git config --local gpg.format x509
git config --local gpg.x509.program gitsign
git config --local gitsign.fulcio "${FULCIO_URL:?this stack has no Fulcio}"
git config --local gitsign.fulcioRoot "$SIGSTAND_TRUST/fulcio.crt.pem"
git config --local gitsign.rekor "${REKOR_URL:?this stack has no Rekor}"
git config --local gitsign.issuer "$ISSUER_URL"

git commit -S --allow-empty -m 'signed by gitsign'

gitsign verify --certificate-identity "$IDENTITY" --certificate-oidc-issuer "$ISSUER_URL" HEAD
