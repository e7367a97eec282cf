#!/usr/bin/env bash
# ksvc.sh: kubectl get ksvc answers with the services' URLs, as with Knative, and there is none
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

[ "${INPUTS_KSVC:-true}" = true ] || exit 0
definition=customresourcedefinition/services.serving.knative.dev

# A Knative that is there has the definition without our label, and controllers that would act on what we write.
if k get "$definition" -o name >/dev/null 2>&1 &&
  [ "$(k get "$definition" -o 'jsonpath={.metadata.labels.app\.kubernetes\.io/part-of}')" != sigstand ]; then
  notice 'Knative is in this cluster, and stays as it is: kubectl get ksvc does not know the services of this stack'
  exit 0
fi

k apply -f "$ACTION/ksvc.yaml"
k wait --for=condition=Established --timeout=60s "$definition"
# Until the API server serves what it established.
for _ in {1..60}; do
  ! k get ksvc -A >/dev/null 2>&1 || break
  sleep 0.5
done

services | while read -r namespace name url; do
  cat <<YAML
---
apiVersion: serving.knative.dev/v1
kind: Service
metadata:
  name: $name
  namespace: $namespace
  labels: {app.kubernetes.io/part-of: sigstand}
status:
  url: $url
  conditions:
    - {type: Ready, status: "True"}
YAML
done | k apply -f -
