# shellcheck shell=bash
# kind's node image without a registry: Debian, kind's own files of its Go module, the rig's Kubernetes, and all images
# that kubeadm and kind start, in containerd's store. Kept as an OCI layout of two layers; the lower changes rarely.

NODE_PACKAGES=(systemd systemd-sysv dbus conntrack iptables nftables iproute2 ethtool util-linux mount kmod libseccomp2
  pigz bash ca-certificates curl jq procps containerd runc containernetworking-plugins findutils hostname openssl)

build_base() {
  local to
  to=$(base_layout)
  [ -d "$to" ] || STEP_LOG=$CACHE/log/kind-base.log step "making kind's base: Debian with systemd" make_layer "$to" fill_base '{}'
}

build_node() {
  local to config
  to=$(node_layout)
  config='{"Entrypoint":["/usr/local/bin/entrypoint","/sbin/init"],"Env":["container=docker","PATH='$IMAGE_PATH'"]}'
  [ -d "$to" ] || STEP_LOG=$CACHE/log/kind-node.log step "making kind's node, Kubernetes $(module_version kube)" \
    make_layer "$to" fill_node "$config" "$(base_layout)"
}

# make_layer LAYOUT FUNCTION CONFIG [BASE]: what FUNCTION writes into a folder becomes an image's uppermost layer.
make_layer() {
  local to=$1 fill=$2 config=$3 base=${4:-} work
  work=$(mktemp -d "$CACHE/images/.fresh-XXXXXX")
  chmod 755 "$work"
  "$fill" "$work"
  rm -rf "$to".??????
  write_layout "$to" "$work" "$config" "$base"
  rm -rf "$work"
}

base_layout() { keep_as kind-base "${NODE_PACKAGES[*]}" "$(fill_base_text)" "$(cat "$KIND_HOME/files/runc")"; }
node_layout() {
  local module programs=()
  for module in pause kube "${OURS[@]}"; do programs+=("$(basename "$(module_bin "$module")")"); done
  keep_as kind-node "$(base_layout)" "${programs[*]}" "$(cat "$KIND_HOME"/lib/{node,kubernetes,archive}.sh "$HERE"/images/*.sh "$HERE"/config/registries/*/*)"
}
fill_base_text() { declare -f fill_base add_kind_files enable_services; }
keep_as() { echo "$CACHE/images/$1-$(sha256sum <<<"${*:2}" | cut -c -16)"; }

