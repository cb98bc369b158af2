// SPDX-License-Identifier: BSD-2-Clause

package rheo_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"rheo.example/rheo"
)

func TestBucketAllowsWhatThereIs(t *testing.T) {
	b := newBucket(t, rheo.BucketConfig{TokensPerPeriod: 1, Period: time.Hour, Burst: 5}, rheo.Now())
	if !b.Allow() || !b.AllowN(3) || b.AllowN(2) || !b.Allow() || b.Allow() {
		t.Error("5 of 5, and no more")
	}
	if err := b.Refund(2); err != nil || !b.AllowN(2) {
		t.Error("what is given back is there", err)
	}
	if err := b.Charge(7); err != nil {
		t.Error(err)
	}
	if wait, err := b.WaitTime(1, rheo.Now()); err != nil || wait < 7*time.Hour || wait > 8*time.Hour {
		t.Error("in debt", wait, err)
	}
	s, err := b.Stats()
	if err != nil || s.Admitted != 7 || s.Refunded != 2 || s.Charged != 7 || s.RefusedRate != 2 || s.Level != -7 {
		t.Errorf("%+v, %v", s, err)
	}
}

func TestBucketConfigurationIsWhatWasSet(t *testing.T) {
	set := rheo.BucketConfig{TokensPerPeriod: 3, Period: time.Minute, Burst: 7, MaxDebt: 2, Lanes: 1, CounterLanes: 2, StartEmpty: true}
	b := newBucket(t, set, 0)
	if got, err := b.Config(); err != nil || got != set {
		t.Errorf("%+v, %v", got, err)
	}
	if b.AllowAt(1, 0) || !b.AllowAt(1, 20*second) {
		t.Error("it begins empty")
	}
	set.TokensPerPeriod, set.Burst = 60, 70
	if err := b.Reconfigure(set, 20*second, rheo.KeepLevel); err != nil {
		t.Error(err)
	}
	if !b.AllowAt(1, 21*second) || b.AllowAt(1, 21*second) {
		t.Error("it goes by the new rate")
	}
	if err := b.Reconfigure(set, 0, rheo.Level(9)); !errors.Is(err, rheo.InvalidArgument) {
		t.Error(err)
	}
	lanes := newBucket(t, rheo.BucketConfig{TokensPerPeriod: 1, Burst: 1 << 20, Lanes: 4}, 0)
	if s, err := lanes.Stats(); err != nil || s.Lanes != 4 || s.MaxCost >= 1<<20 {
		t.Errorf("%+v, %v", s, err)
	}
	defaults, err := newBucket(t, rheo.BucketConfig{TokensPerPeriod: 1, Burst: 1}, 0).Config()
	if err != nil || defaults.Period != time.Second || defaults.Lanes != 1 || defaults.StartEmpty {
		t.Errorf("%+v, %v", defaults, err)
	}
}

func TestQuotaIsOfTheBucket(t *testing.T) {
	b := newBucket(t, rheo.BucketConfig{TokensPerPeriod: 2, Burst: 3}, 0)
	b.AllowAt(2, second)
	want := rheo.Quota{
		Limit: 3, Window: 1500 * time.Millisecond, Remaining: 1,
		More: 500 * time.Millisecond, Full: time.Second, TimeNS: second,
	}
	if got, err := b.Quota(second); err != nil || got != want {
		t.Errorf("%+v, %v; want %+v", got, err, want)
	}
}

func TestReservationsQueueAndCanBeCancelled(t *testing.T) {
	b := newBucket(t, rheo.BucketConfig{TokensPerPeriod: 10, Burst: 1, MaxDebt: 3}, 0)
	if r := b.ReserveAt(1, 0, rheo.Forever); !r.OK() || r.DelayFrom(0) != 0 || r.Err() != nil {
		t.Error("the first is at once", r.Err())
	}
	second := b.ReserveAt(1, 0, rheo.Forever)
	third := b.ReserveAt(1, 0, rheo.Forever)
	if second.DelayFrom(0) != 100*time.Millisecond || third.DelayFrom(5e7) != 150*time.Millisecond || third.DelayFrom(1e9) != 0 {
		t.Error(second.DelayFrom(0), third.DelayFrom(5e7), third.DelayFrom(1e9))
	}
	if r := b.ReserveAt(1, 0, 299*time.Millisecond); r.OK() || r.DelayFrom(0) != rheo.Forever || !errors.Is(r.Err(), rheo.RateLimited) {
		t.Error("longer than it would wait")
	}
	third.Cancel()
	third.Cancel() // no second time
	if r := b.ReserveAt(1, 0, rheo.Forever); r.Wait() != 200*time.Millisecond {
		t.Error("the cancelled place is free again, once", r.Wait())
	}
	if r := b.ReserveAt(2, 0, rheo.Forever); r.OK() || !errors.Is(r.Err(), rheo.NeverPasses) {
		t.Error(r.Err())
	}
	if r := b.ReserveAt(0, 0, 0); r.OK() || !errors.Is(r.Err(), rheo.InvalidArgument) {
		t.Error(r.Err())
	}
}

