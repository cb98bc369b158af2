// SPDX-License-Identifier: BSD-2-Clause

//go:build !alone

package main

import (
	"time"

	"github.com/juju/ratelimit"
	"github.com/sony/gobreaker/v2"
	uber "go.uber.org/ratelimit"
	"golang.org/x/time/rate"
)

// rivals in their fastest documented modes, all of whose calls pass.
func rivals() []contender {
	limiter := rate.NewLimiter(1e9, 1e9)
	bucket := ratelimit.NewBucket(time.Nanosecond, 1e9)
	paced := uber.New(1e9, uber.WithSlack(1e6))
	hour := gobreaker.Settings{Timeout: time.Hour}
	breaker := gobreaker.NewCircuitBreaker[int](hour)
	nothing := func() (int, error) { return 1, nil }
	const (
		xtime = "golang.org/x/time"
		juju  = "github.com/juju/ratelimit"
		ubers = "go.uber.org/ratelimit"
		sony  = "github.com/sony/gobreaker/v2"
	)
	return []contender{
		{"rival", "x/time/rate Allow", xtime, count(limiter.Allow)},
		{"rival", "x/time/rate AllowN, time given", xtime, func(n int) (right int) {
			now := time.Now()
			for i := 0; i < n; i++ {
				if limiter.AllowN(now, 1) {
					right++
				}
			}
			return right
		}},
		{"rival", "juju/ratelimit TakeAvailable", juju, count(func() bool { return bucket.TakeAvailable(1) == 1 })},
		{"rival", "uber-go/ratelimit Take, never has to wait", ubers, count(func() bool { return !paced.Take().IsZero() })},
		{"rival", "sony/gobreaker Execute, closed", sony, count(func() bool { _, err := breaker.Execute(nothing); return err == nil })},
	}
}
