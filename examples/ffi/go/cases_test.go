// SPDX-License-Identifier: BSD-2-Clause

package rheo_test

import (
	"strconv"
	"strings"
	"testing"
	"time"

	"rheo.example/rheo"
)

// replay holds what the cases made last.
type replay struct {
	t        *testing.T
	bucket   *rheo.Bucket
	breaker  *rheo.Breaker
	guard    *rheo.Guard
	permits  map[uint64]rheo.Permit
	verdicts map[uint64]rheo.Verdict
}

func TestCasesAreAnsweredAsInC(t *testing.T) {
	r := &replay{t: t, permits: map[uint64]rheo.Permit{}, verdicts: map[uint64]rheo.Verdict{}}
	cases := rows(t, "../cases.tsv")
	for i, c := range cases {
		var args []uint64
		for _, field := range strings.Fields(c[1]) {
			arg, err := strconv.ParseUint(field, 10, 64)
			if err != nil {
				t.Fatal(err)
			}
			args = append(args, arg)
		}
		status, results := r.call(c[0], args)
		told := "-"
		if len(results) > 0 {
			told = strings.Trim(strings.Join(results, " "), " ")
		}
		if got := strconv.Itoa(int(status)); got != c[2] || (told != c[3] && c[3] != "-") {
			t.Errorf("case %d, %s %s: status %s, results %s; want %s, %s", i+1, c[0], c[1], got, told, c[2], c[3])
		}
	}
	t.Logf("counted: %d cases", len(cases))
}

func numbers(values ...uint64) (told []string) {
	for _, v := range values {
		told = append(told, strconv.FormatUint(v, 10))
	}
	return told
}

// nanoseconds as C has them: Forever is all ones.
func nanoseconds(d time.Duration) uint64 {
	if d == rheo.Forever {
		return 1<<64 - 1
	}
	return uint64(d)
}

func (r *replay) call(name string, a []uint64) (rheo.Status, []string) {
	kind, call, _ := strings.Cut(name, ".")
	switch kind {
	case "bucket":
		return r.callBucket(call, a)
	case "breaker":
		return r.callBreaker(call, a)
	case "guard":
		return r.callGuard(call, a)
	}
	r.t.Fatalf("no such kind: %s", kind)
	return 0, nil
}

func (r *replay) callBucket(call string, a []uint64) (rheo.Status, []string) {
	b := r.bucket
	switch call {
	case "init":
		made, err := rheo.NewBucketAt(rheo.BucketConfig{
			TokensPerPeriod: a[0], Period: time.Duration(a[1]), Burst: a[2], MaxDebt: a[3],
		}, a[4])
		if err == nil {
			r.bucket = made
		}
		return statusOf(err), nil
	case "try_acquire":
		return b.TryAcquirePublished(a[0]), nil
	case "try_acquire_at":
		return b.TryAcquireAt(a[0], a[1]), nil
	case "acquire_upto":
		taken, s := b.TakeUpTo(a[0], a[1])
		return s, numbers(taken)
	case "reserve":
		reservation := b.ReserveAt(a[0], a[1], time.Duration(a[2]))
		return statusOf(reservation.Err()), numbers(nanoseconds(reservation.Wait()))
	case "refund":
		return statusOf(b.Refund(a[0])), nil
	case "charge":
		return statusOf(b.ChargeAt(a[0], a[1])), nil
	case "refill":
		return statusOf(b.Refill(a[0])), nil
	case "next_refill_ns":
		d, err := b.NextRefill(a[0])
		return statusOf(err), numbers(nanoseconds(d))
	case "wait_ns":
		d, err := b.WaitTime(a[0], a[1])
		return statusOf(err), numbers(nanoseconds(d))
	case "available":
		n, err := b.Available(a[0])
		return statusOf(err), numbers(n)
	}
	r.t.Fatalf("no such call: bucket.%s", call)
	return 0, nil
}

func (r *replay) callBreaker(call string, a []uint64) (rheo.Status, []string) {
	b := r.breaker
	switch call {
	case "init":
		made, err := rheo.NewBreakerAt(rheo.BreakerConfig{
			FailureRateBP: uint32(a[0]), MinimumCalls: uint32(a[1]), Window: time.Duration(a[2]),
			Open: time.Duration(a[3]), HalfOpenCalls: uint32(a[4]), ProbeTimeout: time.Duration(a[5]),
		}, a[6])
		if err == nil {
			r.breaker = made
		}
		return statusOf(err), nil
	case "try_acquire":
		permit, s := b.TryAcquireAt(a[1])
		if s == rheo.OK {
			r.permits[a[0]] = permit
		} else if permit != rheo.NoPermit {
			r.t.Errorf("a refusal has a permit")
		}
		return s, nil
	case "record":
		return b.RecordAt(r.permits[a[0]], rheo.Outcome(a[1]), a[2]), nil
	case "cancel":
		return b.CancelAt(r.permits[a[0]], a[1]), nil
	case "retry_after_ns":
		d, err := b.RetryAfter(a[0])
		return statusOf(err), numbers(nanoseconds(d))
	case "force":
		return statusOf(b.ForceAt(rheo.Mode(a[0]), a[1])), nil
	case "snapshot":
		s, err := b.Snapshot(a[0])
		return statusOf(err), numbers(uint64(s.State), uint64(s.Mode), s.Generation, s.WindowCalls, s.WindowFailures)
	}
	r.t.Fatalf("no such call: breaker.%s", call)
	return 0, nil
}

func (r *replay) callGuard(call string, a []uint64) (rheo.Status, []string) {
	switch call {
	case "init":
		made, err := rheo.NewGuardAt(rheo.GuardConfig{Breaker: r.breaker, Buckets: []*rheo.Bucket{r.bucket}}, a[0])
		if err == nil {
			r.guard = made
		}
		return statusOf(err), nil
	case "try_acquire":
		v := r.guard.TryAcquireAt(a[1], a[2])
		r.verdicts[a[0]] = v
		return v.Status, append([]string{strconv.Itoa(int(v.Status))},
			numbers(uint64(v.RefusedBy), v.Cost, nanoseconds(v.RetryAfter), v.Limit, v.Remaining, nanoseconds(v.Reset))...)
	case "record":
		return r.guard.RecordAt(r.verdicts[a[0]].Permit, rheo.Outcome(a[1]), a[2]), nil
	case "cancel":
		v := r.verdicts[a[0]]
		v.Cost = a[1]
		return r.guard.CancelAt(v, a[2]), nil
	}
	r.t.Fatalf("no such call: guard.%s", call)
	return 0, nil
}
