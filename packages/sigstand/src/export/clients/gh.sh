# shellcheck shell=bash
# gh: verifies the attestation of $FILE that a workflow of GitHub made, with no account. Run with gh 2.102.0.
: "${SIGSTAND_TRUST:?source ./env first}" "${FILE:?a file}" "${REPOSITORY:?OWNER/NAME, whose workflow attested it}"

# Each line of the file is a trusted root. gh asks for the certificate of a workflow: Fulcio has to take GitHub's tokens, and
# the export has to name them: --issuer https://token.actions.githubusercontent.com.
gh attestation verify "$FILE" --bundle "$FILE.sigstore.json" --repo "$REPOSITORY" \
  --custom-trusted-root "$SIGSTAND_TRUST/trusted_root.jsonl" --cert-oidc-issuer "$ISSUER_URL"
