# shellcheck shell=bash
# rekor-monitor and ct-monitor: hold each log against what it said before, and tell when somebody signs as $IDENTITY.
# Run with a build of sigstore/rekor-monitor from August 2026. It ends with another status than 0 where one of them alarms.
: "${TUF_MIRROR:?source ./env first}" "${IDENTITY:?README.md says how}"

# They keep what they saw of a log here, and the trust in ~/.sigstore: so the home is another one for them.
export HOME=$TRUST_CACHE/monitors
mkdir -p "$HOME"

# Subjects are regular expressions.
subject=^$(printf %s "$IDENTITY" | sed 's/[][\\.*^$+?(){}|]/\\&/g')\$

# look PROGRAM URL FILE START: once, for a timer. They end with 0 whatever they find: what they say decides. rekor_monitor passes over
# what a CA certified that it is not given. Where a log has had several keys, ct_monitor takes one by chance, the newest one time in
# eight: so it is asked again.
look() {
  local config said try
  config="monitoredValues: {certIdentities: [{certSubject: '${subject//\'/\'\'}'}]}"
  for try in {1..100}; do
    said=$("$1" --once --url "$2" --file "$HOME/$3" --config "${4:+startIndex: $4$'\n'}$config" \
      --tuf-repository "$TUF_MIRROR" --tuf-root-path "$TUF_ROOT_JSON" \
      --ca-roots "$SIGSTAND_TRUST/fulcio.crt.pem" --ca-intermediates "$SIGSTAND_TRUST/fulcio.crt.pem" 2>&1) ||
      said+=$'\nerror: it ended with another status than 0'
    [[ $said =~ 'STH signature' && $try -lt 100 ]] || break
  done
  printf '%s\n' "$said"
  ! grep -qE '^(error|failed|start index)|skipping the entry' <<<"$said" || bad="${bad-} $3"
}

# After a change on purpose (docs/clients.md, Monitors), move the file of that log away, and set REKOR_FROM or CTLOG_FROM once: how
# many entries were seen. With neither, a first look searches nothing, and the next one what is new since.
look rekor_monitor "${REKOR_URL:?this stack has no Rekor}" rekor.txt "${REKOR_FROM:+$((REKOR_FROM - 1))}"
look ct_monitor "${CTLOG_URL:?this stack has no CT log}" ctlog.txt "${CTLOG_FROM-}"
for url in ${OLD_CTLOG_URLS-}; do look ct_monitor "$url" "ctlog-${url##*/}.txt" ''; done

[ -z "${bad-}" ] || { echo "alarm:$bad" >&2; false; }
