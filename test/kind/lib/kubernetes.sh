# shellcheck shell=bash
# The images that kubeadm and kind start on a node, from the rig's Kubernetes and the modules beside this folder.

# kubernetes_images: NAME RECIPE [PROGRAM] a line; the names are those that kubeadm and kind ask for themselves.
kubernetes_images() {
  local name
  "$(rig_bin kubeadm)" config images list --kubernetes-version "v$(module_version kube)" 2>/dev/null | while read -r name; do
    case $name in
      */kube-proxy:*) echo "$name proxy kube-proxy" ;;
      */coredns:*) echo "$name command kube-dns" ;;
      # What the module calls its server.
      */etcd:*) echo "$name etcd server" ;;
      */kube-*) echo "$name command $(basename "${name%:*}")" ;;
    esac
  done
  # The node's containerd names its own.
  echo "$(sed -nE 's/^ *sandbox_image = "(.*)"/\1/p' "$(kind_source)/images/base/files/etc/containerd/config.toml") pause"
  echo "$(kind_image storageProvisionerImage const_storage.go) command local-path-provisioner"
  echo "$(kind_image storageHelperImage const_storage.go) shell"
}

kind_source() { (cd "$ROOT/scripts/kind" && GOFLAGS=-mod=readonly go list -m -f '{{.Dir}}' sigs.k8s.io/kind); }
kind_image() { sed -nE "s/^const $1 = \"(.*)\"/\1/p" "$(kind_source)/pkg/build/nodeimage/$2"; }

# One program that a Pod names by its name, or starts by the image's own entrypoint; as root, as in the originals.
rootfs_command() {
  bare_system "$1"
  install -D "$(rig_bin "$2")" "$1/usr/local/bin/$2"
}
config_command() { jq -cn --arg program "/usr/local/bin/$1" --arg path "PATH=$IMAGE_PATH" '{Entrypoint: [$program], Env: [$path]}'; }

rootfs_etcd() {
  bare_system "$1"
  install -D "$(rig_bin "$2")" "$1/usr/local/bin/etcd"
}
config_etcd() { config_command etcd; }

rootfs_proxy() {
  local program
  rootfs_command "$@"
  add_program "$1" "$(type -P iptables-nft)" /usr/sbin/xtables-nft-multi
  for program in {iptables,ip6tables}{,-save,-restore}; do ln -s xtables-nft-multi "$1/usr/sbin/$program"; done
  add_program "$1" "$(type -P conntrack)" /usr/sbin/conntrack
  # xtables loads these by itself.
  mkdir -p "$1/usr/lib/x86_64-linux-gnu"
  cp -r /usr/lib/x86_64-linux-gnu/xtables "$1/usr/lib/x86_64-linux-gnu/"
  add_libraries_of "$1" /usr/lib/x86_64-linux-gnu/xtables/*.so
}
config_proxy() { config_command "$@"; }

# What makes and removes a volume's folder.
rootfs_shell() {
  local program
  bare_system "$1"
  for program in sh mkdir rm chmod; do add_program "$1" "$(type -P "$program")" "/usr/bin/$program"; done
}
config_shell() { jq -cn --arg path "PATH=$IMAGE_PATH" '{Entrypoint: ["/bin/sh"], Env: [$path]}'; }
