#!/usr/bin/env bash
# reach.sh: the job reaches the services under the names that Pods have for them. By a route to the Services' range
# through a kind node where there is one; else, as on macOS, by forwarding ports
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

names='rekor.rekor-system fulcio.fulcio-system ctlog.ctlog-system tsa.tsa-system tuf.tuf-system gettoken.default'

# A name that means nothing here is not asked of anybody outside: it ends in .svc.
reached() { curl -fsS --noproxy '*' --max-time 5 -o /dev/null http://tuf.tuf-system.svc/root.json 2>/dev/null; }

# A route to each Service's address and not to their whole range, which may be somebody's network.
by_route() {
  local node name address
  node=$(k get nodes -o 'jsonpath={.items[0].status.addresses[?(@.type=="InternalIP")].address}')
  for name in $names; do
    address=$(k get service -n "${name#*.}" "${name%%.*}" -o 'jsonpath={.spec.clusterIP}')
    as_root ip route replace "$address/32" via "$node"
    hosts_entry "$address" "$name.svc"
  done
  reached
}

# Port 80 of a loopback address each. They live as long as the job does.
by_forwarding() {
  local name i=2 address ports
  for name in $names; do
    address=127.0.0.$i
    i=$((i + 1))
    [ "$(uname)" != Darwin ] || as_root ifconfig lo0 alias "$address" up
    ports=80
    [ "$name" != fulcio.fulcio-system ] || ports='80 5554'
    # shellcheck disable=SC2086 # One argument a port.
    as_root env "PATH=$PATH" nohup kubectl --kubeconfig "$OUT/kubeconfig" port-forward -n "${name#*.}" --address "$address" \
      "service/${name%%.*}" $ports >"$OUT/forward-${name%%.*}.log" 2>&1 </dev/null &
    hosts_entry "$address" "$name.svc"
  done
  for _ in {1..40}; do
    ! reached || return 0
    sleep 0.5
  done
  return 1
}

if reached; then echo 'the services are reached already'; exit; fi
if [ "$(uname)" = Linux ] && [ -e "$OUT/kind" ] && by_route; then echo 'by a route through the kind node'; exit; fi
by_forwarding || refuse 'the services are not reached from the job, neither through a kind node nor by forwarding'
echo 'by forwarding ports'
