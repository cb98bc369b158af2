// SPDX-License-Identifier: BSD-2-Clause

package rheo

// #include "shim.h"
import "C"

import (
	"runtime"
	"time"
)

// Permit is what a call was admitted with. Each must be reported, by Record or
// Cancel; Do sees to that itself.
type Permit uint64

// NoPermit stands for no breaker: reporting it does nothing.
const NoPermit Permit = C.RHEO_PERMIT_NONE

// Outcome of a call.
type Outcome uint32

const (
	Success Outcome = C.RHEO_SUCCESS
	Failure Outcome = C.RHEO_FAILURE
	Ignored Outcome = C.RHEO_IGNORED // counts neither way: the caller's own error, say
)

// Breaker is a circuit breaker. Close it, or leave it to the collector.
type Breaker struct {
	m        *memory
	classify func(error) Outcome
}

// NewBreaker makes a closed breaker.
func NewBreaker(cfg BreakerConfig) (*Breaker, error) { return NewBreakerAt(cfg, Now()) }

// NewBreakerAt is NewBreaker with its clock beginning at nowNS.
func NewBreakerAt(cfg BreakerConfig, nowNS uint64) (*Breaker, error) {
	return newBreaker(nil, cfg, nowNS)
}

// NewBreakerIn makes it in memory of the caller's, as NewBucketIn does.
func NewBreakerIn(mem []byte, cfg BreakerConfig, nowNS uint64) (*Breaker, error) {
	if len(mem) == 0 {
		return nil, &Error{Status: NoSpace}
	}
	return newBreaker(mem, cfg, nowNS)
}

func newBreaker(mem []byte, cfg BreakerConfig, nowNS uint64) (*Breaker, error) {
	c, err := cfg.c()
	if err != nil {
		return nil, err
	}
	m, at, size, err := place(mem, C.rheo_breaker_size(&c))
	if err != nil {
		return nil, err
	}
	var handle *C.rheo_breaker_t
	if s := Status(C.rheo_breaker_init(at, size, &c, C.uint64_t(nowNS), &handle)); s != OK {
		return nil, memoryFault(s)
	}
	m.set(C.rheogo_breaker_handle(handle))
	return &Breaker{m, cfg.Classify}, nil
}

// AttachBreaker is a breaker that another process, or NewBreakerIn, has made in
// mem; classify is what BreakerConfig.Classify is, which belongs to a process.
func AttachBreaker(mem []byte, classify func(error) Outcome) (*Breaker, error) {
	if len(mem) == 0 {
		return nil, &Error{Status: NoSpace}
	}
	m, at, size, err := place(mem, 0)
	if err != nil {
		return nil, err
	}
	var handle *C.rheo_breaker_t
	if s := Status(C.rheo_breaker_attach(at, size, &handle)); s != OK {
		return nil, memoryFault(s)
	}
	m.set(C.rheogo_breaker_handle(handle))
	return &Breaker{m, classify}, nil
}

func (b *Breaker) c() *C.rheo_breaker_t { return C.rheogo_breaker(b.m.h()) }

// Close makes every later call on it fail, as Bucket.Close does.
func (b *Breaker) Close() error { b.m.close(); return nil }

// TryAcquire asks whether a call may be made: OK, BreakerOpen or NoProbeLeft.
func (b *Breaker) TryAcquire() (Permit, Status) {
	r := C.rheogo_breaker_try_acquire(b.m.h())
	runtime.KeepAlive(b.m)
	return Permit(r.value), Status(r.status)
}

// TryAcquireAt is TryAcquire at a time of the caller's.
func (b *Breaker) TryAcquireAt(nowNS uint64) (Permit, Status) {
	r := C.rheogo_breaker_try_acquire_at(b.m.h(), C.uint64_t(nowNS))
	runtime.KeepAlive(b.m)
	return Permit(r.value), Status(r.status)
}

// Record reports how the call went that permit admitted: OK, or Stale.
func (b *Breaker) Record(permit Permit, outcome Outcome) Status {
	s := C.rheogo_breaker_record(b.m.h(), C.uint64_t(permit), C.uint32_t(outcome))
	runtime.KeepAlive(b.m)
	return Status(s)
}

// RecordAt is Record at a time of the caller's.
func (b *Breaker) RecordAt(permit Permit, outcome Outcome, nowNS uint64) Status {
	s := C.rheogo_breaker_record_at(b.m.h(), C.uint64_t(permit), C.uint32_t(outcome), C.uint64_t(nowNS))
	runtime.KeepAlive(b.m)
	return Status(s)
}

// Cancel gives back a permit whose call was never made.
func (b *Breaker) Cancel(permit Permit) Status { return b.CancelAt(permit, Now()) }

// CancelAt is Cancel at a time of the caller's.
func (b *Breaker) CancelAt(permit Permit, nowNS uint64) Status {
	s := C.rheogo_breaker_cancel_at(b.m.h(), C.uint64_t(permit), C.uint64_t(nowNS))
	runtime.KeepAlive(b.m)
	return Status(s)
}

// RetryAfter is how long after nowNS a call passes at the latest.
func (b *Breaker) RetryAfter(nowNS uint64) (time.Duration, error) {
	r := C.rheogo_breaker_retry_after_ns(b.m.h(), C.uint64_t(nowNS))
	runtime.KeepAlive(b.m)
	return durationOf(r.value), Status(r.status).Err()
}

// Tick does what time alone makes due, and says how long after nowNS to call it
// again. Nothing depends on it being called.
func (b *Breaker) Tick(nowNS uint64) (time.Duration, error) {
	r := C.rheogo_breaker_tick(b.m.h(), C.uint64_t(nowNS))
	runtime.KeepAlive(b.m)
	return durationOf(r.value), Status(r.status).Err()
}

// Force sets the mode.
func (b *Breaker) Force(mode Mode) error { return b.ForceAt(mode, Now()) }

// ForceAt is Force at a time of the caller's.
func (b *Breaker) ForceAt(mode Mode, nowNS uint64) error {
	s := Status(C.rheo_breaker_force(b.c(), C.uint32_t(mode), C.uint64_t(nowNS)))
	runtime.KeepAlive(b.m)
	return s.Err()
}

// Reset makes it as it was when new, but for what it has counted.
func (b *Breaker) Reset() error { return b.ResetAt(Now()) }

// ResetAt is Reset at a time of the caller's.
func (b *Breaker) ResetAt(nowNS uint64) error {
	s := Status(C.rheo_breaker_reset(b.c(), C.uint64_t(nowNS)))
	runtime.KeepAlive(b.m)
	return s.Err()
}

// Describe says of a permit in which generation it was given, and whether it is a probe's.
func (b *Breaker) Describe(permit Permit) (generation uint64, probe bool, err error) {
	var g C.uint64_t
	var p C.uint32_t
	s := Status(C.rheo_breaker_permit(b.c(), C.uint64_t(permit), &g, &p))
	runtime.KeepAlive(b.m)
	return uint64(g), p != 0, s.Err()
}
