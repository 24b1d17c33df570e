# Installs what a list of Debian packages names and is missing, when we are root on Debian. Elsewhere tests that want them
# are skipped; with a list of one's own, `sh tests/debian-packages.sh LIST`, it says what is missing and fails.
[ -e /etc/debian_version ] || exit 0
for package in $(cat "${1:-$(dirname "$0")/debian-packages.txt}"); do
    dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing="$missing $package"
done
[ -z "$missing" ] && exit 0
if [ "$(id -u)" != 0 ]; then
    [ -z "$1" ] && exit 0
    echo "Some packages are missing: apt-get install --no-install-recommends$missing"
    exit 1
fi
echo "Installing$missing …"
export DEBIAN_FRONTEND=noninteractive
{ apt-get update -q && apt-get install -q -y --no-install-recommends $missing; } >/dev/null && exit 0
echo "apt-get could not install$missing."
[ -z "$1" ]
