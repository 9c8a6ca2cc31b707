#!/bin/sh
# Install Debian packages that are missing, where that is allowed; else say what will be left out.
set -u
missing=""
for package in "$@"; do
    dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q "install ok installed" || missing="$missing $package"
done
[ -z "$missing" ] && exit 0
if command -v apt-get >/dev/null 2>&1; then
    run=""
    [ "$(id -u)" -eq 0 ] || run="sudo -n"
    if $run apt-get update -q >/dev/null 2>&1 &&
        DEBIAN_FRONTEND=noninteractive $run apt-get -o DPkg::Lock::Timeout=300 install -y -q \
            --no-install-recommends $missing >/dev/null 2>&1; then
        exit 0
    fi
fi
echo "not installed, and not allowed or able to install:$missing; what needs them says so and is left out" >&2
