#!/bin/sh
# Install Debian packages that are missing, where that is allowed; else say what will be left out.
set -u
missing=""
for package in "$@"; do
    dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q "install ok installed" || missing="$missing $package"
done
[ -z "$missing" ] && exit 0
run=""
[ "$(id -u)" -eq 0 ] || run="sudo -n"
install() {
    DEBIAN_FRONTEND=noninteractive $run apt-get -o DPkg::Lock::Timeout=300 install -y -q --no-install-recommends "$@" \
        >/dev/null 2>&1
}
left="$missing"
if command -v apt-get >/dev/null 2>&1 && $run apt-get update -q >/dev/null 2>&1; then
    install $missing && exit 0
    left=""  # one that this system does not have keeps none of the others out
    for package in $missing; do
        install "$package" || left="$left $package"
    done
    [ -z "$left" ] && exit 0
fi
echo "not installed, and not allowed or able to install:$left; what needs them says so and is left out" >&2
