# shellcheck shell=bash
# model-signing: signs the model in the folder $MODEL, and verifies it. Run with model-signing 1.1.1
# (pip install model-signing==1.1.1 pyopenssl).
: "${SIGSTAND_TRUST:?source ./env first}" "${IDENTITY:?README.md says how}" "${MODEL:?a folder with a model}"

# It uses sigstore-python, which asks the issuer for its configuration before it signs: the issuer must be reached from
# here, and must name an endpoint for authorization and one for tokens. An issuer for people does; that of a cluster's
# service accounts does not. Of several issuers in the repository, it asks the last.
export XDG_DATA_HOME=$TRUST_CACHE/model-signing XDG_CACHE_HOME=$TRUST_CACHE/model-signing
model_signing sign sigstore --trust_config "$SIGSTAND_TRUST/client_trust_config.json" \
  --identity_token "$SIGSTORE_ID_TOKEN" --signature "$MODEL.sig" "$MODEL"

model_signing verify sigstore --trust_config "$SIGSTAND_TRUST/client_trust_config.json" \
  --identity "$IDENTITY" --identity_provider "$ISSUER_URL" --signature "$MODEL.sig" "$MODEL"
