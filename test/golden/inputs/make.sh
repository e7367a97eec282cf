#!/usr/bin/env bash
# make.sh FOLDER: the public inputs of createtuf, made by openssl. The keys are thrown away, so the
# files here cannot be made again: new ones are new inputs, and the golden repository changes with them.
set -euo pipefail
out=$(mkdir -p "$1" && cd "$1" && pwd)
keys=$(mktemp -d)
trap 'rm -rf "$keys"' EXIT
days=39000

key() { openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$keys/$1.key"; }

root() { # NAME SUBJECT
  key "$1"
  openssl req -x509 -new -key "$keys/$1.key" -sha256 -days "$days" -subj "$2" -out "$keys/$1.crt" \
    -addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,keyCertSign,cRLSign
}

issue() { # NAME SUBJECT ISSUER EXTENSIONS
  key "$1"
  openssl req -new -key "$keys/$1.key" -subj "$2" -out "$keys/$1.csr"
  openssl x509 -req -in "$keys/$1.csr" -CA "$keys/$3.crt" -CAkey "$keys/$3.key" -sha256 -days "$days" \
    -CAcreateserial -out "$keys/$1.crt" 2>/dev/null -extfile <(printf '%s\n' \
    'authorityKeyIdentifier=keyid' 'subjectKeyIdentifier=hash' "${@:4}")
}

public() { openssl pkey -in "$keys/$1.key" -pubout; }

root fulcio /O=Example/CN=Fulcio
root tsa-root '/O=Example/CN=TSA root'
issue tsa-intermediate '/O=Example/CN=TSA intermediate' tsa-root \
  basicConstraints=critical,CA:TRUE,pathlen:0 keyUsage=critical,keyCertSign,cRLSign extendedKeyUsage=timeStamping
issue tsa-leaf /O=Example/CN=TSA tsa-intermediate \
  basicConstraints=critical,CA:FALSE keyUsage=critical,digitalSignature extendedKeyUsage=critical,timeStamping
key ctlog
key rekor

cp "$keys/fulcio.crt" "$out/fulcio.crt.pem"
public fulcio > "$out/fulcio.pub"
public ctlog > "$out/ctlog.pub"
public rekor > "$out/rekor.pub"
cat "$keys/tsa-leaf.crt" "$keys/tsa-intermediate.crt" "$keys/tsa-root.crt" > "$out/tsa.crt.pem"
