// SPDX-License-Identifier: BSD-2-Clause

// Package rheo limits rates and breaks circuits: token buckets, three-state
// breakers, and a guard that asks both. The C library of the same name decides;
// this package owns its memory.
//
// Every object may be used by any number of goroutines at once. Times are
// nanoseconds of a monotonic clock, Now's unless you pass others; calls whose
// names end in At take the time, others read the clock. Calls on a request's
// path answer a Status, or a bool; the others an error, which is an *Error.
package rheo

// #include "shim.h"
import "C"

import (
	"runtime"
	"time"
)

// Bucket is a token bucket. Close it, or leave it to the collector.
type Bucket struct{ m *memory }

// NewBucket makes a bucket that is full, unless StartEmpty.
func NewBucket(cfg BucketConfig) (*Bucket, error) { return NewBucketAt(cfg, Now()) }

// NewBucketAt is NewBucket with its clock beginning at nowNS.
func NewBucketAt(cfg BucketConfig, nowNS uint64) (*Bucket, error) {
	return newBucket(nil, cfg, nowNS)
}

// NewBucketIn makes it in memory of the caller's that is not Go's, such as a
// shared mapping: cfg.Size bytes, aligned to Align. The mapping must outlive it.
func NewBucketIn(mem []byte, cfg BucketConfig, nowNS uint64) (*Bucket, error) {
	if len(mem) == 0 {
		return nil, &Error{Status: NoSpace}
	}
	return newBucket(mem, cfg, nowNS)
}

func newBucket(mem []byte, cfg BucketConfig, nowNS uint64) (*Bucket, error) {
	c, err := cfg.c()
	if err != nil {
		return nil, err
	}
	m, at, size, err := place(mem, C.rheo_bucket_size(&c))
	if err != nil {
		return nil, err
	}
	var handle *C.rheo_bucket_t
	if s := Status(C.rheo_bucket_init(at, size, &c, C.uint64_t(nowNS), &handle)); s != OK {
		return nil, memoryFault(s)
	}
	m.set(C.rheogo_bucket_handle(handle))
	return &Bucket{m}, nil
}

// AttachBucket is a bucket that another process, or NewBucketIn, has made in mem.
func AttachBucket(mem []byte) (*Bucket, error) {
	if len(mem) == 0 {
		return nil, &Error{Status: NoSpace}
	}
	m, at, size, err := place(mem, 0)
	if err != nil {
		return nil, err
	}
	var handle *C.rheo_bucket_t
	if s := Status(C.rheo_bucket_attach(at, size, &handle)); s != OK {
		return nil, memoryFault(s)
	}
	m.set(C.rheogo_bucket_handle(handle))
	return &Bucket{m}, nil
}

func (b *Bucket) c() *C.rheo_bucket_t { return C.rheogo_bucket(b.m.h()) }

// Close makes every later call on it fail; calls that are inside finish, and
// guards that have it as a part go on. The memory goes back when the collector
// has seen that nobody uses it. Closing twice is harmless.
func (b *Bucket) Close() error { b.m.close(); return nil }

// Allow takes one token if it is there.
func (b *Bucket) Allow() bool { return b.TryAcquire(1) == OK }

// AllowN takes n tokens if they are there.
func (b *Bucket) AllowN(n uint64) bool { return b.TryAcquire(n) == OK }

// AllowAt takes n tokens if they are there at nowNS.
func (b *Bucket) AllowAt(n, nowNS uint64) bool { return b.TryAcquireAt(n, nowNS) == OK }

// TryAcquire is AllowN that says why not: RateLimited, NeverPasses, InvalidArgument.
func (b *Bucket) TryAcquire(n uint64) Status {
	s := C.rheogo_bucket_try_acquire(b.m.h(), C.uint64_t(n))
	runtime.KeepAlive(b.m)
	return Status(s)
}

