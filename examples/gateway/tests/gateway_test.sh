#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
#
# The gateway from outside, by curl, on free ports of the loopback.
# Usage: gateway_test.sh GATEWAY DEMO_UPSTREAM
set -u

gateway=$1
upstream=$2
dir=$(mktemp -d)
ran=0
failed=0
started=()

stop_all() {
	for pid in "${started[@]}"; do kill -KILL "$pid" 2>/dev/null; done
	exec 2>/dev/null
	wait
	rm -rf "$dir"
}
trap stop_all EXIT
trap 'echo "  gateway: interrupted after $ran checks"; exit 130' INT TERM
# A peer that closes first is an answer, not the end of the tests.
trap '' PIPE

# check NAME CONDITION...: one check; the condition is a command.
check() {
	local name=$1
	shift
	ran=$((ran + 1))
	if ! "$@"; then
		failed=$((failed + 1))
		echo "  FAILED: $name"
		[ -f "$dir/answer" ] && sed 's/^/    | /' "$dir/answer" | head -15
	fi
}

# start NAME COMMAND...: starts it, waits for its address, in $pid and $address.
start() {
	local name=$1 i
	shift
	"$@" >"$dir/$name.out" 2>"$dir/$name.err" &
	pid=$!
	started+=("$pid")
	for i in $(seq 100); do
		address=$(sed -n 's/.*listening on \([^ ,]*\).*/\1/p' "$dir/$name.out" 2>/dev/null)
		[ -n "$address" ] && return
		sleep 0.05
	done
	echo "$name did not start:"
	cat "$dir/$name.err"
	exit 1
}

# ask PATH [CURL OPTION...]: the whole answer to $dir/answer, its status in $status.
ask() {
	local path=$1
	shift
	status=$(curl -s --max-time 20 -i -o "$dir/answer" -w '%{http_code}' "$@" "http://$gw$path")
	tr -d '\r' <"$dir/answer" >"$dir/answer.lf" && mv "$dir/answer.lf" "$dir/answer"
}
is() { [ "$status" = "$1" ]; }
has() { grep -qiE -- "$1" "$dir/answer"; }
hasnt() { ! grep -qiE -- "$1" "$dir/answer"; }
tell() { curl -s --max-time 5 "http://$up/-/control?$1" >/dev/null; }

start upstream "$upstream" --listen 127.0.0.1:0
up=$address
start gateway "$gateway" --listen 127.0.0.1:0 --upstream "$up" --threads 2 --max-body 64k --trace \
	--idle-timeout 1s \
	--route '/free' \
	--route '/free/deep rate=1/h burst=1' \
	--route '/limited rate=1/m burst=2 rate2=1000/h burst2=500' \
	--route '/cost rate=1/h burst=5 cost=2' \
	--route '/fragile consecutive=3 open=400ms half_open=1' \
	--route '/quick timeout=200ms consecutive=100' \
	--route '/shadow rate=1/h burst=1 shadow'
gw=$address
gw_pid=$pid

# --- 200 and 429 ---------------------------------------------------------------
ask /limited
check '200' is 200
check 'the policy names both limits' has '^RateLimit-Policy: "limited";q=2;w=120, "limited-2";q=500;w=1800$'
check 'the limit: one left, more in a minute' has '^RateLimit: "limited";r=1;t=60$'
check 'the body of the upstream' has '^well$'
check 'fields of the upstream' has '^X-Demo-Upstream: yes$'
check 'Via on the answer' has '^Via: 1.1 rheo-gateway$'
check 'trace: asked' has '^X-Rheo-Asked-Ns: [0-9]+$'
check 'trace: decided' has '^X-Rheo-Decided-Ns: [0-9]+$'
check 'trace: generation' has '^X-Rheo-Generation: 0$'
check 'trace: not a probe' has '^X-Rheo-Probe: 0$'
ask /limited/more
check 'the same limit below the prefix' has '^RateLimit: "limited";r=0;t=60$'
ask /limited
check '429' is 429
check '429 says when' has '^Retry-After: 60$'
check '429 has the limit' has '^RateLimit: "limited";r=0;t=60$'
check '429 has the policy' has '^RateLimit-Policy: '
check '429 is a problem document' has '^Content-Type: application/problem\+json$'
check '429 says which type of problem' has 'quota-exceeded'
check '429 names the limit' has '"violated-policies":\["limited"\]'
check '429 is not from the upstream' hasnt '^X-Demo-Upstream'
ask /cost
ask /cost
check 'cost: two fit a burst of five' is 200
ask /cost
check 'cost: the third does not' is 429
ask /shadow
ask /shadow
check 'shadow admits' is 200
check 'shadow says what it would have done' has '^X-Rheo-Shadow: REJ_RATE$'

