# SPDX-License-Identifier: BSD-2-Clause
"""known.py INSPECT SEGMENT: the JSON of the segment that `segments known` makes, value by value."""

import json
import subprocess
import sys

NOW = 1006200000000
MS = 1000000

text = subprocess.run([sys.argv[1], "--json", "--now", str(NOW), sys.argv[2]], check=True, stdout=subprocess.PIPE).stdout
document = json.loads(text)
plain, lanes, half_open, forced, counter = document["objects"]
wrong = []


def expect(what, seen, want):
    if seen != want:
        wrong.append(f"{what}: {seen!r}, not {want!r}")
    expect.count += 1


expect.count = 0


def expect_all(what, seen, **want):
    for name, value in want.items():
        expect(f"{what}.{name}", seen[name], value)


expect_all("document", document, segment=sys.argv[2], size=65536, now_ns=NOW, more=False)
for index, (o, kind, offset) in enumerate(
    [(plain, "bucket", 128), (lanes, "bucket", 4096), (half_open, "breaker", 8192), (forced, "breaker", 16384), (counter, "counter", 65280)]
):
    expect_all(f"object {index}", o, index=index, kind=kind, offset=offset, status="OK")
expect("size of the counter", counter["size"], 256)

expect_all("plain.config", plain["config"], tokens_per_period=100, period_ns=1000 * MS, burst=50, max_debt=0, lanes=1, counter_lanes=2, flags=0)
expect_all("plain.stats", plain["stats"], admitted=20, refunded=5, charged=10, refused_rate=1, refused_never=1, level=25,
           published_ns=1000000 * MS, max_cost=50, parked=0, lanes=1, clock_regressions=0, cas_retries=0)
expect_all("plain.quota", plain["quota"], limit=50, window_ns=500 * MS, remaining=50, more_ns=0, full_ns=0, time_ns=NOW)
expect("plain.available", plain["available"], 50)

expect_all("lanes.config", lanes["config"], burst=1000, lanes=4, counter_lanes=4, max_debt=7)
expect_all("lanes.stats", lanes["stats"], admitted=100, lanes=4)
if not 0 < lanes["stats"]["parked"] <= 125:
    wrong.append(f"lanes: {lanes['stats']['parked']} parked")

expect_all("half_open.config", half_open["config"], failure_rate_bp=5000, slow_call_rate_bp=0, minimum_calls=4, window_ns=10000 * MS,
           window_slices=10, window_calls=0, open_ns=5000 * MS, open_max_ns=50000 * MS, half_open_calls=3, half_open_successes=3,
           half_open_failures=1, lanes=2, probe_timeout_ns=30000 * MS, consecutive_failures=0, slow_call_ns=0)
expect_all("half_open", half_open["snapshot"], state="HALF_OPEN", mode="AUTO", generation=2, probes_issued=2, probes_succeeded=1,
           probes_failed=0, successes=3, failures=2, slow=0, ignored=0, stale=0, refused_open=1, refused_probe=0, retry_after_ns=0)
expect("half_open.events", len(half_open["events"]), 2)
expect_all("half_open.events[0]", half_open["events"][0], generation=1, at_ns=1001000 * MS, from_state="CLOSED", to_state="OPEN",
           from_mode="AUTO", to_mode="AUTO", cause="FAILURE_RATE", partial=False, calls=4, failures=2, slow=0, open_ns=5000 * MS)
expect_all("half_open.events[1]", half_open["events"][1], generation=2, at_ns=1006000 * MS, from_state="OPEN", to_state="HALF_OPEN",
           cause="OPEN_TIME_OVER", open_ns=0)

expect_all("forced.config", forced["config"], window_calls=100, slow_call_rate_bp=2500, slow_call_ns=10 * MS, consecutive_failures=9,
           open_jitter_bp=1000, open_backoff_bp=10000, lanes=1)
expect_all("forced", forced["snapshot"], state="CLOSED", mode="FORCED_CLOSED", generation=1, window_calls=4, window_failures=0,
           window_slow=3, slow_call_rate_bp=0, successes=4, slow=3)
expect_all("forced.events[0]", forced["events"][0], generation=1, at_ns=1000050 * MS, to_mode="FORCED_CLOSED", cause="FORCED")

expect("counts", counter["counts"], [10 * i + 1 for i in range(8)])

for line in wrong:
    print(f"rheo-inspect: JSON: {line}", file=sys.stderr)
print(f"rheo-inspect: {expect.count} values of the JSON, {len(wrong)} wrong")
sys.exit(1 if wrong or expect.count < 100 else 0)
