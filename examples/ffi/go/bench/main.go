// SPDX-License-Identifier: BSD-2-Clause

// What a decision costs from Go, on one thread, beside Go's own limiters. One
// row a contender: language, kind, name, version, minimum and median ns a call.
package main

import (
	"flag"
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"sort"
	"testing"
	"time"

	"rheo.example/rheo"
)

const (
	rounds = 7
	each   = 60 * time.Millisecond
	second = uint64(1e9)
)

// A contender's loop makes n calls and says how many came out as they must.
type contender struct {
	kind, name, module string
	loop               func(n int) (right int)
}

func must[T any](made T, err error) T {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	return made
}

// So much of everything that all pass.
var plenty = rheo.BucketConfig{TokensPerPeriod: 1e12, Burst: 1 << 40}

func count(try func() bool) func(int) int {
	return func(n int) (right int) {
		for i := 0; i < n; i++ {
			if try() {
				right++
			}
		}
		return right
	}
}

func call() error { return nil }

func ours() []contender {
	bucket := must(rheo.NewBucket(plenty))
	// One time for all calls of a round, as a loop that has the time anyway.
	given := must(rheo.NewBucketAt(plenty, 0))
	now := uint64(0)
	breaker := must(rheo.NewBreaker(rheo.BreakerConfig{}))
	guard := must(rheo.NewGuard(rheo.GuardConfig{Breaker: breaker, Buckets: []*rheo.Bucket{must(rheo.NewBucket(plenty))}}))
	lean := must(rheo.NewGuard(rheo.GuardConfig{Breaker: breaker, Buckets: []*rheo.Bucket{must(rheo.NewBucket(plenty))}, Lean: true}))
	empty := must(rheo.NewBatch(rheo.BucketConfig{TokensPerPeriod: 1, Period: time.Hour, Burst: 2}, 1))
	for empty.Allow() {
	}
	list := []contender{
		{"bare", "a call into C: rheo_version", "", func(n int) (right int) {
			for i := 0; i < n; i++ {
				if rheo.VersionNumber() != 0 {
					right++
				}
			}
			return right
		}},
		{"rheo", "try_acquire, no clock: Bucket.TryAcquirePublished", "", func(n int) (right int) {
			for i := 0; i < n; i++ {
				if given.TryAcquirePublished(1) == rheo.OK {
					right++
				}
			}
			now += second
			given.Refill(now)
			return right
		}},
		{"rheo", "try_acquire_at, time given: Bucket.AllowAt", "", func(n int) (right int) {
			now += second
			for i := 0; i < n; i++ {
				if given.AllowAt(1, now) {
					right++
				}
			}
			return right
		}},
		{"rheo", "wrapper, reads the clock: Bucket.Allow", "", count(bucket.Allow)},
		{"rheo", "wrapper: Breaker.Do, closed", "", count(func() bool { return breaker.Do(call) == nil })},
		{"rheo", "wrapper: Guard.Do, breaker and bucket", "", count(func() bool { return guard.Do(call) == nil })},
		{"rheo", "wrapper: Guard.Do, lean", "", count(func() bool { return lean.Do(call) == nil })},
		{"batch", "refuse: Batch.Allow", "", count(func() bool { return !empty.Allow() })},
	}
	for _, held := range []uint64{10, 100, 1000} {
		batch := must(rheo.NewBatch(plenty, held))
		list = append(list, contender{"batch", fmt.Sprintf("of %d: Batch.Allow, a token", held), "", func(n int) (right int) {
			for i := 0; i < n; i++ {
				if batch.Allow() {
					right++
				}
			}
			return right
		}})
	}
	return list
}

// measure is ns a call in one round.
func measure(c contender) float64 {
	wrong := 0
	r := testing.Benchmark(func(b *testing.B) {
		if right := c.loop(b.N); right != b.N {
			wrong += b.N - right
		}
	})
	if wrong > 0 {
		fmt.Fprintf(os.Stderr, "%s: %d calls did not come out as they must\n", c.name, wrong)
		os.Exit(1)
	}
	return float64(r.T.Nanoseconds()) / float64(r.N)
}

func version(module string) string {
	if module == "" {
		return rheo.Version()
	}
	info, _ := debug.ReadBuildInfo()
	for _, d := range info.Deps {
		if d.Path == module {
			return d.Version
		}
	}
	return "?"
}

func main() {
	testing.Init()
	// testing.Benchmark takes how long it runs from its flag alone.
	must(0, flag.Set("test.benchtime", each.String()))
	runtime.GOMAXPROCS(1)
	list := append(ours(), rivals()...)
	times := make([][]float64, len(list))
	for round := -1; round < rounds; round++ { // the first warms up
		for i, c := range list {
			if ns := measure(c); round >= 0 {
				times[i] = append(times[i], ns)
			}
		}
	}
	for i, c := range list {
		sort.Float64s(times[i])
		fmt.Printf("go\t%s\t%s\t%s\t%.2f\t%.2f\n", c.kind, c.name, version(c.module), times[i][0], times[i][rounds/2])
	}
}