# --- routes ----------------------------------------------------------------------
ask /nowhere
check '404' is 404
check '404 is a problem document' has '^Content-Type: application/problem\+json$'
ask /freedom
check 'a prefix ends at a slash' is 404
ask /free/x
check 'no limit, no fields' hasnt '^RateLimit'
ask /free/deep
check 'the longest prefix' has '^RateLimit: "free/deep";r=0'
ask '/free/../free/deep' --path-as-is
check 'a way round by ..' is 429
ask '/free/%64eep' --path-as-is
check 'a way round by %64' is 429
ask '//free//deep' --path-as-is
check 'a way round by //' is 429
ask '/free/%zz' --path-as-is
check 'a broken percent sign' is 400

# --- what is forwarded -------------------------------------------------------------
ask '/free/echo?a=1&b=%20' -H 'X-Mine: yes' -H 'X-Forwarded-For: 192.0.2.7' -H 'Connection: X-Hop' -H 'X-Hop: no' \
	-H 'TE: trailers' -H 'Keep-Alive: 5' -H 'Host: shop.example'
check 'the target as it came' has '^GET /free/echo\?a=1&b=%20$'
check 'end-to-end fields' has '^X-Mine: yes$'
check 'Host as it came' has '^Host: shop.example$'
check 'X-Forwarded-For grows' has '^X-Forwarded-For: 192.0.2.7, 127.0.0.1$'
check 'Via on the request' has '^Via: 1.1 rheo-gateway$'
check 'fields that Connection names stay' hasnt '^X-Hop'
check 'hop-by-hop fields stay' hasnt '^(TE|Keep-Alive):'
ask /free/echo -X PUT -d 'some words'
check 'method' has '^PUT /free/echo$'
check 'length of the body' has '^Content-Length: 10$'
check 'body' has '^some words$'
ask /free/echo -H 'Transfer-Encoding: chunked' -d 'in chunks'
check 'a chunked body' has '^in chunks$'
check 'a chunked body has a length then' has '^Content-Length: 9$'
for method in DELETE OPTIONS PATCH; do
	ask /free/echo -X $method
	check "$method" has "^$method /free/echo\$"
done
ask '/free/x?bytes=1000' --head
check 'HEAD' is 200
check 'HEAD says the length' has '^Content-Length: 1000$'
check 'HEAD has no body' [ "$(tail -1 "$dir/answer")" = '' ]
ask '/nowhere' --head
check 'HEAD of a problem has no body' [ "$(tail -1 "$dir/answer")" = '' ]
ask '/free/x?status=404'
check 'the status of the upstream' is 404
check '404 of the upstream is not ours' has '^X-Demo-Upstream'
ask '/free/x?bytes=60000'
check 'a long answer' [ "$(wc -c <"$dir/answer")" -gt 60000 ]
ask '/free/x?close=1'
check 'an upstream that closes' is 200
check 'Connection: close of the upstream stays' hasnt '^Connection: close'

# --- 400, 413, 501, 502, 504 -----------------------------------------------------------
head -c 70000 /dev/zero | tr '\0' 'x' >"$dir/large"
ask /free/echo --data-binary "@$dir/large"
check '413' is 413
ask '/free/x?bytes=70000'
check '502: an answer too large' is 502
ask '/free/x?drop=1' -X POST
check '502: a connection dropped' is 502
ask '/quick?delay_ms=3000'
check '504' is 504
check '504 is a problem document' has '^Content-Type: application/problem\+json$'
ask '/free/x' -X TRACE
check '501' is 501
raw() { # sends $1 as it is; the answer ends when the gateway closes
	exec 3<>"/dev/tcp/${gw%:*}/${gw#*:}"
	printf '%b' "$1" >&3 2>/dev/null
	timeout 3 cat <&3 | tr -d '\r' >"$dir/answer"
	exec 3>&-
	status=$(sed -n '1s/^HTTP[^ ]* \([0-9]*\).*/\1/p' "$dir/answer")
}
raw 'POST /free/echo HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n'
check 'two lengths' is 400
raw 'POST /free/echo HTTP/1.1\r\nHost: a\r\nContent-Length : 4\r\n\r\nabcd'
check 'a blank in a field name' is 400
raw 'POST /free/echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n'
check 'an unknown transfer encoding' is 400
raw 'HEAD /free/echo HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nabcd'
check 'a body on HEAD' is 400
check 'and the connection is closed' has '^Connection: close$'
raw 'GET http://shop.example/free/echo?x HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n'
check 'an absolute target' has '^GET /free/echo\?x$'
raw 'GET free/echo HTTP/1.1\r\nHost: a\r\n\r\n'
check 'a relative target' is 400
raw 'GET /free/echo HTTP/1.0\r\n\r\n'
check 'HTTP/1.0' has '^GET /free/echo$'
check 'a Host for those who give none' has "^Host: $up\$"
raw 'GET /free/echo HTTP/1.1\r\nHost: a\r\n\r\nGET /nowhere HTTP/1.1\r\nHost: a\r\n\r\n'
check 'two requests at once' has '^HTTP/1.1 404'
before=$(date +%s%N)
timeout 5 bash -c "exec 3<>/dev/tcp/${gw%:*}/${gw#*:}; cat <&3" 2>/dev/null
check 'an idle connection is closed' [ $((($(date +%s%N) - before) / 1000000)) -lt 4000 ]

