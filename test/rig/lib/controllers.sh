# shellcheck shell=bash
# What `up --with` installs. Admission controllers: their modules' own manifests, with the changes that are named here.
# Traefik: its module's definitions and those of the Gateway API, and a Deployment of ours.

controller_image() {
  case $1 in
    policy-controller) echo "ghcr.io/sigstore/policy-controller/policy-controller:v$(module_version "$1")" ;;
    kyverno) echo "reg.kyverno.io/kyverno/kyverno:v$(module_version "$1")" ;;
    traefik) echo "docker.io/library/traefik:v$(module_version "$1")" ;;
  esac
}

controller_program() { if [ "$1" = policy-controller ]; then echo webhook; else echo "$1"; fi; }

controller_namespace() { if [ "$1" = policy-controller ]; then echo cosign-system; else echo "$1"; fi; }

# A comma-separated list, a name on each line.
controllers_of() {
  local name
  for name in ${1//,/ }; do
    [[ " ${CONTROLLERS[*]} ${INGRESSES[*]} " == *" $name "* ]] ||
      die "no controller '$name'; there are: ${CONTROLLERS[*]} ${INGRESSES[*]}"
    echo "$name"
  done
}

build_controller_image() {
  STEP_LOG=$CACHE/log/images.log build_image "$(controller_image "$1")" go "$(controller_program "$1")"
}

install_controller() {
  local name=$1 image
  image=$(controller_image "$name")
  push_layout "$(image_layout go "$(controller_program "$name")")" "$image"
  node_pull "$image"
  # By the server: Kyverno's definitions are larger than what the annotation of a client's apply may hold.
  "manifests_of_$name" "$(module_bin "$name")/config" "$image" |
    admin apply --server-side --force-conflicts -f -
  admin wait --for=condition=Available deployments --all -n "$(controller_namespace "$name")" --timeout=180s
}

# Trust comes from TrustRoots: without the flag it asks the public Sigstore, and ends where that is out of reach. And a
# Pod that ends does nothing for 45 s, with a third of a processor.
manifests_of_policy-controller() {
  local file
  for file in "$1"/[1-5]*.yaml "$1"/config-*.yaml "$1"/webhook.yaml; do
    echo ---
    cat "$file"
  done | sed -e "s#image: ko://.*#image: $2#" -e 's/args: \[$/args: [ "--disable-tuf",/' \
    -e 's/initialDelaySeconds: 20/initialDelaySeconds: 1/' -e 's/GracePeriodSeconds: 300/GracePeriodSeconds: 3/'
}

# The one of its four controllers that admits. The registry has no certificate; what was verified is asked again, so that
# tests see what is so now; and nothing looks for a cloud's credentials, which the rig's network has no way to.
manifests_of_kyverno() {
  mawk -v RS='---\n' -v ORS='---\n' '
    !/\n  name: kyverno[:-](background|cleanup|reports)-controller/ { print }' "$1/install-latest-testing.yaml" |
    sed -e '/^      initContainers:$/,/^      containers:$/{/^      containers:$/!d}' \
      -e "s#image: \"reg.kyverno.io/kyverno/kyverno:latest\"#image: $2#" \
      -e 's/--allowInsecureRegistry=false/--allowInsecureRegistry=true/' \
      -e 's/^\( *\)- --registryCredentialHelpers=.*/\1- --registryCredentialHelpers=\n\1- --imageVerifyCacheEnabled=false/' \
      -e 's/--admissionReports=true/--admissionReports=false/' \
      -e 's/--enableReporting=.*/--enableReporting=/'
}

# Its class is of a kind that the API server must know first.
manifests_of_traefik() {
  local definitions=(-f "$(rig_bin gateway-api)" -f "$(module_bin traefik)/definitions")
  admin apply --server-side --force-conflicts "${definitions[@]}" >&2
  admin wait --for=condition=Established --timeout=60s "${definitions[@]}" >&2
  fill <"$HERE/config/traefik.yaml" | sed "s#image: docker.io/library/traefik\$#image: $2#"
}
