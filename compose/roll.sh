#!/bin/sh
# Roll a release over the shop that runs in containers, clone by clone: sh compose/roll.sh r2
#
# The proxy is told of each clone's end before it begins, so that nothing is sent to who is about to go. Whatever fails
# ends it there: clones that are left, workers and pages are of the release before. To go back, roll that one again.
set -eu

RELEASE=${1:?sh compose/roll.sh RELEASE}
export RELEASE
here=$(dirname "$0")
clones="web1 web2 web3"
trusted=$(sed -n 's/^TRUSTED=//p' "$here/.env")

compose() {
    docker compose -f "$here/docker-compose.yml" "$@"
}

# The proxy asks these clones from now on; what has begun is answered.
ask() {
    compose run --rm --no-deps proxy-conf python manage.py proxy_conf --to /etc/proxy --listen 0.0.0.0:8080 \
        --trust "$trusted" "$@"
    compose kill --signal SIGHUP proxy
}

# All but one, each with its port.
others() {
    for each in $clones; do
        [ "$each" = "$1" ] || echo "$each:8000"
    done
}

refuse() {
    echo "$1" >&2
    exit 1
}

build() {
    changes=$(git -C "$here" status --porcelain) || exit 1
    [ -z "$changes" ] || refuse "Some changes are not committed: a release would be of code that nobody finds again."
    compose build prepare render
}

exec 9<"$0"  # held by what this starts, too
flock --nonblock 9 || refuse "Another roll is at work here: try again when it is done."

# One that was built before is taken as it is: today's code under its name would be another release.
docker image inspect "bakery:$RELEASE" "bakery-render:$RELEASE" >/dev/null 2>&1 || build
compose run --rm prepare
for name in $clones; do
    # shellcheck disable=SC2046
    ask $(others "$name")
    compose up --detach --no-deps --wait "$name"
done
# shellcheck disable=SC2046
ask $(others nobody)
# The pages that are served are kept fresh by workers of their own release: these stay until others are served.
compose run --rm --no-deps publish
for name in interactive bulk render relay beat; do
    compose up --detach --no-deps --wait "$name"
done
compose run --rm --no-deps publish python manage.py fleet --expect "$RELEASE" --within 60
sed -i "s/^RELEASE=.*/RELEASE=$RELEASE/" "$here/.env"
# Nobody needs the triggers any more that the release before has declared.
compose run --rm --no-deps publish python manage.py migrate --no-input
echo "Release $RELEASE is everywhere."
