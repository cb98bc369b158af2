// SPDX-License-Identifier: BSD-2-Clause

// The limiters and breakers of Go, with the testing package's own benchmark loop:
// a plain loop on one processor, RunParallel on two.
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"sync/atomic"
	"testing"
	"time"

	"github.com/juju/ratelimit"
	"github.com/sony/gobreaker/v2"
	uber "go.uber.org/ratelimit"
	"golang.org/x/time/rate"
)

const perBatch = 1000

// A batch makes so many calls and says how many came out as they must.
type batch func(calls int) (right int)

type contender struct {
	library, module, mode, outcome, clock string
	make                                  func() any
	loop                                  func(object any) batch
}

// --- golang.org/x/time/rate ---

func fullRate() any { return rate.NewLimiter(1e9, 1e9) }

func emptyRate() any {
	l := rate.NewLimiter(1e-6, 1)
	l.Allow()
	return l
}

func allow(object any, want bool) batch {
	l := object.(*rate.Limiter)
	return func(calls int) (right int) {
		for range calls {
			if l.Allow() == want {
				right++
			}
		}
		return
	}
}

// As its own benchmark does: one time for all calls.
func allowAt(object any, want bool) batch {
	l := object.(*rate.Limiter)
	now := time.Now()
	return func(calls int) (right int) {
		for range calls {
			if l.AllowN(now, 1) == want {
				right++
			}
		}
		return
	}
}

// --- juju, uber ---

func fullJuju() any { return ratelimit.NewBucket(time.Nanosecond, 1e9) }

func emptyJuju() any {
	b := ratelimit.NewBucket(time.Hour, 1)
	b.TakeAvailable(1)
	return b
}

func takeAvailable(object any, want int64) batch {
	b := object.(*ratelimit.Bucket)
	return func(calls int) (right int) {
		for range calls {
			if b.TakeAvailable(1) == want {
				right++
			}
		}
		return
	}
}

// It has no refusal: it sleeps.
func take(object any) batch {
	l := object.(uber.Limiter)
	return func(calls int) (right int) {
		for range calls {
			if !l.Take().IsZero() {
				right++
			}
		}
		return
	}
}

// --- sony/gobreaker ---

var errFails = errors.New("fails")

var hour = gobreaker.Settings{Timeout: time.Hour}

var rolling = gobreaker.Settings{Timeout: time.Hour, Interval: 10 * time.Second, BucketPeriod: time.Second}

func nothing() (int, error) { return 1, nil }

func closed(s gobreaker.Settings) any { return gobreaker.NewCircuitBreaker[int](s) }

func open(s gobreaker.Settings) any {
	b := gobreaker.NewCircuitBreaker[int](s)
	for b.State() == gobreaker.StateClosed {
		b.Execute(func() (int, error) { return 0, errFails })
	}
	return b
}

func execute(object any, want error) batch {
	b := object.(*gobreaker.CircuitBreaker[int])
	return func(calls int) (right int) {
		for range calls {
			if _, err := b.Execute(nothing); err == want {
				right++
			}
		}
		return
	}
}

func closedTwoStep() any { return gobreaker.NewTwoStepCircuitBreaker[int](hour) }

func openTwoStep() any {
	b := gobreaker.NewTwoStepCircuitBreaker[int](hour)
	for b.State() == gobreaker.StateClosed {
		if done, err := b.Allow(); err == nil {
			done(errFails)
		}
	}
	return b
}

func twoStep(object any, want error) batch {
	b := object.(*gobreaker.TwoStepCircuitBreaker[int])
	return func(calls int) (right int) {
		for range calls {
			done, err := b.Allow()
			if err == nil {
				done(nil)
			}
			if err == want {
				right++
			}
		}
		return
	}
}

const (
	xtime = "golang.org/x/time"
	juju  = "github.com/juju/ratelimit"
	ubers = "go.uber.org/ratelimit"
	sony  = "github.com/sony/gobreaker/v2"
)

func with(s gobreaker.Settings, make func(gobreaker.Settings) any) func() any {
	return func() any { return make(s) }
}