func TestWaitWaitsNoLongerThanItMust(t *testing.T) {
	for _, debt := range []uint64{0, 10} {
		b := newBucket(t, rheo.BucketConfig{TokensPerPeriod: 100, Burst: 1, MaxDebt: debt}, rheo.Now())
		begin := rheo.Now()
		for i := 0; i < 4; i++ {
			if err := b.Wait(context.Background()); err != nil {
				t.Fatal(err)
			}
		}
		if took := rheo.Now() - begin; took < 29e6 {
			t.Errorf("4 tokens of which 1 is there, at 100 a second: %d ns", took)
		}
		if err := b.WaitN(context.Background(), 2); !errors.Is(err, rheo.NeverPasses) {
			t.Error(err)
		}
	}
}

func TestWaitThatWouldBeTooLongIsRefusedAtOnce(t *testing.T) {
	for _, debt := range []uint64{0, 10} {
		b := newBucket(t, rheo.BucketConfig{TokensPerPeriod: 1, Period: time.Hour, Burst: 1, MaxDebt: debt}, rheo.Now())
		b.Allow()
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		var e *rheo.Error
		if err := b.Wait(ctx); !errors.Is(err, rheo.RateLimited) || !errors.As(err, &e) || e.RetryAfter < 59*time.Minute {
			t.Error(err)
		}
		cancel()
		if err := b.Wait(ctx); err != context.Canceled {
			t.Error(err)
		}
		if s, _ := b.Stats(); s.Level != 0 {
			t.Errorf("nothing is taken: %d", s.Level)
		}
	}
}

func TestWaitThatIsCancelledGivesItsPlaceBack(t *testing.T) {
	b := newBucket(t, rheo.BucketConfig{TokensPerPeriod: 1, Period: time.Hour, Burst: 1, MaxDebt: 1}, rheo.Now())
	b.Allow()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error)
	go func() { done <- b.Wait(ctx) }()
	for level := int64(0); level != -1; {
		s, err := b.Stats()
		if err != nil {
			t.Fatal(err)
		}
		level = s.Level
		time.Sleep(time.Millisecond)
	}
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	if s, _ := b.Stats(); s.Level != 0 {
		t.Errorf("%d", s.Level)
	}
}

func TestClosedObjectsRefuse(t *testing.T) {
	b := newBucket(t, rheo.BucketConfig{TokensPerPeriod: 1, Burst: 1}, 0)
	k := newBreaker(t, rheo.BreakerConfig{}, 0)
	g, err := rheo.NewGuard(rheo.GuardConfig{Breaker: k, Buckets: []*rheo.Bucket{b}})
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < 2; i++ { // twice
		b.Close()
		k.Close()
	}
	wantStatus(t, "bucket", b.TryAcquireAt(1, 0), rheo.InvalidArgument)
	wantStatus(t, "bucket", statusOf(b.Refund(1)), rheo.InvalidArgument)
	_, err = b.Config()
	wantStatus(t, "bucket", statusOf(err), rheo.InvalidArgument)
	_, s := k.TryAcquire()
	wantStatus(t, "breaker", s, rheo.InvalidArgument)
	_, err = k.Snapshot(0)
	wantStatus(t, "breaker", statusOf(err), rheo.InvalidArgument)
	wantStatus(t, "breaker", statusOf(k.Do(func() error { t.Error("called"); return nil })), rheo.InvalidArgument)
	// A guard that has them goes on.
	wantStatus(t, "guard", g.TryAcquire(1).Status, rheo.OK)
	g.Close()
	g.Close()
	wantStatus(t, "guard", g.TryAcquire(1).Status, rheo.InvalidArgument)
	_, err = g.Stats()
	wantStatus(t, "guard", statusOf(err), rheo.InvalidArgument)
	_, err = rheo.NewGuard(rheo.GuardConfig{Breaker: k})
	wantField(t, err, "breaker")
	_, err = rheo.NewGuard(rheo.GuardConfig{Buckets: []*rheo.Bucket{b}})
	wantField(t, err, "bucket")
}
