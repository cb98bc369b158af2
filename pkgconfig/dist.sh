#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
#	dist.sh FOLDER VERSION
#
# FOLDER/rheo-VERSION.tar.gz from the commit that is checked out: the same bytes
# whoever makes it, where and when. Names in git's order, times of the commit,
# modes 644 and 755, no name of a user, no time in gzip's head.
set -eu
cd "$(dirname "$0")/.."
name=rheo-$2
if [ "$(git rev-parse --show-toplevel 2> /dev/null)" != "$(pwd -P)" ]; then
	echo "dist: an archive is made from a git clone, and this is none" >&2
	exit 1
fi
mkdir -p "$1"
# What a user has configured for git must not show.
git -c core.autocrlf=false -c core.attributesFile=/dev/null -c tar.umask=0022 \
	archive --format=tar --prefix="$name/" HEAD > "$1/$name.tar.new"
gzip -9 -n -c "$1/$name.tar.new" > "$1/$name.tar.gz.new"
rm "$1/$name.tar.new"
mv "$1/$name.tar.gz.new" "$1/$name.tar.gz"
changed=$(git status --porcelain | wc -l)
[ "$changed" -eq 0 ] || echo "dist: $changed files of the work tree differ from the commit; the archive is the commit's"
echo "  $1/$name.tar.gz, $(git rev-parse --short HEAD), sha256 $(sha256sum "$1/$name.tar.gz" | cut -c1-16)..."
