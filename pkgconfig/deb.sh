#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
#	deb.sh FOLDER VERSION
#
# Debian's packages of this tree, built and looked at by lintian, in FOLDER.
set -eu
cd "$(dirname "$0")/.."
for tool in dpkg-buildpackage dh lintian; do
	command -v $tool > /dev/null || { echo "deb: SKIPPED, $tool is not installed"; exit 0; }
done
changelog=$(dpkg-parsechangelog -l pkgconfig/debian/changelog -S Version)
if [ "$changelog" != "$2" ]; then
	echo "deb: pkgconfig/debian/changelog has version $changelog, include/rheo/version.h has $2" >&2
	exit 1
fi
rm -rf "$1"
mkdir -p "$1/rheo-$2"
cp -R Makefile include lib examples bench tests pkgconfig LICENSE README.md CHANGELOG.md SECURITY.md "$1/rheo-$2/"
cp -R pkgconfig/debian "$1/rheo-$2/debian"
log=$1/build.log
if ! (cd "$1/rheo-$2" && unset MAKEFLAGS MFLAGS MAKELEVEL B CC CFLAGS LDFLAGS PREFIX && dpkg-buildpackage -us -uc -b) > "$log" 2>&1; then
	tail -n 40 "$log" >&2
	echo "deb: dpkg-buildpackage failed, $log" >&2
	exit 1
fi
lintian --fail-on error,warning "$1"/*.changes > "$1/lintian.log" 2>&1 || {
	cat "$1/lintian.log" >&2
	echo "deb: lintian has something to say" >&2
	exit 1
}
ls "$1"/*.deb | grep -v dbgsym | sed 's/^/  /'
