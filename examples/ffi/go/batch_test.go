// SPDX-License-Identifier: BSD-2-Clause

package rheo_test

import (
	"math/rand"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"rheo.example/rheo"
)

// spending is how many tokens at which time.
type spending struct{ atNS, tokens uint64 }

// excess is by how much the worst interval, of all there are, passes
// burst + ceil(rate * t); not above 0 where the bound holds. In order of time.
func excess(history []spending, cfg rheo.BucketConfig) (worst int64) {
	period := uint64(cfg.Period)
	if period == 0 {
		period = second
	}
	worst = -1 << 62
	for i := range history {
		sum := uint64(0)
		for _, last := range history[i:] {
			sum += last.tokens
			earned := ((last.atNS-history[i].atNS)*cfg.TokensPerPeriod + period - 1) / period
			if over := int64(sum) - int64(cfg.Burst+earned); over > worst {
				worst = over
			}
		}
	}
	return worst
}

func newBatch(t testing.TB, cfg rheo.BucketConfig, held uint64) *rheo.Batch {
	t.Helper()
	b, err := rheo.NewBatchAt(cfg, held, 0)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// walk asks at random times for random costs and writes down what passed.
func walk(b *rheo.Batch, seed int64, steps int, most uint64) (history []spending) {
	r := rand.New(rand.NewSource(seed))
	now := uint64(0)
	for i := 0; i < steps; i++ {
		switch r.Intn(10) {
		case 0:
			now += uint64(r.Int63n(int64(30 * second))) // idle long enough to fill
		case 1, 2, 3:
			now += uint64(r.Int63n(int64(second / 5)))
		}
		n := 1 + uint64(r.Int63n(3))
		if r.Intn(20) == 0 {
			n = 1 + uint64(r.Int63n(int64(most)))
		}
		if b.AllowAt(n, now) {
			history = append(history, spending{now, n})
		}
	}
	return history
}

func TestBatchKeepsTheBoundOverAllIntervals(t *testing.T) {
	cfg := rheo.BucketConfig{TokensPerPeriod: 7, Burst: 40}
	tight := int64(-1 << 62)
	for seed := int64(0); seed < 40; seed++ {
		for _, held := range []uint64{1, 7, 20, 39} {
			over := excess(walk(newBatch(t, cfg, held), seed, 800, cfg.Burst), cfg)
			if over > 0 {
				t.Fatalf("seed %d, held %d: %d tokens too many", seed, held, over)
			}
			if over > tight {
				tight = over
			}
		}
	}
	if tight != 0 {
		t.Errorf("the bound was never reached, by %d: the walk is too tame", -tight)
	}
}

// The same walk must find the fault of a bucket that is not made smaller by
// what a batch holds.
func TestBoundIsBrokenWhereHeldIsNotTakenOff(t *testing.T) {
	cfg := rheo.BucketConfig{TokensPerPeriod: 7, Burst: 40}
	for seed := int64(0); seed < 40; seed++ {
		b, err := rheo.BatchOn(newBucket(t, cfg, 0), 20)
		if err != nil {
			t.Fatal(err)
		}
		if excess(walk(b, seed, 800, cfg.Burst), cfg) > 0 {
			return
		}
	}
	t.Error("it was not found: the check cannot fail")
}

func TestBatchLosesNothingAtSaturation(t *testing.T) {
	for _, held := range []uint64{1, 10, 90} {
		b := newBatch(t, rheo.BucketConfig{TokensPerPeriod: 1000, Burst: 100}, held)
		spent := uint64(0)
		const end = 10 * second
		for now := uint64(0); now <= end; now += 333_333 {
			for b.AllowAt(1, now) {
				spent++
			}
		}
		// The bucket's burst, and 10 s of the rate; the last step is not on a token.
		if want := 100 - held + 9999; spent != want {
			t.Errorf("held %d: %d of %d", held, spent, want)
		}
	}
}

func TestBatchThatIsDryAsksAgainInTime(t *testing.T) {
	b := newBatch(t, rheo.BucketConfig{TokensPerPeriod: 2000, Burst: 2}, 1)
	if !b.AllowAt(1, 0) || b.AllowAt(1, 0) || b.AllowAt(1, 499_999) || !b.AllowAt(1, 500_000) {
		t.Error("the next token is there after half a millisecond, not sooner or later")
	}
	// Another user of the bucket gives one back: a millisecond later that is seen.
	slow := newBatch(t, rheo.BucketConfig{TokensPerPeriod: 1, Burst: 3}, 1)
	for slow.AllowAt(1, 0) {
	}
	if err := slow.Bucket().Refund(1); err != nil || !slow.AllowAt(1, 1_000_000) {
		t.Error("not seen", err)
	}
}

func TestBatchCostsAndMisuse(t *testing.T) {
	cfg := rheo.BucketConfig{TokensPerPeriod: 1, Burst: 10}
	b := newBatch(t, cfg, 4)
	wantStatus(t, "0", b.TryAcquireAt(0, 0), rheo.InvalidArgument)
	wantStatus(t, "11", b.TryAcquireAt(11, 0), rheo.NeverPasses)
	wantStatus(t, "all ones", b.TryAcquireAt(1<<64-1, 0), rheo.NeverPasses)
	// The whole burst at once: the batch fills first, then the bucket again.
	wantStatus(t, "10 at 0 s", b.TryAcquireAt(10, 0), rheo.RateLimited)
	wantStatus(t, "10 at 3 s", b.TryAcquireAt(10, 3*second), rheo.RateLimited)
	wantStatus(t, "10 at 4 s", b.TryAcquireAt(10, 4*second), rheo.OK)
	wantStatus(t, "1 at 4 s", b.TryAcquireAt(1, 4*second), rheo.RateLimited)
	if err := b.Refund(2); err != nil || !b.AllowAt(2, 4*second) || b.AllowAt(1, 4*second) {
		t.Error("what is given back can be had at once", err)
	}
	for _, held := range []uint64{0, 10, 11} {
		_, err := rheo.NewBatch(cfg, held)
		wantField(t, err, "held")
	}
	_, err := rheo.NewBatch(rheo.BucketConfig{Burst: 10}, 1)
	wantField(t, err, "tokens_per_period")
	_, err = rheo.BatchOn(b.Bucket(), 0)
	wantField(t, err, "held")
}

func TestBatchGivesBackWhatItHoldsOnClose(t *testing.T) {
	bucket := hourly(t, 100)
	a, _ := rheo.BatchOn(bucket, 10)
	if !a.Allow() {
		t.Fatal("refused")
	}
	if n, _ := bucket.Available(rheo.Now()); n != 90 {
		t.Errorf("%d", n)
	}
	for i := 0; i < 2; i++ { // twice
		if err := a.Close(); err != nil {
			t.Error(err)
		}
		if n, _ := bucket.Available(rheo.Now()); n != 99 {
			t.Errorf("%d", n)
		}
	}
	wantStatus(t, "closed", a.TryAcquireAt(1, rheo.Now()), rheo.InvalidArgument)
	if !bucket.Allow() {
		t.Error("the bucket is others' too")
	}
}

// Goroutines ask at the same times; between two rounds time goes on.
func TestBatchKeepsTheBoundAmongGoroutines(t *testing.T) {
	cfg := rheo.BucketConfig{TokensPerPeriod: 997, Burst: 500}
	b := newBatch(t, cfg, 100)
	var history []spending
	r := rand.New(rand.NewSource(1))
	now, total := uint64(0), uint64(0)
	for round := 0; round < 400; round++ {
		now += uint64(r.Int63n(int64(second / 4)))
		if round%50 == 0 {
			now += 2 * second
		}
		var spent atomic.Uint64
		var wg sync.WaitGroup
		for g := 0; g < 6; g++ {
			wg.Add(1)
			go func(n uint64) {
				defer wg.Done()
				for b.AllowAt(n, now) {
					spent.Add(n)
				}
			}(1 + uint64(g)%2)
		}
		wg.Wait()
		history = append(history, spending{now, spent.Load()})
		total += spent.Load()
	}
	if over := excess(history, cfg); over > 0 {
		t.Errorf("%d tokens too many", over)
	}
	b.Close()
	s, err := b.Bucket().Stats()
	if err != nil || s.Admitted-s.Refunded != total {
		t.Errorf("%d taken, %d given back, %d spent, %v", s.Admitted, s.Refunded, total, err)
	}
}

// With the real clock and Close in the middle: what was spent is what was taken.
func TestBatchClosedAmongGoroutinesLosesNoToken(t *testing.T) {
	for i := 0; i < 50; i++ {
		b, err := rheo.NewBatch(rheo.BucketConfig{TokensPerPeriod: 1, Period: time.Hour, Burst: 100000}, 64)
		if err != nil {
			t.Fatal(err)
		}
		var spent atomic.Uint64
		var wg sync.WaitGroup
		for g := 0; g < 4; g++ {
			wg.Add(1)
			go func() {
				defer wg.Done()
				for b.Allow() {
					spent.Add(1)
				}
			}()
		}
		time.Sleep(200 * time.Microsecond)
		b.Close()
		wg.Wait()
		if s, err := b.Bucket().Stats(); err != nil || s.Admitted-s.Refunded != spent.Load() {
			t.Fatalf("%+v, %d, %v", s, spent.Load(), err)
		}
	}
}
