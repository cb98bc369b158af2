// SPDX-License-Identifier: BSD-2-Clause

package rheo_test

import (
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"rheo.example/rheo"
)

// guardOnly makes a guard whose parts nobody else knows.
func guardOnly(t *testing.T) *rheo.Guard {
	breaker := newBreaker(t, rheo.BreakerConfig{MinimumCalls: 1, ConsecutiveFailures: 1}, 0)
	bucket := newBucket(t, rheo.BucketConfig{TokensPerPeriod: 1, Period: time.Hour, Burst: 2}, 0)
	return newGuard(t, rheo.GuardConfig{Breaker: breaker, Buckets: []*rheo.Bucket{bucket}})
}

// run.sh sets MALLOC_PERTURB_, so that what is freed too early does not look right by chance.
func TestGuardKeepsItsPartsAndMemoryGoesBack(t *testing.T) {
	runtime.GC()
	before := rheo.Blocks()
	stop := make(chan struct{})
	var collector sync.WaitGroup
	collector.Add(1)
	go func() {
		defer collector.Done()
		for {
			select {
			case <-stop:
				return
			default:
				runtime.GC()
			}
		}
	}()
	var callers sync.WaitGroup
	for c := 0; c < 4; c++ {
		callers.Add(1)
		go func() {
			defer callers.Done()
			for i := 0; i < 300; i++ {
				g := guardOnly(t)
				for n := 0; n < 3; n++ {
					runtime.Gosched()
					v := g.TryAcquireAt(1, uint64(n))
					want := rheo.OK
					if n == 2 {
						want = rheo.RateLimited
					}
					if v.Status != want {
						t.Errorf("call %d: %s, want %s", n, v.Status.Name(), want.Name())
						return
					}
					if v.OK() {
						if s := g.RecordAt(v.Permit, rheo.Success, uint64(n)); s != rheo.OK {
							t.Errorf("record: %s", s.Name())
							return
						}
					}
				}
				if i%3 == 0 {
					g.Close()
				}
			}
		}()
	}
	callers.Wait()
	close(stop)
	collector.Wait()
	for deadline := time.Now().Add(10 * time.Second); rheo.Blocks() > before; {
		if time.Now().After(deadline) {
			t.Fatalf("%d blocks of memory were not freed", rheo.Blocks()-before)
		}
		runtime.GC()
		time.Sleep(time.Millisecond)
	}
}

func TestMemoryOfWhatIsUsedIsNotFreed(t *testing.T) {
	b := newBucket(t, rheo.BucketConfig{TokensPerPeriod: 1, Burst: 1}, 0)
	held := rheo.Blocks()
	for i := 0; i < 5; i++ {
		runtime.GC()
		time.Sleep(time.Millisecond)
	}
	if rheo.Blocks() > held || rheo.Blocks() < 1 {
		t.Errorf("%d blocks", rheo.Blocks())
	}
	wantStatus(t, "after collections", b.TryAcquireAt(1, 0), rheo.OK)
}

func TestCloseWhileOthersCall(t *testing.T) {
	for i := 0; i < 50; i++ {
		g := guardOnly(t)
		var wrong atomic.Int32
		var wg sync.WaitGroup
		for c := 0; c < 3; c++ {
			wg.Add(1)
			go func() {
				defer wg.Done()
				for n := uint64(0); ; n++ {
					switch s := g.TryAcquireAt(1, n).Status; s {
					case rheo.OK, rheo.RateLimited:
					case rheo.InvalidArgument:
						return // closed
					default:
						wrong.Store(int32(s))
						return
					}
				}
			}()
		}
		runtime.Gosched()
		g.Close()
		runtime.GC()
		wg.Wait()
		if s := rheo.Status(wrong.Load()); s != rheo.OK {
			t.Fatal(s.Name())
		}
	}
}

func TestBucketKeepsTheBoundAmongGoroutines(t *testing.T) {
	for _, lanes := range []uint32{1, 2} {
		cfg := rheo.BucketConfig{TokensPerPeriod: 1009, Burst: 640, Lanes: lanes}
		b := newBucket(t, cfg, 0)
		var clock, total atomic.Uint64
		var wg sync.WaitGroup
		for g := 0; g < 6; g++ {
			wg.Add(1)
			go func() {
				defer wg.Done()
				for now := uint64(0); now < 5*second; now = clock.Add(100_000) {
					for b.AllowAt(1, now) {
						total.Add(1)
					}
				}
			}()
		}
		wg.Wait()
		// No decision was later than 5 s and none earlier than 0.
		if most := cfg.Burst + 5*cfg.TokensPerPeriod; total.Load() > most || total.Load() < most*9/10 {
			t.Errorf("lanes %d: %d of %d", lanes, total.Load(), most)
		}
	}
}