func expecting[T any](want T, loop func(any, T) batch) func(any) batch {
	return func(object any) batch { return loop(object, want) }
}

var isOpen = gobreaker.ErrOpenState

var contenders = []contender{
	{"x/time/rate", xtime, "Allow", "accept", "yes", fullRate, expecting(true, allow)},
	{"x/time/rate", xtime, "Allow", "refuse", "yes", emptyRate, expecting(false, allow)},
	{"x/time/rate", xtime, "AllowN, time given", "accept", "no", fullRate, expecting(true, allowAt)},
	{"x/time/rate", xtime, "AllowN, time given", "refuse", "no", emptyRate, expecting(false, allowAt)},
	{"juju/ratelimit", juju, "TakeAvailable", "accept", "yes", fullJuju, expecting(int64(1), takeAvailable)},
	{"juju/ratelimit", juju, "TakeAvailable", "refuse", "yes", emptyJuju, expecting(int64(0), takeAvailable)},
	{"uber-go/ratelimit", ubers, "Take, never has to wait", "accept", "yes",
		func() any { return uber.New(1e9, uber.WithSlack(1e6)) }, take},
	{"sony/gobreaker", sony, "Execute", "closed", "yes", with(hour, closed), expecting[error](nil, execute)},
	{"sony/gobreaker", sony, "Execute", "open", "yes", with(hour, open), expecting(isOpen, execute)},
	{"sony/gobreaker", sony, "Execute, rolling window", "closed", "yes", with(rolling, closed), expecting[error](nil, execute)},
	{"sony/gobreaker", sony, "Execute, rolling window", "open", "yes", with(rolling, open), expecting(isOpen, execute)},
	{"sony/gobreaker", sony, "two step", "closed", "yes", closedTwoStep, expecting[error](nil, twoStep)},
	{"sony/gobreaker", sony, "two step", "open", "yes", openTwoStep, expecting(isOpen, twoStep)},
}

func heap() uint64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// What one more of them adds to the heap.
func bytesOf(make func() any) int64 {
	const many = 5000
	kept := [many]any{}
	before := heap()
	for i := range kept {
		kept[i] = make()
	}
	after := heap()
	runtime.KeepAlive(&kept)
	return (int64(after) - int64(before) + many/2) / many
}

func version(module string) string {
	info, _ := debug.ReadBuildInfo()
	for _, d := range info.Deps {
		if d.Path == module {
			return d.Version
		}
	}
	return "?"
}

func measure(c contender, threads int, bytes int64) bool {
	runtime.GOMAXPROCS(threads)
	run := c.loop(c.make())
	var wrong atomic.Int64
	check := func(right int) {
		if right != perBatch {
			wrong.Add(1)
		}
	}
	check(run(perBatch)) // warm
	r := testing.Benchmark(func(b *testing.B) {
		b.ReportAllocs()
		if threads == 1 {
			for range b.N {
				check(run(perBatch))
			}
			return
		}
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				check(run(perBatch))
			}
		})
	})
	if wrong.Load() != 0 {
		fmt.Fprintf(os.Stderr, "%s, %s: not every call came to: %s\n", c.library, c.mode, c.outcome)
		return false
	}
	calls := float64(r.N) * perBatch
	fmt.Printf("Go\t%s\t%s\t%s\t%s\t%d\t%.2f\t%d\t%.0f\t%s\n", c.library, version(c.module), c.mode, c.outcome, threads,
		float64(r.T.Nanoseconds())*float64(threads)/calls, bytes, float64(r.MemBytes)/calls, c.clock)
	return true
}

func main() {
	ms := os.Getenv("RIVAL_MS")
	if ms == "" {
		ms = "100"
	}
	testing.Init()
	flag.Set("test.benchtime", ms+"ms")
	ok := true
	for _, c := range contenders {
		bytes := bytesOf(c.make)
		ok = measure(c, 1, bytes) && measure(c, 2, bytes) && ok
	}
	if !ok {
		os.Exit(1)
	}
}
