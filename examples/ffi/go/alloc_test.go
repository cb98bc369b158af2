// SPDX-License-Identifier: BSD-2-Clause

package rheo_test

import (
	"testing"
	"time"

	"rheo.example/rheo"
)

func TestCallsOnARequestsPathDoNotAllocate(t *testing.T) {
	bucket := hourly(t, 1<<40)
	breaker := newBreaker(t, rheo.BreakerConfig{}, rheo.Now())
	guard := newGuard(t, rheo.GuardConfig{Breaker: breaker, Buckets: []*rheo.Bucket{bucket}})
	batch, err := rheo.NewBatch(rheo.BucketConfig{TokensPerPeriod: 1, Period: time.Hour, Burst: 1 << 30}, 2)
	if err != nil {
		t.Fatal(err)
	}
	nothing := func() error { return nil }
	for what, call := range map[string]func(){
		"Bucket.Allow":     func() { bucket.Allow() },
		"Bucket.TakeUpTo":  func() { bucket.TakeUpTo(3, 0) },
		"Bucket.Quota":     func() { bucket.Quota(0) },
		"Breaker.Record":   func() { permit, _ := breaker.TryAcquire(); breaker.Record(permit, rheo.Success) },
		"Breaker.Do":       func() { breaker.Do(nothing) },
		"Guard.Do":         func() { guard.Do(nothing) },
		"Guard.TryAcquire": func() { v := guard.TryAcquire(1); guard.Cancel(v) },
		"Batch.Allow":      func() { batch.Allow() },
		"Now":              func() { rheo.Now() },
	} {
		if n := testing.AllocsPerRun(100, call); n != 0 {
			t.Errorf("%s: %v allocations", what, n)
		}
	}
}
