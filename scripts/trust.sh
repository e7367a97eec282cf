#!/usr/bin/env bash
# trust.sh: what a client needs to trust the stack, into .sigstand: root.json, and env with the URLs
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
source scripts/lib.sh

k get secret tuf-root -n tuf-system -o 'jsonpath={.data.root}' | base64 -d >"$OUT/root.json"
[ -s "$OUT/root.json" ] || die 'Secret tuf-system/tuf-root holds no root'
issuer=$(k get --raw /.well-known/openid-configuration | sed -E 's/.*"issuer":"([^"]+)".*/\1/')

cat >"$OUT/env" <<TEXT
# source .sigstand/env
export KUBECONFIG=$OUT/kubeconfig
export TUF_MIRROR=http://tuf.tuf-system.svc
export TUF_ROOT_JSON=$OUT/root.json
# cosign keeps what it trusts here; without it, in the home folder, where it would replace what is trusted there.
export TUF_ROOT=$OUT/tuf
export FULCIO_URL=http://fulcio.fulcio-system.svc
export FULCIO_GRPC_URL=http://fulcio.fulcio-system.svc:5554
export REKOR_URL=http://rekor.rekor-system.svc
export CTLOG_URL=http://ctlog.ctlog-system.svc/sigstorescaffolding
export TSA_URL=http://tsa.tsa-system.svc/api/v1/timestamp
export ISSUER_URL=$issuer
TEXT
