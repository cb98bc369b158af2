// SPDX-License-Identifier: BSD-2-Clause

package rheo

// #include "shim.h"
import "C"

import (
	"runtime"
	"time"
)

// GuardBuckets is how many buckets a guard has at most.
const GuardBuckets = C.RHEO_GUARD_BUCKETS

// Who refused; a bucket is ByBucket plus its index.
const (
	ByNobody  = C.RHEO_BY_NOBODY
	ByBreaker = C.RHEO_BY_BREAKER
	ByBucket  = C.RHEO_BY_BUCKET
)

// GuardConfig: a Breaker, or Buckets, or both.
type GuardConfig struct {
	Breaker *Breaker  // or nil
	Buckets []*Bucket // the one first that refuses most
	Shadow  bool      // decide and count, but admit
	Lean    bool      // verdicts that admit say nothing of the buckets, and cost less
	Lanes   uint32    // default: as many as CPUs

	// Classify says for Do what an error of the call means; nil: as the Breaker's does.
	Classify func(error) Outcome
}

// Guard asks a breaker and buckets as one. It keeps them alive.
type Guard struct {
	m        *memory
	breaker  *Breaker
	buckets  []*Bucket
	classify func(error) Outcome
}

// NewGuard makes a guard.
func NewGuard(cfg GuardConfig) (*Guard, error) { return NewGuardAt(cfg, Now()) }

// NewGuardAt is NewGuard with its clock beginning at nowNS.
func NewGuardAt(cfg GuardConfig, nowNS uint64) (*Guard, error) {
	if len(cfg.Buckets) > GuardBuckets {
		return nil, invalid("bucket")
	}
	g := &Guard{breaker: cfg.Breaker, buckets: append([]*Bucket(nil), cfg.Buckets...), classify: cfg.Classify}
	var breaker C.uintptr_t
	if g.breaker != nil {
		if breaker = g.breaker.m.h(); breaker == 0 {
			return nil, invalid("breaker")
		}
		if g.classify == nil {
			g.classify = g.breaker.classify
		}
	}
	var bucket [GuardBuckets]C.uintptr_t
	for i, b := range g.buckets {
		// C takes NULL for no limit; a nil or closed one here is a mistake.
		if b == nil || b.m.h() == 0 {
			return nil, invalid("bucket")
		}
		bucket[i] = b.m.h()
	}
	var flags C.uint32_t
	if cfg.Shadow {
		flags |= C.RHEO_GUARD_SHADOW
	}
	if cfg.Lean {
		flags |= C.RHEO_GUARD_LEAN
	}
	var c C.rheo_guard_config_t
	C.rheogo_guard_config(&c, flags, C.uint32_t(cfg.Lanes), breaker, bucket[0], bucket[1], bucket[2], bucket[3])
	size := C.rheo_guard_size(&c)
	if size == 0 {
		return nil, invalid(guardFault(cfg))
	}
	m, at, size, err := place(nil, size)
	if err != nil {
		return nil, err
	}
	var handle *C.rheo_guard_t
	if s := Status(C.rheo_guard_init(at, size, &c, C.uint64_t(nowNS), &handle)); s != OK {
		return nil, memoryFault(s)
	}
	m.set(C.rheogo_guard_handle(handle))
	g.m = m
	runtime.KeepAlive(g)
	return g, nil
}

// guardFault is the field for which C refused; it has no function that tells.
func guardFault(cfg GuardConfig) string {
	if cfg.Breaker == nil && len(cfg.Buckets) == 0 {
		return "breaker"
	}
	if cfg.Lanes > 64 {
		return "lanes"
	}
	return "bucket"
}

func (g *Guard) c() *C.rheo_guard_t { return C.rheogo_guard(g.m.h()) }

// Close makes every later call on it fail, as Bucket.Close does; its parts stay.
func (g *Guard) Close() error { g.m.close(); return nil }

// Breaker is the one it asks, or nil.
func (g *Guard) Breaker() *Breaker { return g.breaker }

// Buckets are those it asks, in their order.
func (g *Guard) Buckets() []*Bucket { return append([]*Bucket(nil), g.buckets...) }

// Verdict is what a guard decided. The fields after RetryAfter are of the bucket
// that refused, or else of the one with the fewest tokens left.
type Verdict struct {
	Status       Status
	ShadowStatus Status // with Shadow: what it would have been
	RefusedBy    uint32 // ByNobody, ByBreaker, ByBucket + index
	Bucket       int    // which the fields below are about; -1: none
	Permit       Permit
	Cost         uint64 // tokens taken from each bucket, for Cancel
	RetryAfter   time.Duration
	Limit        uint64
	Window       time.Duration
	Remaining    uint64
	More         time.Duration
	Reset        time.Duration
	DecidedNS    uint64
}

