#!/bin/sh
# Installs Debian packages that are missing, or names them where it cannot.
#
# usage: debian_packages.sh PACKAGE=PROBE ...
#
# A PROBE is a shared library (libEGL.so.1) or a path (/usr/bin/Xvfb) that the package brings.
# Probing, instead of asking dpkg, knows libraries that came from elsewhere or under another name.
set -u

missing=""
for pair in "$@"; do
    package=${pair%%=*}
    probe=${pair#*=}
    case $probe in
        /*) test -e "$probe" ;;
        *) PATH="$PATH:/sbin:/usr/sbin" ldconfig -p 2>/dev/null | grep -qF "$probe" ;;
    esac || missing="$missing $package"
done
test -z "$missing" && exit 0

if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    echo "Installing Debian packages:$missing"
    export DEBIAN_FRONTEND=noninteractive
    # shellcheck disable=SC2086  # one word for each package
    { apt-get update -qq && apt-get install -qq -y --no-install-recommends $missing; } \
        </dev/null >/dev/null && exit 0
fi
# Not fatal: all but drawing works without them, and "pbrl doctor" says what does not.
echo "Missing system packages; as root: apt-get install$missing" >&2
