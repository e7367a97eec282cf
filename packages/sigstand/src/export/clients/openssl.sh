# shellcheck shell=bash
# openssl: asks the timestamp authority for a timestamp of $FILE, and verifies it. Run with OpenSSL 3.0.
: "${SIGSTAND_TRUST:?source ./env first}" "${TSA_URL:?this stack has no timestamp authority}" "${FILE:?a file to stamp}"

openssl ts -query -data "$FILE" -sha256 -cert -out "$FILE.tsq"
curl -sSf --data-binary "@$FILE.tsq" -H 'Content-Type: application/timestamp-query' -o "$FILE.tsr" "$TSA_URL"

openssl ts -verify -data "$FILE" -in "$FILE.tsr" -CAfile "$SIGSTAND_TRUST/tsa.crt.pem"