// TryAcquireAt is TryAcquire at a time of the caller's.
func (b *Bucket) TryAcquireAt(n, nowNS uint64) Status {
	s := C.rheogo_bucket_try_acquire_at(b.m.h(), C.uint64_t(n), C.uint64_t(nowNS))
	runtime.KeepAlive(b.m)
	return Status(s)
}

// TryAcquirePublished reads no clock: it goes by the credit that Refill, or
// another call's time, has published. The cheapest call, for those with a timer.
func (b *Bucket) TryAcquirePublished(n uint64) Status {
	s := C.rheogo_bucket_try_acquire_published(b.m.h(), C.uint64_t(n))
	runtime.KeepAlive(b.m)
	return Status(s)
}

// Acquire is TryAcquire whose refusal is an *Error that says when to come again.
func (b *Bucket) Acquire(n uint64) error {
	s := b.TryAcquire(n)
	if s == OK {
		return nil
	}
	return b.refusal(s, n, Now())
}

// AcquireAt is Acquire at a time of the caller's.
func (b *Bucket) AcquireAt(n, nowNS uint64) error {
	s := b.TryAcquireAt(n, nowNS)
	if s == OK {
		return nil
	}
	return b.refusal(s, n, nowNS)
}

func (b *Bucket) refusal(s Status, n, nowNS uint64) error {
	switch {
	case s == RateLimited:
		wait, _ := b.WaitTime(n, nowNS)
		return &Error{Status: s, RetryAfter: wait}
	case s == InvalidArgument && n == 0:
		return invalid("n")
	}
	return s.Err()
}

// TakeUpTo takes as many tokens as there are, at most n.
func (b *Bucket) TakeUpTo(n, nowNS uint64) (taken uint64, s Status) {
	r := C.rheogo_bucket_acquire_upto(b.m.h(), C.uint64_t(n), C.uint64_t(nowNS))
	runtime.KeepAlive(b.m)
	return uint64(r.value), Status(r.status)
}

// Refund gives back n tokens that were taken and not used.
func (b *Bucket) Refund(n uint64) error {
	s := C.rheogo_bucket_refund(b.m.h(), C.uint64_t(n))
	runtime.KeepAlive(b.m)
	return Status(s).Err()
}

// Charge takes n tokens for work already done, going into debt if need be.
func (b *Bucket) Charge(n uint64) error { return b.ChargeAt(n, Now()) }

// ChargeAt is Charge at a time of the caller's.
func (b *Bucket) ChargeAt(n, nowNS uint64) error {
	s := C.rheogo_bucket_charge(b.m.h(), C.uint64_t(n), C.uint64_t(nowNS))
	runtime.KeepAlive(b.m)
	return Status(s).Err()
}

// Refill publishes the credit earned by nowNS, for TryAcquirePublished.
func (b *Bucket) Refill(nowNS uint64) error {
	s := C.rheogo_bucket_refill(b.m.h(), C.uint64_t(nowNS))
	runtime.KeepAlive(b.m)
	return Status(s).Err()
}

// NextRefill is how long after nowNS Refill is next worth calling.
func (b *Bucket) NextRefill(nowNS uint64) (time.Duration, error) {
	r := C.rheogo_bucket_next_refill_ns(b.m.h(), C.uint64_t(nowNS))
	runtime.KeepAlive(b.m)
	return durationOf(r.value), Status(r.status).Err()
}

// WaitTime is how long after nowNS n tokens would be there if nobody else asked.
func (b *Bucket) WaitTime(n, nowNS uint64) (time.Duration, error) {
	r := C.rheogo_bucket_wait_ns(b.m.h(), C.uint64_t(n), C.uint64_t(nowNS))
	runtime.KeepAlive(b.m)
	return durationOf(r.value), Status(r.status).Err()
}

// Available is how many whole tokens are there at nowNS.
func (b *Bucket) Available(nowNS uint64) (uint64, error) {
	r := C.rheogo_bucket_available(b.m.h(), C.uint64_t(nowNS))
	runtime.KeepAlive(b.m)
	return uint64(r.value), Status(r.status).Err()
}
