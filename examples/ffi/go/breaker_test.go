// SPDX-License-Identifier: BSD-2-Clause

package rheo_test

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"runtime"
	"testing"
	"time"

	"rheo.example/rheo"
)

var errIll = errors.New("ill")

func snapshot(t *testing.T, b *rheo.Breaker) rheo.Snapshot {
	t.Helper()
	s, err := b.Snapshot(rheo.Now())
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestDoReportsHowCallsWent(t *testing.T) {
	b := newBreaker(t, rheo.BreakerConfig{MinimumCalls: 100}, rheo.Now())
	if err := b.Do(func() error { return nil }); err != nil {
		t.Error(err)
	}
	if err := b.Do(func() error { return errIll }); err != errIll {
		t.Error("an error comes as it is:", err)
	}
	if s := snapshot(t, b); s.Successes != 1 || s.Failures != 1 {
		t.Errorf("%+v", s)
	}
	if n, err := rheo.Do(b, func() (int, error) { return 7, nil }); n != 7 || err != nil {
		t.Error(n, err)
	}
	if n, err := rheo.Do(b, func() (string, error) { return "half", errIll }); n != "half" || err != errIll {
		t.Error(n, err)
	}
	if s := snapshot(t, b); s.Successes != 2 || s.Failures != 2 || s.WindowCalls != 4 {
		t.Errorf("%+v", s)
	}
}

func TestDoReportsPanicsAndGoexitAsFailures(t *testing.T) {
	b := newBreaker(t, rheo.BreakerConfig{MinimumCalls: 100}, rheo.Now())
	func() {
		defer func() {
			if r := recover(); r != errIll {
				t.Errorf("a panic goes on as it is: %v", r)
			}
		}()
		b.Do(func() error { panic(errIll) })
	}()
	done := make(chan bool)
	go func() {
		defer close(done)
		b.Do(func() error { runtime.Goexit(); return nil })
	}()
	<-done
	if s := snapshot(t, b); s.Failures != 2 || s.Successes != 0 {
		t.Errorf("%+v", s)
	}
}

func TestDoClassifiesAndCancels(t *testing.T) {
	b := newBreaker(t, rheo.BreakerConfig{Classify: func(err error) rheo.Outcome {
		switch {
		case errors.Is(err, context.Canceled):
			return rheo.Ignored
		case errors.Is(err, errIll):
			return rheo.Failure
		}
		return rheo.Success
	}}, rheo.Now())
	for _, err := range []error{context.Canceled, fmt.Errorf("very %w", errIll), errors.New("not found"), rheo.ErrNotCalled} {
		err := err
		if got := b.Do(func() error { return err }); got != err {
			t.Error(got)
		}
	}
	if s := snapshot(t, b); s.Ignored != 1 || s.Failures != 1 || s.Successes != 1 || s.WindowCalls != 2 {
		t.Errorf("%+v", s)
	}
}

func TestBreakerTripsRefusesAndProbes(t *testing.T) {
	b := newBreaker(t, rheo.BreakerConfig{MinimumCalls: 2, Open: 200 * time.Millisecond, HalfOpenCalls: 1}, rheo.Now())
	for i := 0; i < 2; i++ {
		b.Do(func() error { return errIll })
	}
	calls := 0
	count := func() error { calls++; return nil }
	err := b.Do(count)
	var e *rheo.Error
	if calls != 0 || !errors.Is(err, rheo.BreakerOpen) || !errors.As(err, &e) || e.RetryAfter <= 0 || e.RetryAfter > 200*time.Millisecond {
		t.Fatalf("%d calls, %v", calls, err)
	}
	time.Sleep(e.RetryAfter)
	permit, s := b.TryAcquire()
	wantStatus(t, "the probe", s, rheo.OK)
	if _, probe, err := b.Describe(permit); err != nil || !probe {
		t.Error(probe, err)
	}
	if err := b.Do(count); !errors.Is(err, rheo.NoProbeLeft) || !errors.Is(err, rheo.BreakerOpen) {
		t.Error(err)
	}
	// A permit given back is one that another may have.
	wantStatus(t, "cancel", b.Cancel(permit), rheo.OK)
	wantStatus(t, "cancelled", b.Record(permit, rheo.Success), rheo.Stale)
	if err := b.Do(count); err != nil || calls != 1 {
		t.Error(err, calls)
	}
	if state, mode, err := b.State(); state != rheo.Closed || mode != rheo.Auto || err != nil {
		t.Error(state, mode, err)
	}
	events, err := b.Events(0)
	if err != nil || len(events) != 3 {
		t.Fatal(events, err)
	}
	if e := events[0]; e.FromState != rheo.Closed || e.ToState != rheo.Open || e.Cause != rheo.CauseFailureRate ||
		e.Calls != 2 || e.Failures != 2 || e.Open != 200*time.Millisecond || e.Partial || e.Generation != 1 {
		t.Errorf("%+v", e)
	}
	if e := events[2]; e.ToState.String() != "CLOSED" || e.Cause.String() != "PROBES_SUCCEEDED" || e.ToMode.String() != "AUTO" {
		t.Errorf("%+v", e)
	}
	if events, err := b.Events(2); err != nil || len(events) != 1 || events[0].Generation != 3 {
		t.Error(events, err)
	}
}

func TestBreakerConfigurationIsWhatWasSet(t *testing.T) {
	set := rheo.BreakerConfig{
		FailureRateBP: rheo.Off, SlowCallRateBP: 1, SlowCall: 2, ConsecutiveFailures: 3, MinimumCalls: 4,
		Window: 504, WindowSlices: 6, Open: 7, OpenMax: 8, OpenBackoffBP: 9, OpenJitterBP: 10,
		JitterSeed: 11, HalfOpenCalls: 12, HalfOpenSuccesses: 11, HalfOpenFailures: 10, Lanes: 2, ProbeTimeout: 15,
		ProbeTimeoutCancels: true,
	}
	b := newBreaker(t, set, 0)
	if got, err := b.Config(); err != nil || !reflect.DeepEqual(got, set) {
		t.Errorf("%+v, %v", got, err)
	}
	set.MinimumCalls = 40
	if err := b.Reconfigure(set, 0); err != nil {
		t.Error(err)
	}
	if got, err := b.Config(); err != nil || got.MinimumCalls != 40 {
		t.Errorf("%+v, %v", got, err)
	}
	set.Window = 600
	wantStatus(t, "another window", statusOf(b.Reconfigure(set, 0)), rheo.InvalidArgument)
	defaults, err := newBreaker(t, rheo.BreakerConfig{}, 0).Config()
	if err != nil || defaults.FailureRateBP != 5000 || defaults.MinimumCalls != 20 || defaults.Open != 5*time.Second {
		t.Errorf("%+v, %v", defaults, err)
	}
}

func TestForceResetAndTick(t *testing.T) {
	b := newBreaker(t, rheo.BreakerConfig{}, 0)
	if err := b.ForceAt(rheo.ForcedOpen, 1); err != nil {
		t.Error(err)
	}
	if _, s := b.TryAcquireAt(2); s != rheo.BreakerOpen {
		t.Error(s)
	}
	if d, err := b.RetryAfter(2); d != rheo.Forever || err != nil {
		t.Error(d, err)
	}
	if err := b.ResetAt(3); err != nil {
		t.Error(err)
	}
	if state, mode, err := b.State(); state != rheo.Closed || mode != rheo.Auto || err != nil {
		t.Error(state, mode, err)
	}
	if _, err := b.Tick(4); err != nil {
		t.Error(err)
	}
	wantStatus(t, "force", statusOf(b.Force(rheo.Mode(4))), rheo.InvalidArgument)
	wantStatus(t, "record", b.RecordAt(rheo.NoPermit, rheo.Failure, 5), rheo.OK)
}
