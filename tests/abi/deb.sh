#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
#	deb.sh FOLDER VERSION
#
# The packages in FOLDER, installed by dpkg as a user would: a program built with
# pkg-config and with CMake, rheo-inspect, the manual; then purged, and nothing
# is left. Needs root; where the kernel lets it, all of that happens on top of
# /usr, /etc and /var as only this test sees them, else on the machine itself.
set -eu
cd "$(dirname "$0")/../.."
inside=${3:-}
if ! command -v dpkg > /dev/null; then
	echo "deb: SKIPPED, there is no dpkg"
	exit 0
elif ! ls "$1"/librheo0_"$2"_*.deb > /dev/null 2>&1; then
	echo "deb: SKIPPED, there is no package in $1"
	exit 0
elif [ "$(id -u)" -ne 0 ]; then
	echo "deb: SKIPPED installing the packages, which needs root"
	exit 0
fi
packages="librheo0 librheo-dev rheo-tools"
installed() { dpkg-query -W -f '${db:Status-Abbrev} ${Package}\n' $packages 2> /dev/null | grep '^i' || true; }

# In a mount namespace of its own: what is written to these folders goes to memory.
if [ -z "$inside" ]; then
	rm -rf "$1/apart"
	mkdir -p "$1/apart"
	apart='set -e; script=$1; folder=$2; mount -t tmpfs none "$folder/apart"
		for d in usr etc var; do
			mkdir "$folder/apart/$d" "$folder/apart/$d.work"
			mount -t overlay none -o "lowerdir=/$d,upperdir=$folder/apart/$d,workdir=$folder/apart/$d.work" "/$d"
		done'
	if unshare -m sh -c "$apart" sh "$0" "$1" > /dev/null 2>&1; then
		exec unshare -m sh -c "$apart; exec sh tests/abi/deb.sh \"\$2\" $2 inside" sh "$0" "$1"
	fi
	where="on the machine itself"
	[ -z "$(installed)" ] || { echo "deb: SKIPPED, rheo is installed here, and not to be touched: $(installed)"; exit 0; }
else
	where="apart from the machine"
	[ -z "$(installed)" ] || dpkg --purge --force-depends $packages > /dev/null 2>&1
fi

root=$(cd "$1" && pwd)
version=$2
log=$root/install.log
work=$root/user
rm -rf "$work"
mkdir -p "$work"
fail() { echo "deb: $*" >&2; tail -n 20 "$log" >&2; exit 1; }
trap 'dpkg --purge $packages > /dev/null 2>&1' EXIT
cmake() { env -u MAKE -u MAKEFLAGS -u MFLAGS cmake "$@"; }
ours() { find /usr /etc /var/lib/dpkg -name '*rheo*' | sort; }
machine=$(dpkg-architecture -qDEB_HOST_MULTIARCH 2> /dev/null || ${CC:-cc} -print-multiarch)
unset PKG_CONFIG_PATH LD_LIBRARY_PATH CMAKE_PREFIX_PATH

ours > "$work/before"
set --
for package in $packages; do set -- "$@" "$root/${package}_${version}_$(dpkg --print-architecture).deb"; done
dpkg -i "$@" > "$log" 2>&1 || fail "dpkg -i failed"
[ "$(installed | wc -l)" -eq 3 ] || fail "not all is installed: $(installed)"

cp tests/abi/user.c tests/abi/cmake/CMakeLists.txt "$work/"
cp tests/abi/user.c "$work/user.cc"
cd "$work"
tried=0
ran() { # program
	out=$("./$1") || fail "$1: $out"
	case $out in *"rheo $version "*) ;; *) fail "$1 says: $out" ;; esac
	tried=$((tried + 1))
}
[ "$(pkg-config --variable=libdir rheo)" = "/usr/lib/$machine" ] || fail "pkg-config finds rheo in $(pkg-config --variable=libdir rheo)"
${CC:-cc} -std=c11 -Wall -Werror user.c $(pkg-config --cflags --libs rheo) -o shared >> "$log" 2>&1 || fail "with pkg-config, shared"
ran shared
ldd shared | grep -q "librheo.so.[0-9]* => /\(usr/\)\?lib/$machine/" || fail "ldd: $(ldd shared)"
${CC:-cc} -std=c11 -static user.c $(pkg-config --cflags --libs --static rheo) -o static >> "$log" 2>&1 || fail "with pkg-config, static"
ran static
if command -v cmake > /dev/null; then
	cmake -S . -B cmake -DWANTED="$version" >> "$log" 2>&1 && cmake --build cmake >> "$log" 2>&1 || fail "with CMake"
	for program in shared archive; do ran cmake/$program; done
else
	echo "deb: SKIPPED CMake, which is not installed"
fi
if command -v dpkg-shlibdeps > /dev/null; then
	mkdir debian
	printf 'Source: user\n\nPackage: user\nArchitecture: any\n' > debian/control
	dpkg-shlibdeps -O shared 2>> "$log" | grep -q 'librheo0 (>= ' || fail "a package that uses the library would not depend on librheo0"
fi
out=$(rheo-inspect --version) || fail "rheo-inspect --version"
case $out in *"$version"*) ;; *) fail "rheo-inspect --version says: $out" ;; esac
if ! [ -e /usr/share/man/man3/rheo_bucket.3.gz ]; then
	echo "deb: SKIPPED the manual: dpkg is told here not to install any"
elif command -v man > /dev/null; then
	man 3 rheo_bucket_try_acquire 2> /dev/null | grep -q 'rheo_bucket_try_acquire(rheo_bucket_t' || fail "man 3 rheo_bucket_try_acquire"
	man 1 rheo-inspect 2> /dev/null | grep -q 'rheo-inspect' || fail "man 1 rheo-inspect"
fi
said=$(dpkg --verify $packages | grep -v ' /usr/share/' || true) # where dpkg may be told to leave things out
[ -z "$said" ] || fail "dpkg --verify: $said"
ours > during
files=$(comm -13 before during | wc -l)
[ "$files" -gt 20 ] || fail "only $files files of ours were found"

dpkg --purge $packages >> "$log" 2>&1 || fail "dpkg --purge failed"
trap - EXIT
ours > after
cmp before after || fail "purged, and left: $(comm -13 before after | tr '\n' ' ')"
[ -z "$(installed)" ] || fail "still installed: $(installed)"
echo "deb: 3 packages installed $where: $tried programs built and run, $out; purged, nothing left of $files files"
