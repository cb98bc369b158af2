// SPDX-License-Identifier: BSD-2-Clause

package rheo_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"rheo.example/rheo"
)

// The C list of statuses and the constants here are the same list.
func TestEveryStatusOfCHasAConstant(t *testing.T) {
	constants := map[rheo.Status]string{
		rheo.OK: "OK", rheo.RateLimited: "REJ_RATE", rheo.BreakerOpen: "REJ_OPEN", rheo.NoProbeLeft: "REJ_PROBE",
		rheo.NeverPasses: "REJ_NEVER", rheo.Stale: "STALE", rheo.InvalidArgument: "ERR_INVAL",
		rheo.NoSpace: "ERR_NOSPC", rheo.VersionMismatch: "ERR_VERSION", rheo.Corrupt: "ERR_CORRUPT",
	}
	known := 0
	for s := rheo.Status(-100); s < rheo.StatusAfterLast; s++ {
		if s.Name() == "UNKNOWN" {
			continue
		}
		known++
		if constants[s] != s.Name() {
			t.Errorf("%d is %s in C and %q here", s, s.Name(), constants[s])
		}
		if !strings.HasPrefix(s.Error(), "rheo: ") || len(s.Error()) < 8 {
			t.Errorf("%s has no text", s.Name())
		}
	}
	if known != len(constants) {
		t.Errorf("C knows %d, here are %d", known, len(constants))
	}
}

func TestErrorsSayWhatAndWhen(t *testing.T) {
	b := newBucket(t, rheo.BucketConfig{TokensPerPeriod: 10, Burst: 2}, 0)
	if err := b.AcquireAt(2, 0); err != nil {
		t.Fatal(err)
	}
	err := fmt.Errorf("wrapped: %w", b.AcquireAt(1, 0))
	var e *rheo.Error
	if !errors.Is(err, rheo.RateLimited) || errors.Is(err, rheo.BreakerOpen) || !errors.As(err, &e) ||
		e.RetryAfter != 100*time.Millisecond || !e.Refused() {
		t.Errorf("%v", err)
	}
	if want := "rheo: not enough tokens now; retry after 100ms"; e.Error() != want {
		t.Errorf("%q, want %q", e.Error(), want)
	}
	if err := b.AcquireAt(3, 0); !errors.Is(err, rheo.NeverPasses) || !errors.As(err, &e) || !e.Refused() {
		t.Errorf("%v", err)
	}
	wantField(t, b.AcquireAt(0, 0), "n")
	if rheo.OK.Err() != nil {
		t.Error("OK is an error")
	}
	if err := rheo.Corrupt.Err(); !errors.Is(err, rheo.Corrupt) || !errors.As(err, &e) || e.Refused() {
		t.Errorf("%v", err)
	}
	if err := rheo.NoProbeLeft.Err(); !errors.Is(err, rheo.NoProbeLeft) || !errors.Is(err, rheo.BreakerOpen) {
		t.Errorf("%v", err)
	}
	if err := rheo.BreakerOpen.Err(); errors.Is(err, rheo.NoProbeLeft) {
		t.Errorf("%v", err)
	}
}

func TestConfigurationsThatAreWrongNameTheField(t *testing.T) {
	for field, cfg := range map[string]rheo.BucketConfig{
		"tokens_per_period": {Burst: 1},
		"period_ns":         {TokensPerPeriod: 1, Burst: 1, Period: -1},
		"burst":             {TokensPerPeriod: 1},
		"max_debt":          {TokensPerPeriod: 1, Burst: 1, MaxDebt: 1 << 60},
		"lanes":             {TokensPerPeriod: 1, Burst: 1, Lanes: 5000},
		"counter_lanes":     {TokensPerPeriod: 1, Burst: 1, CounterLanes: 5000},
	} {
		_, err := rheo.NewBucket(cfg)
		wantField(t, err, field)
		_, err = cfg.Size()
		wantField(t, err, field)
	}
	for field, cfg := range map[string]rheo.BreakerConfig{
		"failure_rate_bp":     {FailureRateBP: 10001},
		"slow_call_ns":        {SlowCallRateBP: 1},
		"window_ns":           {Window: -1},
		"window_slices":       {WindowSlices: 65},
		"open_ns":             {Open: -time.Second},
		"open_max_ns":         {Open: 2, OpenMax: 1},
		"half_open_calls":     {HalfOpenCalls: 33},
		"half_open_successes": {HalfOpenCalls: 2, HalfOpenSuccesses: 3},
		"probe_timeout_ns":    {ProbeTimeout: time.Hour},
	} {
		_, err := rheo.NewBreaker(cfg)
		wantField(t, err, field)
	}
}

func TestVersionIsTheLibrarys(t *testing.T) {
	n := rheo.VersionNumber()
	if want := fmt.Sprintf("%d.%d.%d", n/1000000, n/1000%1000, n%1000); rheo.Version() != want {
		t.Errorf("%s, want %s", rheo.Version(), want)
	}
}

func TestNowIsTheLibrarysClock(t *testing.T) {
	b := newBucket(t, rheo.BucketConfig{TokensPerPeriod: 1e9, Burst: 1e9, StartEmpty: true}, 0)
	for i := 0; i < 1000; i++ {
		before := rheo.Now()
		b.TryAcquire(1) // publishes the time that C read
		after := rheo.Now()
		s, err := b.Stats()
		if err != nil {
			t.Fatal(err)
		}
		if before > after || s.PublishedNS+uint64(1e9)/64+1e6 < before || s.PublishedNS > after+1e6 {
			t.Fatalf("%d, %d, %d", before, s.PublishedNS, after)
		}
	}
}
