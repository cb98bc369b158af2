// SPDX-License-Identifier: BSD-2-Clause

package rheo

// #include "shim.h"
import "C"

import (
	"math"
	"runtime"
	"time"
)

// PerCPU as BucketConfig.Lanes: as many as CPUs and burst allow.
const PerCPU = math.MaxUint32

// BucketConfig: TokensPerPeriod and Burst must be set; whatever else is 0 has C's default.
type BucketConfig struct {
	TokensPerPeriod uint64
	Period          time.Duration // default 1 s
	Burst           uint64        // tokens kept at most
	MaxDebt         uint64        // tokens that Reserve and Wait may borrow from the future
	Lanes           uint32        // default 1: one word, exact; PerCPU; see rheo/bucket.h
	CounterLanes    uint32        // default: as many as CPUs
	StartEmpty      bool          // begin with no tokens instead of Burst
}

func (cfg BucketConfig) c() (c C.rheo_bucket_config_t, err error) {
	C.rheo_bucket_config_init(&c, C.sizeof_rheo_bucket_config_t)
	c.tokens_per_period = C.uint64_t(cfg.TokensPerPeriod)
	if cfg.Period < 0 {
		return c, invalid("period_ns")
	}
	if cfg.Period != 0 {
		c.period_ns = C.uint64_t(cfg.Period)
	}
	c.burst = C.uint64_t(cfg.Burst)
	c.max_debt = C.uint64_t(cfg.MaxDebt)
	if cfg.Lanes == PerCPU {
		c.lanes = 0
	} else if cfg.Lanes != 0 {
		c.lanes = C.uint32_t(cfg.Lanes)
	}
	c.counter_lanes = C.uint32_t(cfg.CounterLanes)
	if cfg.StartEmpty {
		c.flags |= C.RHEO_BUCKET_START_EMPTY
	}
	if fault := C.rheo_bucket_config_fault(&c); fault != nil {
		return c, invalid(C.GoString(fault))
	}
	return c, nil
}

// Size is how many bytes NewBucketIn needs for this configuration, aligned to Align.
func (cfg BucketConfig) Size() (int, error) {
	c, err := cfg.c()
	return int(C.rheo_bucket_size(&c)), err
}

// Align is the alignment that memory given to NewBucketIn and NewBreakerIn must have.
func Align() int { return int(C.rheo_bucket_align()) }

// Config is the configuration in force, Lanes as in use.
func (b *Bucket) Config() (BucketConfig, error) {
	var c C.rheo_bucket_config_t
	s := Status(C.rheo_bucket_config(b.c(), &c, C.sizeof_rheo_bucket_config_t))
	runtime.KeepAlive(b.m)
	return BucketConfig{
		TokensPerPeriod: uint64(c.tokens_per_period),
		Period:          durationOf(c.period_ns),
		Burst:           uint64(c.burst),
		MaxDebt:         uint64(c.max_debt),
		Lanes:           uint32(c.lanes),
		CounterLanes:    uint32(c.counter_lanes),
		StartEmpty:      c.flags&C.RHEO_BUCKET_START_EMPTY != 0,
	}, s.Err()
}

// Level is what Reconfigure does with the tokens that are there.
type Level uint32

const (
	KeepLevel  Level = C.RHEO_BUCKET_KEEP  // up to the new burst
	ScaleLevel Level = C.RHEO_BUCKET_SCALE // the same fraction of the burst
	ResetLevel Level = C.RHEO_BUCKET_RESET // full, or empty with StartEmpty
)

// Reconfigure gives the bucket another rate, burst or debt while others acquire.
func (b *Bucket) Reconfigure(cfg BucketConfig, nowNS uint64, level Level) error {
	c, err := cfg.c()
	if err != nil {
		return err
	}
	s := Status(C.rheo_bucket_reconfigure(b.c(), &c, C.uint64_t(nowNS), C.uint32_t(level)))
	runtime.KeepAlive(b.m)
	return s.Err()
}

// Quota is what an answer to a client says of a limit.
type Quota struct {
	Limit     uint64        // the burst
	Window    time.Duration // in which an empty bucket fills
	Remaining uint64        // whole tokens left
	More      time.Duration // until there is one more
	Full      time.Duration // until it is full
	TimeNS    uint64        // the time this is true of
}

// Quota takes nothing.
func (b *Bucket) Quota(nowNS uint64) (Quota, error) {
	r := C.rheogo_bucket_quota(b.m.h(), C.uint64_t(nowNS))
	runtime.KeepAlive(b.m)
	q := r.quota
	return Quota{
		Limit:     uint64(q.limit),
		Window:    durationOf(q.window_ns),
		Remaining: uint64(q.remaining),
		More:      durationOf(q.more_ns),
		Full:      durationOf(q.full_ns),
		TimeNS:    uint64(q.time_ns),
	}, Status(r.status).Err()
}

// BucketStats counts since the bucket was made; rheo/bucket.h says what each is.
type BucketStats struct {
	Admitted, Charged, Refunded uint64
	RefusedRate, RefusedNever   uint64
	ClockRegressions            uint64
	CASRetries                  uint64
	Level                       int64
	PublishedNS                 uint64
	MaxCost                     uint64
	Parked                      uint64
	Lanes                       uint32
}

// Stats is exact while nobody acts.
func (b *Bucket) Stats() (BucketStats, error) {
	var c C.rheo_bucket_stats_t
	s := Status(C.rheo_bucket_stats(b.c(), &c, C.sizeof_rheo_bucket_stats_t))
	runtime.KeepAlive(b.m)
	return BucketStats{
		Admitted:         uint64(c.admitted),
		Charged:          uint64(c.charged),
		Refunded:         uint64(c.refunded),
		RefusedRate:      uint64(c.refused_rate),
		RefusedNever:     uint64(c.refused_never),
		ClockRegressions: uint64(c.clock_regressions),
		CASRetries:       uint64(c.cas_retries),
		Level:            int64(c.level),
		PublishedNS:      uint64(c.published_ns),
		MaxCost:          uint64(c.max_cost),
		Parked:           uint64(c.parked),
		Lanes:            uint32(c.lanes),
	}, s.Err()
}
