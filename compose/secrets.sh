#!/bin/sh
# Prints example.env with a new secret wherever one is wanted: sh compose/secrets.sh > compose/.env
set -eu
umask 077

while IFS= read -r line; do
    case $line in
    SECRET_KEY= | METRICS_TOKEN= | *_PASSWORD=) printf '%s%s\n' "$line" "$(od -An -N32 -tx1 /dev/urandom | tr -d ' \n')" ;;
    *) printf '%s\n' "$line" ;;
    esac
done <"$(dirname "$0")/example.env"
