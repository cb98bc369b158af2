#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
#	run.sh [test|serve]
#
# test: builds, starts the gRPC server and the service, runs scenario.py against
# them. serve: starts them at 127.0.0.1:50051 and :8080, until interrupted.
# All that is made is in $B/grpc.
set -eu
cd "$(dirname "$0")/../.."
root=$PWD
B=${B:-$root/build}
here=$root/examples/grpc
out=$B/grpc
venv=$out/venv/bin/python
export PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_INPUT=1 PYTHONDONTWRITEBYTECODE=1
export GOTOOLCHAIN=local GOWORK=off GOCACHE="$out/cache" GOMODCACHE="$out/mod" CGO_ENABLED=1 CC="${CC:-cc}"
export CGO_CFLAGS="-O2 -I$root/include" CGO_LDFLAGS="-L$B -Wl,-rpath,$B"
unset PYTHONPATH RHEO_BACKEND PYTHONWARNINGS || :
mkdir -p "$out/python/rheo" "$out/service/quotes"

# What grpc needs, by hash; once.
wanted() { cat "$here/requirements.txt" && /usr/bin/python3 -VV; }
wanted > "$out/wanted.now"
if ! cmp -s "$out/wanted.now" "$out/wanted"; then
	rm -rf "$out/venv" "$out/wanted"
	/usr/bin/python3 -m venv "$out/venv"
	"$out/venv/bin/pip" install -q --require-hashes --only-binary :all: -r "$here/requirements.txt"
	mv "$out/wanted.now" "$out/wanted"
fi

# rheo for Python: its ctypes back end and $B/librheo.so, so that nothing needs compiling.
[ -e "$B/librheo.so" ] || "${MAKE:-make}" -s B="$B" all
cp examples/ffi/python/src/rheo/*.py "$out/python/rheo"
/usr/bin/python3 examples/ffi/generate/generate.py python > "$out/python/rheo/_generated.py"
export PYTHONPATH="$out/python:$here" RHEO_LIBRARY="$B/librheo.so"

# The service's module, beside what protoc makes for it.
unformatted=$(gofmt -l "$here/service")
[ -z "$unformatted" ] || { echo "gofmt: $unformatted"; exit 1; }
cp "$here"/service/*.go "$here"/service/go.mod "$here"/service/go.sum "$out/service"
cd "$out/service"
export GOFLAGS="-modcacherw -buildvcs=false -tags=rheo_installed"
go mod edit -replace rheo.example/rheo="$root/examples/ffi/go"
go build -o "$out/bin/" google.golang.org/protobuf/cmd/protoc-gen-go google.golang.org/grpc/cmd/protoc-gen-go-grpc
"$venv" -m grpc_tools.protoc -I "$here" --python_out="$out/python" --grpc_python_out="$out/python" \
	--plugin="$out/bin/protoc-gen-go" --go_out=. --go_opt=module=quotes.example/service \
	--plugin="$out/bin/protoc-gen-go-grpc" --go-grpc_out=. --go-grpc_opt=module=quotes.example/service quotes.proto
go vet .
go build -o "$out/bin/service" .

running=""
stop() {
	for pid in $running; do
		kill "$pid" 2> /dev/null || :
	done
	wait
}
trap stop EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

start() { # name, command...: runs it until the end, and sets address
	name=$1
	shift
	: > "$out/$name.log"
	"$@" > "$out/$name.log" 2>&1 &
	running="$running $!"
	tries=0
	until address=$(sed -n 's/^listening on //p' "$out/$name.log") && [ -n "$address" ]; do
		tries=$((tries + 1))
		if [ "$tries" = 100 ] || ! kill -0 "$!" 2> /dev/null; then
			cat "$out/$name.log"
			echo "grpc: $name did not start"
			exit 1
		fi
		sleep 0.1
	done
}

# Not by way of a proxy that the environment names.
export no_grpc_proxy=127.0.0.1 no_proxy=127.0.0.1
case ${1:-test} in
test)
	start server "$venv" -X dev -W error "$here/server.py"
	export QUOTES_SERVER="$address"
	start service "$out/bin/service" -upstream "$QUOTES_SERVER"
	export QUOTES_SERVICE="$address"
	status=0
	"$venv" -X dev -W error -m unittest -v scenario > "$out/scenario.log" 2>&1 || status=$?
	for pid in $running; do
		kill -0 "$pid" 2> /dev/null || { echo "grpc: a server has died"; status=1; }
	done
	if [ "$status" != 0 ] || grep -q Traceback "$out/server.log"; then
		cat "$out/server.log" "$out/service.log" "$out/scenario.log"
		echo "grpc: FAILED"
		exit 1
	fi
	tests=$(sed -n 's/^Ran \([0-9]*\) tests in .*/\1/p' "$out/scenario.log")
	counted() { sed -n "s/^counted: \([0-9]*\) $1\$/\1/p" "$out/scenario.log"; }
	[ "$tests" -gt 0 ]
	echo "grpc: $tests tests, $(counted calls) calls, each reported once, $(counted 'local refusals') refused locally," \
		"$(counted transitions) transitions: grpcio $("$venv" -c 'import grpc; print(grpc.__version__)')," \
		"grpc-go $(sed -n 's|.*google.golang.org/grpc v||p' go.mod), $(go version | cut -d' ' -f3)"
	;;
serve)
	start server "$venv" "$here/server.py" 127.0.0.1:50051
	start service "$out/bin/service" -upstream "$address" -listen 127.0.0.1:8080
	echo "grpc: server at 127.0.0.1:50051, service at http://$address/quote"
	wait
	;;
*)
	echo "run.sh [test|serve]" >&2
	exit 2
	;;
esac
