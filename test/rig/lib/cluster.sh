# shellcheck shell=bash
# The cluster's daemons, in the order in which they need each other.

start_foundations() {
  restore_images
  start_stored
}

# What keeps its data on disk.
start_stored() {
  start etcd etcd --name rig --data-dir "$STATE/etcd" --unsafe-no-fsync \
    --listen-client-urls http://127.0.0.1:2379 --advertise-client-urls http://127.0.0.1:2379 \
    --listen-peer-urls http://127.0.0.1:2380 --initial-advertise-peer-urls http://127.0.0.1:2380 \
    --initial-cluster rig=http://127.0.0.1:2380
  start_containerd
  mkdir -p "$STATE/registry"
  start registry "$(rig_bin crane)" registry serve --address "$REGISTRY" --disk "$STATE/registry"
  until_ok etcd 60 in_network curl -fsS http://127.0.0.1:2379/health
}

start_apiserver() {
  local pki=$STATE/pki issuer=${RIG_ISSUER:-https://kubernetes.default.svc} more
  read -ra more <<<"${RIG_API_FLAGS:-}"
  start kube-apiserver "$(rig_bin kube-apiserver)" --etcd-servers=http://127.0.0.1:2379 \
    --bind-address=0.0.0.0 --secure-port=6443 --advertise-address="$NODE_IP" \
    --tls-cert-file="$pki/apiserver.crt" --tls-private-key-file="$pki/apiserver.key" --client-ca-file="$pki/ca.crt" \
    --kubelet-client-certificate="$pki/apiserver-kubelet-client.crt" \
    --kubelet-client-key="$pki/apiserver-kubelet-client.key" --kubelet-certificate-authority="$pki/ca.crt" \
    --kubelet-preferred-address-types=InternalIP \
    --service-account-issuer="$issuer" --service-account-jwks-uri="$issuer/openid/v1/jwks" \
    --service-account-signing-key-file="$pki/sa.key" --service-account-key-file="$pki/sa.pub" \
    --authorization-mode=Node,RBAC --authentication-config="$STATE/config/authentication.yaml" \
    --enable-admission-plugins=NodeRestriction --service-cluster-ip-range=10.96.0.0/16 --profiling=false \
    "${more[@]}"
  until_ok kube-apiserver 120 in_network curl -fsS --cacert "$pki/ca.crt" "$API/readyz"
}

start_rest() {
  local pki=$STATE/pki
  admin apply -f "$STATE/config/base.yaml" -f "$STATE/config/dns.yaml"
  start kube-controller-manager "$(rig_bin kube-controller-manager)" --kubeconfig="$pki/controller-manager.kubeconfig" \
    --authentication-kubeconfig="$pki/controller-manager.kubeconfig" \
    --authorization-kubeconfig="$pki/controller-manager.kubeconfig" \
    --root-ca-file="$pki/ca.crt" --service-account-private-key-file="$pki/sa.key" \
    --cluster-signing-cert-file="$pki/ca.crt" --cluster-signing-key-file="$pki/ca.key" \
    --use-service-account-credentials=true --leader-elect=false --bind-address=127.0.0.1 --profiling=false \
    --kube-api-qps=500 --kube-api-burst=1000
  start kube-scheduler "$(rig_bin kube-scheduler)" --kubeconfig="$pki/scheduler.kubeconfig" \
    --authentication-kubeconfig="$pki/scheduler.kubeconfig" --authorization-kubeconfig="$pki/scheduler.kubeconfig" \
    --leader-elect=false --bind-address=127.0.0.1 --profiling=false
  start kube-proxy "$(rig_bin kube-proxy)" --config="$STATE/config/kube-proxy.yaml"
  # Waits for the node by itself.
  PATH=$HERE/kube-router/path:$PATH start kube-router "$(rig_bin kube-router)" --kubeconfig="$pki/network-policy.kubeconfig" --node="$NODE" \
    --service-cluster-ip-range=10.96.0.0/16
  until_ok containerd 60 node_ctr version
  start kubelet "$(rig_bin kubelet)" --config="$STATE/config/kubelet.yaml" --kubeconfig="$pki/kubelet.kubeconfig" \
    --cert-dir="$pki" --hostname-override="$NODE" --node-ip="$NODE_IP"
}

await_node() {
  until_ok kubelet 120 admin get node "$NODE"
  admin wait --for=condition=Ready "node/$NODE" --timeout=120s
  until_ok kube-proxy 60 in_network curl -fsS http://127.0.0.1:10256/healthz
  until_ok kube-router 60 in_network iptables -S KUBE-ROUTER-FORWARD
  until_ok kube-controller-manager 60 admin get serviceaccount default
}

# As the rig's own processes ask. The DNS is a Pod, so that policies which name kube-system are for it.
await_dns() {
  until_ok kubelet 60 ip netns exec "$NETNS" getent hosts kubernetes.default.svc.cluster.local ||
    { admin get pods -n kube-system -o wide; admin describe pods -n kube-system -l k8s-app=kube-dns; return 1; }
}

admin() { in_network "$(rig_bin kubectl)" --kubeconfig "$KUBECONFIG_ADMIN" "$@"; }