# --- 503 ---------------------------------------------------------------------------
tell fail=100
for _ in 1 2 3; do ask /fragile; done
check '500 of the upstream passes' is 500
ask /fragile
check '503' is 503
check '503 says when' has '^Retry-After: 1$'
check '503 is a problem document' has '^Content-Type: application/problem\+json$'
check '503 is not from the upstream' hasnt '^X-Demo-Upstream'
tell fail=0
sleep 0.5
ask /fragile
check 'a probe passes' is 200
check 'trace: a probe' has '^X-Rheo-Probe: 1$'
ask /fragile
check 'closed again' has '^X-Rheo-Generation: 3$'

# --- status --------------------------------------------------------------------------
ask /-/status
check 'status' is 200
check 'status is text' has '^Content-Type: text/plain'
check 'status has the routes' has '^/fragile +CLOSED +AUTO +3 '
check 'status has the level' has '^/limited .* 0/2 at 1/m, (49[89]|500)/500 at 1000/h'
check 'status has the transitions' has '^/fragile +#1 .* CLOSED +-> OPEN +CONSECUTIVE_FAILURES: 3 of 3 failed'
ask '/-/status?format=json&since=1'
check 'status as JSON' has '^Content-Type: application/json'
check 'JSON has what was admitted' has '"admitted": 2,'
check 'JSON has the events after N' has '"generation": 2,'
sed '1,/^$/d' "$dir/answer" >"$dir/json"
check 'JSON has none up to N' [ "$(grep -c '"from": "CLOSED"' "$dir/json")" = 0 ]
if command -v python3 >/dev/null; then
	check 'JSON is JSON' python3 -m json.tool "$dir/json" /dev/null
fi
ask '/-/status?format=xml'
check 'an unknown format' is 400
ask /-/other
check 'nothing else below /-/' is 404

# --- the upstream is gone ----------------------------------------------------------------
start lonely "$gateway" --listen 127.0.0.1:0 --upstream 127.0.0.1:1 --route '/'
gw_all=$gw gw=$address
ask /anything
check '502: nobody there' is 502
check '502 is a problem document' has '^Content-Type: application/problem\+json$'
ask /-/status
check 'status counts it' has '^/ +1 +0 +0 +0 +0 +0 +1 '
kill -TERM "$pid" && wait "$pid"
check 'idle: SIGTERM, exit 0' [ $? = 0 ]
check 'one summary line' [ "$(grep -c drained "$dir/lonely.out")" = 1 ]
gw=$gw_all

