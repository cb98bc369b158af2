// SPDX-License-Identifier: BSD-2-Clause

package rheo_test

import (
	"errors"
	"testing"
	"time"

	"rheo.example/rheo"
)

func newGuard(t testing.TB, cfg rheo.GuardConfig) *rheo.Guard {
	t.Helper()
	g, err := rheo.NewGuard(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

func hourly(t testing.TB, burst uint64) *rheo.Bucket {
	return newBucket(t, rheo.BucketConfig{TokensPerPeriod: 1, Period: time.Hour, Burst: burst}, rheo.Now())
}

func TestGuardAsksAllAndGivesBack(t *testing.T) {
	breaker := newBreaker(t, rheo.BreakerConfig{MinimumCalls: 2}, rheo.Now())
	wide, narrow := hourly(t, 100), hourly(t, 3)
	g := newGuard(t, rheo.GuardConfig{Breaker: breaker, Buckets: []*rheo.Bucket{wide, narrow}})
	if err := g.DoN(2, func() error { return nil }); err != nil {
		t.Error(err)
	}
	v := g.TryAcquire(2)
	var e *rheo.Error
	if v.OK() || v.RefusedBy != rheo.ByBucket+1 || v.Bucket != 1 || v.Limit != 3 || v.Remaining != 1 || v.Cost != 0 ||
		!errors.Is(v.Err(), rheo.RateLimited) || !errors.As(v.Err(), &e) || e.RetryAfter < 59*time.Minute {
		t.Errorf("%+v", v)
	}
	if n, _ := wide.Available(rheo.Now()); n != 98 {
		t.Errorf("a refusal has spent nothing: %d", n)
	}
	// A call that was not made costs nothing.
	if err := g.Do(func() error { return rheo.ErrNotCalled }); err != rheo.ErrNotCalled {
		t.Error(err)
	}
	if n, _ := narrow.Available(rheo.Now()); n != 1 {
		t.Errorf("%d", n)
	}
	for i := 0; i < 2; i++ {
		permit, _ := breaker.TryAcquire()
		breaker.Record(permit, rheo.Failure)
	}
	err := g.Do(func() error { t.Error("called"); return nil })
	if !errors.Is(err, rheo.BreakerOpen) || !errors.As(err, &e) || e.RetryAfter <= 4*time.Second {
		t.Error(err)
	}
	s, err := g.Stats()
	if err != nil || s.RefusedByBreaker != 1 || s.RefusedByBucket != [4]uint64{0, 1, 0, 0} || s.Cancelled != 1 {
		t.Errorf("%+v, %v", s, err)
	}
}

func TestGuardReportsPanicsAndClassifies(t *testing.T) {
	breaker := newBreaker(t, rheo.BreakerConfig{MinimumCalls: 100}, rheo.Now())
	g := newGuard(t, rheo.GuardConfig{Breaker: breaker, Classify: func(error) rheo.Outcome { return rheo.Ignored }})
	func() {
		defer func() { recover() }()
		g.Do(func() error { panic(1) })
	}()
	g.Do(func() error { return errIll })
	if n, err := rheo.Do(g, func() (int, error) { return 3, nil }); n != 3 || err != nil {
		t.Error(n, err)
	}
	if s := snapshot(t, breaker); s.Failures != 1 || s.Ignored != 1 || s.Successes != 1 {
		t.Errorf("%+v", s)
	}
	// Without one of its own it has the breaker's.
	breaker = newBreaker(t, rheo.BreakerConfig{Classify: func(error) rheo.Outcome { return rheo.Ignored }}, rheo.Now())
	newGuard(t, rheo.GuardConfig{Breaker: breaker}).Do(func() error { return errIll })
	if s := snapshot(t, breaker); s.Ignored != 1 || s.Failures != 0 {
		t.Errorf("%+v", s)
	}
}

func TestShadowAdmitsAndLeanSaysLess(t *testing.T) {
	g := newGuard(t, rheo.GuardConfig{Buckets: []*rheo.Bucket{hourly(t, 1)}, Shadow: true})
	g.TryAcquire(1)
	v := g.TryAcquire(1)
	if !v.OK() || v.ShadowStatus != rheo.RateLimited || v.RefusedBy != rheo.ByBucket {
		t.Errorf("%+v", v)
	}
	lean := newGuard(t, rheo.GuardConfig{Buckets: []*rheo.Bucket{hourly(t, 1)}, Lean: true})
	if v := lean.TryAcquire(1); !v.OK() || v.Bucket != -1 || v.Limit != 0 {
		t.Errorf("%+v", v)
	}
	if d, err := lean.Tick(rheo.Now()); err != nil || d <= 0 {
		t.Error(d, err)
	}
}

func TestGuardsThatAreWrongAreRefused(t *testing.T) {
	b := hourly(t, 1)
	for field, cfg := range map[string]rheo.GuardConfig{
		"breaker": {},
		"bucket":  {Buckets: []*rheo.Bucket{b, b}},
		"lanes":   {Buckets: []*rheo.Bucket{b}, Lanes: 65},
	} {
		_, err := rheo.NewGuard(cfg)
		wantField(t, err, field)
	}
	_, err := rheo.NewGuard(rheo.GuardConfig{Buckets: []*rheo.Bucket{nil}})
	wantField(t, err, "bucket")
	_, err = rheo.NewGuard(rheo.GuardConfig{Buckets: []*rheo.Bucket{b, hourly(t, 1), hourly(t, 1), hourly(t, 1), hourly(t, 1)}})
	wantField(t, err, "bucket")
	v := newGuard(t, rheo.GuardConfig{Buckets: []*rheo.Bucket{b}}).TryAcquire(0)
	wantStatus(t, "cost 0", v.Status, rheo.InvalidArgument)
}