fill_base() {
  local root=$1
  unshare --mount --pid --fork debootstrap --variant=minbase --include="$(tr ' ' , <<<"${NODE_PACKAGES[*]}")" \
    "$(sed -n 's/^VERSION_CODENAME=//p' /etc/os-release)" "$root" "$(debian_mirror)"
  add_kind_files "$(kind_source)/images/base/files" "$root"
  enable_services "$root"
  rm -rf "${root:?}"/var/{lib/apt/lists,cache/apt,log}/* "${root:?}"/usr/share/{doc,man,locale,info} "${root:?}"/dev/*
}

debian_mirror() {
  local mirror
  mirror=$(cat /etc/apt/sources.list /etc/apt/sources.list.d/*.{list,sources} 2>/dev/null |
    sed -nE 's|^URIs: *([^ ]+/debian)/?( .*)?$|\1|p; s|^deb (\[[^]]*\] )?([^ ]+/debian)/? .*|\2|p' | head -n 1) || true
  echo "${mirror:-http://deb.debian.org/debian}"
}

# What the image's own recipe copies, where it has Debian's programs from elsewhere.
add_kind_files() {
  local from=$1 root=$2 plugin
  mkdir -p "$root"/{kind/bin,kind/manifests,etc/containerd,etc/kubernetes/manifests,opt/cni/bin,etc/sysctl.d,etc/default}
  install -m 755 "$from"/usr/local/bin/* "$root/usr/local/bin/"
  install -m 755 "$from"/kind/bin/* "$root/kind/bin/"
  install -m 644 "$from/etc/crictl.yaml" "$root/etc/"
  install -m 644 "$from"/etc/sysctl.d/* "$root/etc/sysctl.d/"
  cp -r "$from/etc/systemd/system/." "$root/etc/systemd/system/"
  rm "$root/etc/systemd/system/containerd-fuse-overlayfs.service" "$root/lib/systemd/system/containerd.service"
  ln -s /usr/bin/containerd /usr/bin/ctr "$root/usr/local/bin/"
  for plugin in host-local loopback ptp portmap; do cp "$root/usr/lib/cni/$plugin" "$root/opt/cni/bin/"; done
  install -m 755 "$KIND_HOME/files/runc" "$root/usr/local/sbin/runc"
  # A root without CAP_SYS_RESOURCE gives no process a negative oom_score_adj.
  sed 's/restrict_oom_score_adj = false/restrict_oom_score_adj = true/' "$from/etc/containerd/config.toml" \
    >"$root/etc/containerd/config.toml"
  printf '[plugins."io.containerd.grpc.v1.cri".registry]\n  config_path = "/etc/containerd/certs.d"\n' \
    >>"$root/etc/containerd/config.toml"
  install -m 644 "$from/etc/default/kubelet" "$root/etc/default/"
}

# What the recipe's RUN lines do.
enable_services() {
  local units=$1/lib/systemd/system
  rm -f "$units"/{sysinit.target.wants/systemd-tmpfiles-setup.service,multi-user.target.wants/*,local-fs.target.wants/*} \
    "$units"/{sockets.target.wants/*udev*,sockets.target.wants/*initctl*,basic.target.wants/*} "$1"/etc/systemd/system/*.wants/*
  echo ReadKMsg=no >>"$1/etc/systemd/journald.conf"
  chroot "$1" systemctl enable kubelet.service containerd.service undo-mount-hacks.service
  chroot "$1" systemctl mask systemd-binfmt.service
  chroot "$1" ctr oci spec | jq '.hooks.createContainer += [{path: "/kind/bin/mount-product-files.sh"}] | del(.process.rlimits)' \
    >"$1/etc/containerd/cri-base.json"
}

fill_node() {
  local root=$1 program
  mkdir -p "$root"/{usr/bin,usr/local/bin,kind/manifests,var/lib/containerd,etc/cni/net.d}
  for program in kubelet kubectl kubeadm; do install "$(rig_bin $program)" "$root/usr/bin/"; done
  install "$(rig_bin crictl)" "$root/usr/local/bin/"
  echo -n "v$(module_version kube)" >"$root/kind/version"
  kind_manifest defaultStorageManifest const_storage.go >"$root/kind/manifests/default-storage.yaml"
  write_network "$root"
  # Every image, whatever host its name has, comes from the machine's registry.
  mkdir -p "$root/etc/containerd/certs.d/_default"
  # No other one is asked for what it has not.
  { echo "server = \"http://$REGISTRY\""; fill <"$HERE/config/registries/_default/hosts.toml"; } \
    >"$root/etc/containerd/certs.d/_default/hosts.toml"
  import_images "$root/var/lib/containerd"
}

# kind_manifest CONSTANT FILE: a manifest that kind's source has as a text, with the images that stand in it as constants.
kind_manifest() {
  local file text name
  file=$(kind_source)/pkg/build/nodeimage/$2
  text=$(awk -v name="$1" '$0 ~ "const " name " = `" { on = 1; next } on && /^`/ { exit } on' "$file")
  for name in storageProvisionerImage storageHelperImage; do
    text=${text//"\` + $name + \`"/$(kind_image $name const_storage.go)}
  done
  echo "$text"
}

# kindnetd is served as no module. What it writes on a single node stands here beforehand, and the plugin hides the Pods'
# addresses from Docker's network, as it does. kind still finds a manifest to apply.
write_network() {
  cat >"$1/etc/cni/net.d/10-kindnet.conflist" <<'JSON'
{"cniVersion": "0.3.1", "name": "kindnet", "plugins": [
  {"type": "ptp", "ipMasq": true, "mtu": 1500, "ipam": {"type": "host-local", "dataDir": "/run/cni-ipam-state",
    "routes": [{"dst": "0.0.0.0/0"}], "ranges": [[{"subnet": "10.244.0.0/24"}]]}},
  {"type": "portmap", "capabilities": {"portMappings": true}}]}
JSON
  printf 'apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: kindnet, namespace: kube-system}\n' \
    >"$1/kind/manifests/default-cni.yaml"
}

# import_images STORE: as kind builds its image, by a containerd of its own that unpacks nothing.
import_images() {
  local store=$1 work name recipe program
  work=$(mktemp -d)
  cat >"$work/config.toml" <<TOML
version = 2
root = "$store"
state = "$work/state"
disabled_plugins = ["io.containerd.grpc.v1.cri", "io.containerd.internal.v1.restart"]
[grpc]
  address = "$work/sock"
[plugins."io.containerd.internal.v1.opt"]
  path = "$work/opt"
TOML
  kubernetes_images >"$work/list"
  while read -r name recipe program; do
    mkdir -m 755 "$work/rootfs"
    "rootfs_$recipe" "$work/rootfs" "$program"
    write_layout "$work/layout" "$work/rootfs" "$("config_$recipe" "$program")"
    archive_of "$work/layout" "$name" >"$work/${name//[\/:]/_}.tar"
    rm -rf "$work/rootfs" "$work/layout"
  done <"$work/list"
  # Dies with its shell, and with it all that it mounted.
  # shellcheck disable=SC2016
  unshare --mount --pid --fork --kill-child bash -c '
    cd "$1" && containerd --config config.toml >log 2>&1 &
    for try in {1..100}; do ctr --address "$1/sock" version >/dev/null 2>&1 && break; sleep 0.1; done
    for archive in "$1"/*.tar; do
      ctr --address "$1/sock" --namespace k8s.io images import --all-platforms --no-unpack --digests "$archive" || exit
    done
    ctr --address "$1/sock" --namespace k8s.io images ls -q' _ "$work" || { tail "$work/log"; return 1; }
  rm -rf "$work"
}
