# shellcheck shell=bash
# The export's program for Rust, compiled with the crates of its Cargo.lock; in the cache beside the Go programs.

RUST=sigstore-rust
RUST_PROGRAM=$ROOT/packages/sigstand/src/export/clients/$RUST.rs

build_rust() {
  local to
  to=$(rust_bin)
  [ ! -d "$to" ] || { note "$(rust_title):" cached; return; }
  # Debian 12's cargo is too old; cargo-web is the newer one, by which Debian builds browsers.
  command -v cargo >/dev/null || PINS=test/rig/lib/rust.sh STEP_LOG=$CACHE/log/packages.log \
    step 'installing cargo, rustc' install_packages cargo-web
  check_cargo
  PINS=test/rig/$RUST/Cargo.lock STEP_LOG=$CACHE/log/$RUST.log step "building $(rust_title)" compile_rust "$to"
}

check_cargo() {
  local wanted found
  wanted=$(sed -n 's/^rust-version = "\(.*\)"$/\1/p' "$HERE/$RUST/Cargo.toml")
  found=$(version_of cargo) || die "cargo does not tell its version"
  printf '%s\n%s\n' "$wanted" "$found" | sort -VC ||
    die "cargo here is $found, and the crates of test/rig/$RUST/Cargo.lock need $wanted or newer; Debian's is cargo-web, of bookworm-security"
}

# Into a folder beside, then renamed. What cargo made on the way is a hundred times the program.
compile_rust() {
  local to=$1 fresh=$CACHE/bin/.fresh-$RUST
  rm -rf "$fresh"
  mkdir -p "$fresh"
  cd "$HERE/$RUST"
  cargo build --locked --target-dir "$fresh/target"
  mv "$fresh/target/debug/$RUST" "$fresh/"
  rm -rf "$fresh/target"
  mv "$fresh" "$to"
}

rust_bin() {
  local hash
  hash=$(cat "$HERE/$RUST"/Cargo.{toml,lock} "$RUST_PROGRAM" | sha256sum)
  echo "$CACHE/bin/$RUST-${hash:0:16}"
}

rust_title() { echo "$RUST $(sed -n 's/^sigstore-verify = "\(.*\)"$/\1/p' "$HERE/$RUST/Cargo.toml")"; }
