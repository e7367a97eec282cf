# shellcheck shell=bash
# rekor-monitor and ct-monitor: hold each log against what it said before, and tell when somebody signs as $IDENTITY.
# Run with a build of sigstore/rekor-monitor from August 2026.
: "${TUF_MIRROR:?source ./env first}" "${IDENTITY:?README.md says how}"

# They keep what they saw of a log here, and the trust in ~/.sigstore: so the home is another one for them. After a log has
# another key or is a new one, move its file away: they would take it for a log that was rewritten.
export HOME=$TRUST_CACHE/monitors
mkdir -p "$HOME"

# Subjects are regular expressions.
cat >"$HOME/config.yaml" <<CONFIG
monitoredValues:
  certIdentities:
    - certSubject: '^$(printf %s "$IDENTITY" | sed 's/[][\\.*^$+?(){}|]/\\&/g')$'
CONFIG

# Once, for a timer; --once=false --interval 5m goes on by itself. Without the CA, each entry is passed over.
rekor_monitor --once --url "${REKOR_URL:?this stack has no Rekor}" --file "$HOME/rekor.txt" \
  --tuf-repository "$TUF_MIRROR" --tuf-root-path "$TUF_ROOT_JSON" --monitor-port 9464 \
  --ca-roots "$SIGSTAND_TRUST/fulcio.crt.pem" --ca-intermediates "$SIGSTAND_TRUST/fulcio.crt.pem" \
  --config-file "$HOME/config.yaml"

ct_monitor --once --url "${CTLOG_URL:?this stack has no CT log}" --file "$HOME/ctlog.txt" \
  --tuf-repository "$TUF_MIRROR" --tuf-root-path "$TUF_ROOT_JSON" --monitor-port 9465 \
  --ca-roots "$SIGSTAND_TRUST/fulcio.crt.pem" --ca-intermediates "$SIGSTAND_TRUST/fulcio.crt.pem" \
  --config-file "$HOME/config.yaml"
