// SPDX-License-Identifier: BSD-2-Clause

package rheo

// #include "shim.h"
import "C"

import (
	"context"
	"runtime"
	"sync/atomic"
	"time"
)

// Reservation is a place in the future of a bucket, or the word that there is none.
type Reservation struct {
	bucket *Bucket
	n      uint64
	nowNS  uint64
	wait   time.Duration
	status Status
	given  atomic.Bool // back
}

// Reserve takes one token now, or one that is still to come; BucketConfig.MaxDebt
// bounds how many may be booked so.
//
//	r := bucket.Reserve()
//	if !r.OK() { return r.Err() }
//	time.Sleep(r.Delay()) // or r.Cancel()
func (b *Bucket) Reserve() *Reservation { return b.ReserveN(1, Forever) }

// ReserveN is Reserve of n tokens, if the wait is not longer than maxWait.
func (b *Bucket) ReserveN(n uint64, maxWait time.Duration) *Reservation {
	return b.ReserveAt(n, Now(), maxWait)
}

// ReserveAt is ReserveN at a time of the caller's.
func (b *Bucket) ReserveAt(n, nowNS uint64, maxWait time.Duration) *Reservation {
	r := C.rheogo_bucket_reserve(b.m.h(), C.uint64_t(n), C.uint64_t(nowNS), waitOf(maxWait))
	runtime.KeepAlive(b.m)
	return &Reservation{bucket: b, n: n, nowNS: nowNS, wait: durationOf(r.value), status: Status(r.status)}
}

// OK says whether the tokens are reserved.
func (r *Reservation) OK() bool { return r.status == OK }

// Err is nil if the tokens are reserved; of a refusal it has the wait there would have been.
func (r *Reservation) Err() error {
	switch r.status {
	case OK:
		return nil
	case RateLimited:
		return &Error{Status: r.status, RetryAfter: r.wait}
	}
	return r.status.Err()
}

// Wait is how long after the time of reserving to act.
func (r *Reservation) Wait() time.Duration { return r.wait }

// Delay is how long from now to wait before acting; Forever if nothing is reserved.
func (r *Reservation) Delay() time.Duration { return r.DelayFrom(Now()) }

// DelayFrom is Delay from a time of the caller's.
func (r *Reservation) DelayFrom(nowNS uint64) time.Duration {
	switch {
	case r.status != OK:
		return Forever
	case nowNS <= r.nowNS:
		return r.wait
	case nowNS-r.nowNS >= uint64(r.wait):
		return 0
	}
	return r.wait - time.Duration(nowNS-r.nowNS)
}

// Cancel gives the tokens back; for reservations that are not acted upon. Once
// is enough, more does nothing.
func (r *Reservation) Cancel() {
	if r.status == OK && !r.given.Swap(true) {
		// The one way that this can fail is a closed bucket.
		_ = r.bucket.Refund(r.n)
	}
}

// Wait takes one token, when it is there.
func (b *Bucket) Wait(ctx context.Context) error { return b.WaitN(ctx, 1) }

// WaitN waits until n tokens are there and takes them. It returns ctx's error if
// that is done first, and at once, with an *Error, if they will not be there
// before ctx's deadline.
//
// With BucketConfig.MaxDebt waiters are served in the order they came, as far as
// that reaches; without it whoever wakes first.
func (b *Bucket) WaitN(ctx context.Context, n uint64) error {
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		most := Forever
		if deadline, ok := ctx.Deadline(); ok {
			most = time.Until(deadline)
		}
		r := b.ReserveN(n, most)
		switch {
		case r.status == OK:
			err := sleep(ctx, r.wait)
			if err != nil {
				r.Cancel()
			}
			return err
		case r.status != RateLimited || r.wait > most || r.wait == Forever:
			return r.Err()
		}
		if err := sleep(ctx, r.wait); err != nil {
			return err
		}
	}
}

func sleep(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return nil
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
