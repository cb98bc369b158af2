#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
#	run.sh test|package|bench
#
# All that is made is in $B/ffi/java. test needs no network; package and bench fetch
# from Maven's registry into $B/ffi/java/m2, once.
set -eu
cd "$(dirname "$0")/../../.."
B=${B:-$PWD/build}
CC=${CC:-cc}
MAKE=${MAKE:-make}
here=$PWD/examples/ffi/java
out=$B/ffi/java
verb=${1:-test}
unset CLASSPATH LD_LIBRARY_PATH || :
# javac may be a link, or a link to a link, into a JDK, which has the headers.
javac=$(readlink -f "$(command -v javac)")
JAVA_HOME=$(dirname "$(dirname "$javac")")
export JAVA_HOME
java=$JAVA_HOME/bin/java
mkdir -p "$out"

# generate FOLDER: the Java files and native.c that are made from the headers.
generate() {
	rm -rf "$1"
	mkdir -p "$1"
	CC="$CC" /usr/bin/python3 examples/ffi/generate/generate.py java > "$1/all"
	awk -v folder="$1/" '/^==== / { file = folder $2; next } { print > file }' "$1/all"
	rm "$1/all"
}

# native FILE FOLDER-OF-native.c FLAGS...: the library that Java loads.
native() {
	made=$1
	generated=$2
	shift 2
	mkdir -p "$(dirname "$made")"
	$CC -std=c11 -O2 -Wall -Wextra -Werror -fPIC -shared -I"$generated" \
		-I"$JAVA_HOME/include" -I"$JAVA_HOME/include/$(uname -s | tr '[:upper:]' '[:lower:]')" \
		-Wl,--version-script="$here/rheo_jni.map" -o "$made" "$here/rheo_jni.c" "$@"
}
whole() { native "$1" "$2" -DRHEO_JNI_WHOLE -DRHEO_NO_CK -I"$B/amalgamation" -s; }

quietly() { # what the command said, if it failed
	"$@" > "$out/log" 2>&1 || { cat "$out/log" >&2; return 1; }
}

compile() { # FOLDER OPTION... FILE...
	rm -rf "$1"
	mkdir -p "$1"
	folder=$1
	shift
	"$javac" --release 17 -Xlint:all -Werror -d "$folder" "$@"
}

