#!/usr/bin/env bash
# keys.sh FOLDER: the keys and the certificate that the peer's own script makes, and by the same commands of openssl
#
# FOLDER/NAMESPACE/NAME is what takes the place of <NAME-placeholder> in the Secrets of that namespace.
set -euo pipefail
cd "$1"
mkdir rekor-system fulcio-system ctlog-system
password() { tr -d '\n' </proc/sys/kernel/random/uuid >"$1/password"; }

# Its script means the password to protect this key, too, but names no cipher.
password rekor-system
openssl genpkey -algorithm ed25519 -out rekor-system/private
openssl pkey -in rekor-system/private -pubout -out rekor-system/public

password fulcio-system
openssl ecparam -name prime256v1 -genkey |
  openssl pkcs8 -topk8 -passout file:fulcio-system/password -out fulcio-system/private
openssl req -x509 -new -sha256 -days 10 -subj /O=test/CN=fulcio.scaffolding.test \
  -key fulcio-system/private -passin file:fulcio-system/password -out fulcio-system/cert

openssl ecparam -name prime256v1 -genkey -noout -out ctlog-system/private
openssl ec -in ctlog-system/private -pubout -out ctlog-system/public
cp fulcio-system/cert ctlog-system/cert
