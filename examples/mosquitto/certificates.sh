#!/usr/bin/env bash
# An authority of our own, the broker's certificate, and one for each client: ./certificates.sh BROKER CLIENT..
# BROKER is the name or IP address by which clients call the broker. What is there already stays.
set -euo pipefail
[ $# -ge 1 ] || { echo "usage: ./certificates.sh BROKER CLIENT.." >&2; exit 2; }
mkdir -p certificates
cd certificates
umask 077
key="-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes"

if [ ! -e ca.crt ]; then
    openssl req -x509 $key -keyout ca.key -out ca.crt -days 3650 -subj "/CN=ergoscope authority" \
        -addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,keyCertSign,cRLSign
fi

# sign NAME USAGE SUBJECT_ALTERNATIVE_NAME
sign() {
    [ ! -e "$1.crt" ] || return 0
    openssl req -new $key -keyout "$1.key" -out "$1.csr" -subj "/CN=$1"
    printf '%s\n' basicConstraints=critical,CA:FALSE keyUsage=critical,digitalSignature "extendedKeyUsage=$2" \
        subjectKeyIdentifier=hash authorityKeyIdentifier=keyid "subjectAltName=$3" >"$1.ext"
    openssl x509 -req -in "$1.csr" -CA ca.crt -CAkey ca.key -CAcreateserial -out "$1.crt" -days 825 -extfile "$1.ext"
    rm "$1.csr" "$1.ext"
}

if [[ $1 =~ ^[0-9.]+$ || $1 == *:* ]]; then sign broker serverAuth "IP:$1"; else sign broker serverAuth "DNS:$1"; fi
for client in "${@:2}"; do sign "$client" clientAuth "DNS:$client"; done