case $verb in
test)
	[ -e "$B/ffi/layout.tsv" ] || "$MAKE" -s --no-print-directory B="$B" ffi-prepare
	generate "$out/generated"
	set -- -Iinclude -L"$B" -lrheo -Wl,-rpath,"$B"
	native "$out/lib/librheo_jni.so" "$out/generated" "$@"
	native "$out/pause/librheo_jni.so" "$out/generated" -include "$here/test/pause.h" "$@"
	compile "$out/classes" -Xdoclint:all,-missing "$out"/generated/*.java "$here"/src/rheo/*.java "$here/src/module-info.java"
	awk 'BEGIN { print "import rheo.*;\npublic final class Readme {\n  static String fetch() { return \"fetched\"; }" }
		/^```/ { inside = $0 == "```java"; next } inside { print }
		END { print "}" }' "$here/README.md" > "$out/Readme.java"
	# A permit that is closed unused is what one test is about.
	compile "$out/tests" -Xlint:-try -cp "$out/classes" "$here"/test/rheo/*.java "$here/consumer/src/main/java/Smoke.java" \
		"$here/Example.java" "$out/Readme.java"

	run() { "$java" -Xmx256m -Djava.library.path="$out/lib" -cp "$out/classes:$out/tests" "$@"; }
	run Smoke
	run Example > "$out/example"
	head -n 5 "$out/example" | grep -c fetched | grep -qx 5
	grep '429, retry' "$out/example"
	[ "$(run Readme)" = fetched ]
	MALLOC_PERTURB_=85 GLIBC_TUNABLES=glibc.malloc.tcache_count=0 "$java" -Xmx64m -XX:+UseSerialGC \
		-XX:-TieredCompilation -XX:CompileThreshold=1000 -Xbatch \
		-Djava.library.path="$out/pause" -cp "$out/classes:$out/tests" rheo.PauseTest
	quietly run -Xcheck:jni rheo.Tests examples/ffi/cases.tsv "$B/ffi/layout.tsv" \
		CasesTest BucketTest BreakerTest GuardTest PermitTest ErrorsTest
	if grep -E 'WARNING( in native|: JNI)|FATAL' "$out/log"; then exit 1; fi
	run rheo.Tests examples/ffi/cases.tsv "$B/ffi/layout.tsv"
	;;
package)
	"$MAKE" -s --no-print-directory B="$B" amalgamation
	package=$out/package
	source=$package/source
	meta=$source/src/main/resources/META-INF
	rm -rf "$package"
	generate "$package/generated"
	version=$(sed -n 's/.*String VERSION = "\(.*\)";/\1/p' "$package/generated/Rheo.java")
	mkdir -p "$source/src/main/java/rheo" "$meta/native/src" "$package/tmp"
	sed "s/@VERSION@/$version/" "$here/pom.xml.in" > "$source/pom.xml"
	cp LICENSE "$meta"
	cp "$here/src/module-info.java" "$source/src/main/java"
	cp "$here"/src/rheo/*.java "$package"/generated/*.java "$source/src/main/java/rheo"
	cp "$here/rheo_jni.c" "$here/rheo_jni.map" "$package/generated/native.c" \
		"$B/amalgamation/rheo.c" "$B/amalgamation/rheo.h" "$meta/native/src"
	whole "$meta/native/$(uname -s | tr '[:upper:]' '[:lower:]')-$(uname -m)/librheo_jni.so" "$package/generated"

	# An empty repository, but for Maven's own plugins if these were fetched before.
	offline=
	if cat "$here/pom.xml.in" "$here/consumer/pom.xml.in" | cmp -s - "$out/m2.poms"; then
		offline=-o
		cp -al "$out/m2" "$package/m2"
	fi
	maven() { quietly mvn -B -q $offline -Dmaven.repo.local="$package/m2" "$@"; }
	maven -f "$source/pom.xml" -Dmaven.test.skip=true install
	mkdir -p "$package/consumer"
	cp -r "$here/consumer/src" "$package/consumer"
	sed "s/@VERSION@/$version/" "$here/consumer/pom.xml.in" > "$package/consumer/pom.xml"
	maven -f "$package/consumer/pom.xml" compile
	if [ ! "$offline" ]; then
		rm -rf "$out/m2"
		cp -al "$package/m2" "$out/m2"
		rm -r "$out/m2/rheo"
		cat "$here/pom.xml.in" "$here/consumer/pom.xml.in" > "$out/m2.poms"
	fi

	jar=$package/m2/rheo/rheo/$version/rheo-$version.jar
	"$JAVA_HOME/bin/jar" tf "$jar" | grep -qx META-INF/LICENSE
	cd /
	smoke() { "$java" -Djava.io.tmpdir="$package/tmp" -Djava.library.path=/nowhere "$@"; }
	smoke -cp "$package/consumer/target/classes:$jar" Smoke
	smoke -p "$jar" --add-modules rheo -cp "$package/consumer/target/classes" Smoke
	[ -z "$(ls -A "$package/tmp")" ]
	echo "java: rheo-$version.jar, $(wc -c < "$jar") bytes, in an empty repository: smoke test passed, on class path and as module"
	;;
bench)
	"$MAKE" -s --no-print-directory B="$B" amalgamation
	bench=$out/bench
	if ! [ -e "$bench/jars" ] || ! (cd "$bench/jars" && sha256sum --quiet -c "$here/bench/jars.sha256" > /dev/null 2>&1); then
		rm -rf "$bench/jars"
		quietly mvn -B -q -f "$here/bench/pom.xml" -Dmaven.repo.local="$bench/m2" -Dout="$bench" dependency:copy-dependencies
		(cd "$bench/jars" && sha256sum --quiet -c "$here/bench/jars.sha256")
	fi
	generate "$bench/generated"
	whole "$bench/lib/librheo_jni.so" "$bench/generated"
	# JMH's processor writes beside the classes; what it makes is not for our lint.
	rm -rf "$bench/classes"
	mkdir -p "$bench/classes"
	"$javac" --release 17 -nowarn -proc:none -d "$bench/classes" "$bench"/generated/*.java "$here"/src/rheo/*.java
	"$javac" --release 17 -nowarn -d "$bench/classes" -cp "$bench/classes:$bench/jars/*" "$here"/bench/src/rheo/*.java
	"$java" -Djava.library.path="$bench/lib" -cp "$bench/classes:$bench/jars/*" rheo.Rows 2> "$bench/log" ||
		{ cat "$bench/log" >&2; exit 1; }
	;;
*)
	echo "usage: run.sh test|package|bench" >&2
	exit 2
	;;
esac
