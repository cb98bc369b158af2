# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=sh disable=SC2034
rivals="Guava, bucket4j, resilience4j"
packages="default-jdk-headless maven"

tools() { command -v javac && command -v mvn; }

build() {
	cd "$here" && rm -rf "$out/jars" "$out/classes" &&
		mvn -B -q -Dmaven.repo.local="$out/repository" -Dout="$out" compiler:compile dependency:copy-dependencies &&
		cd "$out/jars" && sha256sum --quiet -c "$here/jars.sha256"
}

run() { java -cp "$out/classes:$out/jars/*" rivals.Rivals; }
