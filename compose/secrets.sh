#!/bin/sh
# Writes compose/.env, for your eyes alone: example.env with a new secret wherever one is wanted: sh compose/secrets.sh
set -euC
umask 077
here=$(dirname "$0")

while IFS= read -r line; do
    case $line in
    SECRET_KEY= | METRICS_TOKEN= | *_PASSWORD=) printf '%s%s\n' "$line" "$(od -An -N32 -tx1 /dev/urandom | tr -d ' \n')" ;;
    *) printf '%s\n' "$line" ;;
    esac
done <"$here/example.env" >"${1:-$here/.env}"
