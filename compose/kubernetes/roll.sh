#!/bin/sh
# Roll the release that release/kustomization.yaml names: sh compose/kubernetes/roll.sh
#
# Each step waits for the one before it, and whatever fails ends it there, with the release before still serving.
set -eu

cd "$(dirname "$0")"
workers="interactive bulk render relay beat"

of_the_shop() {
    kubectl --namespace bakery "$@"
}

job() {
    kubectl apply -k "$1"
    of_the_shop wait --for=condition=complete --timeout=30m "job/release-$1"
}

rolled() {
    for name in "$@"; do
        of_the_shop rollout status "deployment/$name"
    done
}

of_the_shop delete job release-before release-after --ignore-not-found
job before
kubectl apply -k production --selector "app notin ($(echo $workers | sed 's/ /, /g'))"
rolled web proxy
job after
# Workers come last: those of the release before keep its pages fresh for as long as these are served.
kubectl apply -k production
# shellcheck disable=SC2086
rolled $workers
of_the_shop exec deployment/web -- sh -c 'python manage.py fleet --expect "$(cat RELEASE)" --within 60'
# Nobody needs the triggers any more that only the release before has declared.
of_the_shop exec deployment/web -- python manage.py migrate --no-input
