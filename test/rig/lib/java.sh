# shellcheck shell=bash
# sigstore-java and all that it needs, by the hashes of its maven.sha256; in the cache beside the Go programs.

SIGSTORE_JAVA=sigstore-java

build_java() {
  local to
  need_java
  to=$(java_bin)
  [ ! -d "$to" ] || { note "$(java_title):" cached; return; }
  PINS=test/rig/$SIGSTORE_JAVA/maven.sha256 STEP_LOG=$CACHE/log/$SIGSTORE_JAVA.log \
    step "fetching $(java_title)" fetch_java "$to"
}

# Into a folder beside, then renamed.
fetch_java() {
  local to=$1 fresh=$CACHE/bin/.fresh-$SIGSTORE_JAVA
  rm -rf "$fresh"
  maven_fetch "$HERE/$SIGSTORE_JAVA/maven.sha256" "$fresh/$SIGSTORE_JAVA"
  mv "$fresh" "$to"
}

java_bin() {
  local hash
  hash=$(sha256sum <"$HERE/$SIGSTORE_JAVA/maven.sha256")
  echo "$CACHE/bin/$SIGSTORE_JAVA-${hash:0:16}"
}

java_title() { echo "$SIGSTORE_JAVA $(sed -n "s/.* dev.sigstore:$SIGSTORE_JAVA://p" "$HERE/$SIGSTORE_JAVA/maven.sha256")"; }
