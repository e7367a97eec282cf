# shellcheck shell=bash
# sigstore-python, by the hashes of its requirements.txt; in the cache beside the Go programs.

PYTHON=sigstore-python

build_python() {
  local to
  python3 -m pip --version >/dev/null 2>&1 || PINS=test/rig/lib/python.sh STEP_LOG=$CACHE/log/packages.log \
    step 'installing python3, pip' install_packages python3 python3-pip
  to=$(python_bin)
  [ ! -d "$to" ] || { note "$(python_title):" cached; return; }
  python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))' ||
    die "test/rig/$PYTHON/requirements.txt is for Python 3.11 and newer, and python3 here is $(python3 --version)"
  PINS=test/rig/$PYTHON/requirements.txt STEP_LOG=$CACHE/log/$PYTHON.log step "installing $(python_title)" install_python "$to"
}

# Into a folder beside, then renamed; so not a venv, which has to stay where it was made.
install_python() {
  local to=$1 fresh=$CACHE/bin/.fresh-$PYTHON
  rm -rf "$fresh"
  mkdir -p "$fresh"
  python3 -m pip install --disable-pip-version-check --require-hashes --no-deps --only-binary :all: \
    --target "$fresh/lib" --requirement "$HERE/$PYTHON/requirements.txt"
  cat >"$fresh/sigstore" <<SCRIPT
#!/bin/sh
PYTHONPATH=\$(dirname "\$(readlink -f "\$0")")/lib PYTHONDONTWRITEBYTECODE=1 exec $(python_path) -m sigstore "\$@"
SCRIPT
  chmod +x "$fresh/sigstore"
  ln -s sigstore "$fresh/$PYTHON"
  # Nothing was resolved: only a run tells whether the pins are all that it needs.
  "$fresh/sigstore" --version
  mv "$fresh" "$to"
}

# What it holds is for one Python alone.
python_bin() {
  local hash
  hash=$({ python_path || true; cat "$HERE/$PYTHON/requirements.txt"; } 2>/dev/null | sha256sum)
  echo "$CACHE/bin/$PYTHON-${hash:0:16}"
}

python_path() { python3 -c 'import sys; print(sys.executable, end="")'; }

python_title() { echo "$PYTHON $(sed -n 's/^sigstore==\([^ ]*\).*/\1/p' "$HERE/$PYTHON/requirements.txt")"; }
