# shellcheck shell=bash
# The instance's network namespace. It has no way out: no default route, nothing on the host's own interfaces.

make_network() {
  ip netns add "$NETNS"
  # A pair of veths carries the node's address (not every kernel has dummy interfaces); the route to the Services'
  # range lets the node's own processes reach them, since kube-proxy rewrites what passes.
  in_network ip -batch - <<BATCH
link set lo up
link add rig0 type veth peer name rig1
link set rig0 up
link set rig1 up
addr add $NODE_IP/24 dev rig0
route add 10.96.0.0/16 dev rig0
BATCH
  # shellcheck disable=SC2016
  in_network bash -c 'cd /proc/sys/net/ipv4
    echo 1 >ip_forward; echo 1 >conf/all/route_localnet; echo 0 >conf/all/rp_filter; echo 0 >conf/default/rp_filter'
  mkdir -p "/etc/netns/$NETNS"
  printf 'search svc.cluster.local cluster.local\nnameserver %s\n' "$DNS_IP" >"/etc/netns/$NETNS/resolv.conf"
}
