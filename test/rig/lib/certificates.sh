# shellcheck shell=bash
# The cluster's CA, its leaf certificates, the service-account key and the kubeconfigs. They live as long as the rig.

make_certificates() (
  umask 077
  mkdir -p "$STATE/pki"
  cd "$STATE/pki" || return
  make_ca
  leaf apiserver /CN=kube-apiserver serverAuth "DNS:kubernetes,DNS:kubernetes.default,DNS:kubernetes.default.svc,\
DNS:kubernetes.default.svc.cluster.local,DNS:localhost,IP:127.0.0.1,IP:$API_IP,IP:$NODE_IP"
  leaf kubelet-server "/O=system:nodes/CN=system:node:$NODE" serverAuth "DNS:$NODE,IP:$NODE_IP,IP:127.0.0.1"
  leaf apiserver-kubelet-client /O=system:masters/CN=kube-apiserver-kubelet-client clientAuth
  openssl genrsa -traditional -out sa.key 2048
  openssl rsa -in sa.key -pubout -out sa.pub
  user admin /O=system:masters/CN=admin
  user controller-manager /CN=system:kube-controller-manager
  user scheduler /CN=system:kube-scheduler
  user kubelet "/O=system:nodes/CN=system:node:$NODE"
  user proxy /CN=system:kube-proxy
  user network-policy /CN=rig:network-policy
)

make_ca() {
  new_key ca
  openssl req -x509 -new -key ca.key -sha256 -days 365 -subj /CN=rig-ca -out ca.crt \
    -addext basicConstraints=critical,CA:true -addext keyUsage=critical,keyCertSign,cRLSign,digitalSignature
}

new_key() { openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$1.key"; }

# leaf NAME SUBJECT USAGE [SUBJECT-ALTERNATIVE-NAMES]
leaf() {
  new_key "$1"
  openssl req -new -key "$1.key" -subj "$2" -out "$1.csr"
  openssl x509 -req -in "$1.csr" -CA ca.crt -CAkey ca.key -CAcreateserial -days 365 -sha256 -out "$1.crt" \
    -extfile <(printf '%s\n' basicConstraints=critical,CA:false keyUsage=critical,digitalSignature \
      "extendedKeyUsage=$3" "${4:+subjectAltName=$4}")
  rm "$1.csr"
}

# user NAME SUBJECT: a client certificate, within a kubeconfig that needs no other file.
user() {
  leaf "$1" "$2" clientAuth
  cat >"$1.kubeconfig" <<YAML
apiVersion: v1
kind: Config
clusters:
- name: rig
  cluster: {server: "$API", certificate-authority-data: $(base64 -w0 <ca.crt)}
users:
- name: $1
  user: {client-certificate-data: $(base64 -w0 <"$1.crt"), client-key-data: $(base64 -w0 <"$1.key")}
contexts:
- name: rig
  context: {cluster: rig, user: $1}
current-context: rig
YAML
}