# --- drain -------------------------------------------------------------------------------
curl -s --max-time 10 -o "$dir/slow" -w '%{http_code}' "http://$gw/free/x?delay_ms=1000" >"$dir/slow.status" &
slow=$!
sleep 0.3
kill -TERM "$gw_pid"
sleep 0.2
check 'draining: no new connection' [ "$(curl -s --max-time 2 -o /dev/null -w '%{http_code}' "http://$gw/free/x")" = 000 ]
wait $slow
check 'draining: a request in flight ends well' [ "$(cat "$dir/slow.status")" = 200 ]
wait "$gw_pid"
check 'drained: exit 0' [ $? = 0 ]
check 'drained: nothing cut' grep -q ' 0 cut short$' "$dir/gateway.out"
check 'nothing on stderr' [ ! -s "$dir/gateway.err" ]

start hasty "$gateway" --listen 127.0.0.1:0 --upstream "$up" --route / --drain-timeout 200ms --threads 1
curl -s --max-time 10 -o "$dir/slow" -w '%{http_code}' "http://$address/x?delay_ms=1500" >"$dir/slow.status" &
slow=$!
sleep 0.3
kill -INT "$pid"
wait "$pid"
check 'drain timeout: exit 0' [ $? = 0 ]
check 'drain timeout: cut' grep -q ' 1 cut short$' "$dir/hasty.out"
wait $slow
check 'drain timeout: the client hears of it' [ "$(cat "$dir/slow.status")" = 503 ]

start twice "$gateway" --listen 127.0.0.1:0 --upstream "$up" --route / --drain-timeout 10s --threads 1
curl -s --max-time 10 -o /dev/null "http://$address/x?delay_ms=3000" &
sleep 0.3
kill -TERM "$pid"
sleep 0.2
before=$(date +%s%N)
kill -TERM "$pid"
wait "$pid"
check 'a second signal: exit 143' [ $? = 143 ]
check 'a second signal: at once' [ $((($(date +%s%N) - before) / 1000000)) -lt 2000 ]

# --- options -------------------------------------------------------------------------------
start taken "$gateway" --listen 127.0.0.1:0 --upstream "$up" --route /
taken=$address
bad() { # one line on stderr that has $1, nothing on stdout, exit status 2
	local words=$1
	shift
	timeout 5 "$gateway" "$@" >"$dir/out" 2>"$dir/answer"
	[ $? = 2 ] && [ ! -s "$dir/out" ] && [ "$(wc -l <"$dir/answer")" = 1 ] && has "$words"
}
good=(--upstream "$up" --listen 127.0.0.1:0)
check 'bad: no route' bad 'route is missing' "${good[@]}"
check 'bad: no upstream' bad 'upstream is missing' --route /
check 'bad: an option' bad 'no option --wrong' --wrong
check 'bad: a short option' bad 'no option -x' "${good[@]}" -x
check 'bad: a missing value' bad 'needs a value' "${good[@]}" --route
check 'bad: a stray word' bad '"stray"' "${good[@]}" --route / stray
check 'bad: threads' bad 'threads.*"0"' "${good[@]}" --route / --threads 0
check 'bad: a time' bad 'idle-timeout.*"soon"' "${good[@]}" --route / --idle-timeout soon
check 'bad: a size' bad 'max-body.*"big"' "${good[@]}" --route / --max-body big
check 'bad: an address' bad 'listen.*host:port' --upstream "$up" --route / --listen nonsense
check 'bad: an unknown host' bad 'upstream nowhere.invalid:80' --route / --upstream nowhere.invalid:80
check 'bad: port in use' bad "listen $taken: Address already in use" --upstream "$up" --route / --listen "$taken"
check 'bad: a setting' bad 'no setting "colour"' "${good[@]}" --route '/a colour=red'
check 'bad: a rate' bad 'rate: "fast" is not a rate' "${good[@]}" --route '/a rate=fast'
check 'bad: a percentage' bad 'failure_rate: "0.5" is not a percentage' "${good[@]}" --route '/a failure_rate=0.5'
check 'bad: out of range' bad 'half_open: 33 is not in the range 1 to 32' "${good[@]}" --route '/a half_open=33'
check 'bad: given twice' bad 'rate is given twice' "${good[@]}" --route '/a rate=1/s rate=2/s'
check 'bad: a burst alone' bad 'burst needs rate' "${good[@]}" --route '/a burst=5'
check 'bad: cost above burst' bad 'cost=6 would never pass' "${good[@]}" --route '/a rate=5/s cost=6'
check 'bad: a prefix' bad 'path prefix' "${good[@]}" --route 'a rate=1/s'
check 'bad: our own prefix' bad "gateway's own" "${good[@]}" --route '/-/status'
check 'bad: a route twice' bad 'given twice' "${good[@]}" --route /a --route '/a rate=1/s'
"$gateway" --help >"$dir/answer"
check '--help: exit 0' [ $? = 0 ]
for word in --listen --upstream --route --threads --drain-timeout --trace rate burst failure_rate slow_rate \
	consecutive min_calls window slices window_calls open_max backoff jitter half_open probe_timeout timeout \
	lanes shadow; do
	check "--help: $word" grep -qE -- "^ +(-., )?${word} " "$dir/answer"
done
"$gateway" --version >"$dir/answer"
check '--version' has '^gateway: rheo [0-9.]+$'

echo "  gateway: $ran checks, $((ran - failed)) passed, $failed failed"
[ "$failed" = 0 ]