// OK says whether the call may be made.
func (v *Verdict) OK() bool { return v.Status == OK }

// Err is nil if the call may be made, else an *Error.
func (v *Verdict) Err() error {
	if v.Status == OK {
		return nil
	}
	return &Error{Status: v.Status, RetryAfter: v.RetryAfter}
}

func verdictOf(c C.rheo_verdict_t) Verdict {
	return Verdict{
		Status:       Status(c.status),
		ShadowStatus: Status(c.shadow_status),
		RefusedBy:    uint32(c.refused_by),
		Bucket:       int(int32(c.bucket)),
		Permit:       Permit(c.permit),
		Cost:         uint64(c.cost),
		RetryAfter:   durationOf(c.retry_after_ns),
		Limit:        uint64(c.limit),
		Window:       durationOf(c.window_ns),
		Remaining:    uint64(c.remaining),
		More:         durationOf(c.more_ns),
		Reset:        durationOf(c.reset_ns),
		DecidedNS:    uint64(c.decided_ns),
	}
}

// TryAcquire asks all parts for a call of this cost. A verdict that is OK must be
// reported, by Record or Cancel.
func (g *Guard) TryAcquire(cost uint64) Verdict {
	v := C.rheogo_guard_try_acquire(g.m.h(), C.uint64_t(cost))
	runtime.KeepAlive(g)
	return verdictOf(v)
}

// TryAcquireAt is TryAcquire at a time of the caller's.
func (g *Guard) TryAcquireAt(cost, nowNS uint64) Verdict {
	v := C.rheogo_guard_try_acquire_at(g.m.h(), C.uint64_t(cost), C.uint64_t(nowNS))
	runtime.KeepAlive(g)
	return verdictOf(v)
}

// Record reports how the call went that permit admitted: OK, or Stale.
func (g *Guard) Record(permit Permit, outcome Outcome) Status {
	s := C.rheogo_guard_record(g.m.h(), C.uint64_t(permit), C.uint32_t(outcome))
	runtime.KeepAlive(g)
	return Status(s)
}

// RecordAt is Record at a time of the caller's.
func (g *Guard) RecordAt(permit Permit, outcome Outcome, nowNS uint64) Status {
	s := C.rheogo_guard_record_at(g.m.h(), C.uint64_t(permit), C.uint32_t(outcome), C.uint64_t(nowNS))
	runtime.KeepAlive(g)
	return Status(s)
}

// Cancel undoes an admission whose call was never made: permit and tokens go back.
func (g *Guard) Cancel(v Verdict) Status { return g.CancelAt(v, Now()) }

// CancelAt is Cancel at a time of the caller's.
func (g *Guard) CancelAt(v Verdict, nowNS uint64) Status {
	s := C.rheogo_guard_cancel_at(g.m.h(), C.uint64_t(v.Permit), C.uint64_t(v.Cost), C.uint64_t(nowNS))
	runtime.KeepAlive(g)
	return Status(s)
}

// Tick is the timer hook of every part; it says how long after nowNS to call it again.
func (g *Guard) Tick(nowNS uint64) (time.Duration, error) {
	r := C.rheogo_guard_tick(g.m.h(), C.uint64_t(nowNS))
	runtime.KeepAlive(g)
	return durationOf(r.value), Status(r.status).Err()
}

// GuardStats is what the guard itself has counted; its parts count for themselves.
type GuardStats struct {
	RefusedByBreaker uint64
	RefusedByBucket  [GuardBuckets]uint64
	Shadowed         uint64
	Cancelled        uint64
}

// Stats of the guard.
func (g *Guard) Stats() (GuardStats, error) {
	var c C.rheo_guard_stats_t
	s := Status(C.rheo_guard_stats(g.c(), &c, C.sizeof_rheo_guard_stats_t))
	runtime.KeepAlive(g)
	stats := GuardStats{
		RefusedByBreaker: uint64(c.refused_by_breaker),
		Shadowed:         uint64(c.shadowed),
		Cancelled:        uint64(c.cancelled),
	}
	for i, n := range c.refused_by_bucket {
		stats.RefusedByBucket[i] = uint64(n)
	}
	return stats, s.Err()
}
