// SPDX-License-Identifier: BSD-2-Clause

package rheo

import (
	"math"
	"sync"
	"sync/atomic"
)

// Batch takes tokens from a bucket many at a time and spends them one by one,
// because a call from Go into C costs more than a decision does. Spending from
// what it holds is one compare-and-swap and reads no clock.
//
// The bound stays exact: what is spent in any interval of length t is at most
// burst + ceil(rate*t), where burst is the configured one. For this the bucket
// underneath is made with burst - held, and the Batch never holds more than held
// unspent tokens. Over an interval let
//
//	h1, h2  be what is held unspent at its begin and at its end, 0 <= h <= held;
//	taken   what is taken from the bucket in it, returned what is given back.
//
// Tokens only move, so spent = h1 + taken - returned - h2. The bucket keeps at
// most burst - held and earns ceil(rate*t) at most, to which what is returned
// adds: taken <= burst - held + ceil(rate*t) + returned. Hence
//
//	spent <= h1 + burst - held + ceil(rate*t) - h2 <= burst + ceil(rate*t).
//
// The time of a spending is the later of its caller's time and the time its
// token was taken at, as for the bucket's own decisions; with Now these are one.
//
// The rate stays exact, too. What can be had at once after a rest is between
// burst - held and burst, for a rest fills the bucket and not the Batch.
type Batch struct {
	bucket *Bucket
	held   uint64

	stock atomic.Int64  // held and not spent; raised only under mu
	dry   atomic.Uint64 // C is not asked before this time

	mu     sync.Mutex
	closed bool
}

// NewBatch makes a bucket for cfg, less the held tokens, and a Batch on it. A
// held of 100 makes a token cost a hundredth of a call into C; it must be below
// cfg.Burst.
func NewBatch(cfg BucketConfig, held uint64) (*Batch, error) {
	return NewBatchAt(cfg, held, Now())
}

// NewBatchAt is NewBatch with the bucket's clock beginning at nowNS.
func NewBatchAt(cfg BucketConfig, held, nowNS uint64) (*Batch, error) {
	if held == 0 || held >= cfg.Burst {
		return nil, invalid("held")
	}
	cfg.Burst -= held
	bucket, err := NewBucketAt(cfg, nowNS)
	if err != nil {
		return nil, err
	}
	return BatchOn(bucket, held)
}

// BatchOn is a Batch on a bucket that others use too, in other processes even.
// For the bound its burst must be the one meant less what all its Batches may
// hold together.
func BatchOn(bucket *Bucket, held uint64) (*Batch, error) {
	if held == 0 || held > math.MaxInt64 {
		return nil, invalid("held")
	}
	return &Batch{bucket: bucket, held: held}, nil
}

// dryNS: for so long at most C is not asked again after it had nothing. Others
// may refund to the bucket or reconfigure it.
const dryNS = 1e6

// Bucket is the one underneath.
func (b *Batch) Bucket() *Bucket { return b.bucket }

// Allow takes one token if it is there.
func (b *Batch) Allow() bool { return b.AllowN(1) }

// AllowN takes n tokens if they are there.
func (b *Batch) AllowN(n uint64) bool { return b.spend(n) || b.take(n, Now()) == OK }

// AllowAt is AllowN at a time of the caller's, looked at only when new tokens
// have to be taken.
func (b *Batch) AllowAt(n, nowNS uint64) bool { return b.TryAcquireAt(n, nowNS) == OK }

// TryAcquireAt is AllowAt that says why not.
func (b *Batch) TryAcquireAt(n, nowNS uint64) Status {
	if b.spend(n) {
		return OK
	}
	return b.take(n, nowNS)
}

// spend takes from the stock alone.
func (b *Batch) spend(n uint64) bool {
	for {
		stock := b.stock.Load()
		// An n of 0 or beyond the stock, whatever its top bit, is for take to judge.
		if n-1 >= uint64(stock) {
			return false
		}
		if b.stock.CompareAndSwap(stock, stock-int64(n)) {
			return true
		}
	}
}

func (b *Batch) take(n, nowNS uint64) Status {
	switch {
	case n == 0:
		return InvalidArgument
	case n > b.held && b.never(n-b.held):
		return NeverPasses
	case nowNS < b.dry.Load():
		return RateLimited // without asking C
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed {
		return InvalidArgument
	}
	// All of the stock goes through this hand, so that held bounds the sum.
	have := uint64(b.stock.Swap(0))
	for have < n {
		if n > b.held && b.bucket.TryAcquireAt(n-have, nowNS) == OK {
			return OK
		}
		if have == b.held {
			break
		}
		more, s := b.bucket.TakeUpTo(b.held-have, nowNS)
		if s != OK && s != RateLimited {
			b.stock.Store(int64(have))
			return s
		}
		if more == 0 {
			break
		}
		have += more
	}
	if have >= n {
		b.stock.Store(int64(have - n))
		return OK
	}
	b.stock.Store(int64(have))
	if have == 0 {
		if wait, err := b.bucket.WaitTime(1, nowNS); err == nil {
			if wait > dryNS {
				wait = dryNS
			}
			b.dry.Store(nowNS + uint64(wait))
		}
	}
	return RateLimited
}

// never says whether the bucket could not give n tokens at once even when full.
func (b *Batch) never(n uint64) bool {
	stats, err := b.bucket.Stats()
	return err == nil && n > stats.MaxCost
}

// Refund gives back n tokens that were taken and not used.
func (b *Batch) Refund(n uint64) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	err := b.bucket.Refund(n)
	b.dry.Store(0)
	return err
}

// Close gives what is held back to the bucket; whoever asks later is refused.
// Closing twice is harmless.
func (b *Batch) Close() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.closed = true
	b.dry.Store(0)
	if have := b.stock.Swap(0); have > 0 {
		return b.bucket.Refund(uint64(have))
	}
	return nil
}
