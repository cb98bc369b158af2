#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
#	dist.sh FOLDER VERSION
#
# The source archive: made twice, in another folder by another kind of user, it
# is the same bit for bit; it has what git has, and no more; unpacked, it builds,
# installs and passes its tests without git.
set -eu
cd "$(dirname "$0")/../.."
if [ "$(git rev-parse --show-toplevel 2> /dev/null)" != "$(pwd -P)" ]; then
	echo "dist: SKIPPED, this is no git clone"
	exit 0
fi
rm -rf "$1"
mkdir -p "$1"
root=$(cd "$1" && pwd)
name=rheo-$2
fail() { echo "dist: $*" >&2; exit 1; }

# Once here; once in a clone, by a user who has set everything otherwise.
(umask 022 && TZ=UTC LC_ALL=C sh pkgconfig/dist.sh "$root/one" "$2")
mkdir -m 700 "$root/home"
printf '[tar]\n\tumask = 0077\n[core]\n\tautocrlf = true\n[tar "tar.gz"]\n\tcommand = cat\n' > "$root/home/.gitconfig"
git clone -q --no-hardlinks . "$root/home/clone"
mkdir -p "$root/home/clone/pkgconfig" # the script that is tested may be newer than the commit
cp pkgconfig/dist.sh "$root/home/clone/pkgconfig/"
(umask 077 && TZ=EAST-14 LC_ALL=C.UTF-8 HOME=$root/home GZIP=-1 sh "$root/home/clone/pkgconfig/dist.sh" "$root/two" "$2" > /dev/null 2>&1) ||
	fail "it cannot be made in a clone"
cmp "$root/one/$name.tar.gz" "$root/two/$name.tar.gz" || fail "made twice, the archives differ"

git ls-tree -r --name-only HEAD | sed "s|^|$name/|" | LC_ALL=C sort > "$root/in-git"
tar -tzf "$root/one/$name.tar.gz" | grep -v '/$' | LC_ALL=C sort > "$root/in-archive"
cmp "$root/in-git" "$root/in-archive" || fail "the archive has not what git has"
tar --numeric-owner -tvzf "$root/one/$name.tar.gz" | awk '$1 !~ /^(-rw-r--r--|-rwxr-xr-x|drwxr-xr-x)$/ || $2 != "0/0"' > "$root/odd"
[ ! -s "$root/odd" ] || { cat "$root/odd" >&2; fail "modes or owners are not plain"; }

# Unpacked: whoever asks for git is found out. The clone above it must not be found either.
tar -xzf "$root/one/$name.tar.gz" -C "$root"
mkdir "$root/bin"
printf '#!/bin/sh\necho "$*" >> "%s/git-asked"\nexit 127\n' "$root" > "$root/bin/git"
chmod +x "$root/bin/git"
cd "$root/$name"
(
	PATH=$root/bin:$PATH
	export PATH
	unset MAKEFLAGS MFLAGS MAKELEVEL B
	${MAKE:-make} -s all install uninstall PREFIX="$root/prefix" &&
		${MAKE:-make} -s test-symbols test-layers &&
		if printf '#include <criterion/criterion.h>\n' | ${CC:-cc} -E - > /dev/null 2>&1; then
			${MAKE:-make} -s test-unit
		else
			echo "dist: SKIPPED the unit tests: Criterion is not installed"
		fi
) > "$root/log" 2>&1 || { tail -n 20 "$root/log" >&2; fail "unpacked, it does not pass"; }
grep 'SKIPPED' "$root/log" || true
[ ! -e "$root/git-asked" ] || fail "git was asked for: $(cat "$root/git-asked")"
passed=$(grep -E '^(unit|symbols):' "$root/log" | tail -n 1)
echo "dist: $(wc -l < "$root/in-archive") files, $(wc -c < "$root/one/$name.tar.gz") bytes, the same twice; unpacked: $passed"
