# Installs what debian-packages.txt lists and is missing, when we are root on Debian. Elsewhere those tests are skipped.
[ "$(id -u)" = 0 ] && [ -e /etc/debian_version ] || exit 0
for package in $(cat "$(dirname "$0")/debian-packages.txt"); do
    dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing="$missing $package"
done
[ -z "$missing" ] && exit 0
echo "Installing$missing …"
export DEBIAN_FRONTEND=noninteractive
{ apt-get update -q && apt-get install -q -y --no-install-recommends $missing; } >/dev/null || echo "apt-get could not install$missing."
