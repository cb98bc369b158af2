// SPDX-License-Identifier: BSD-2-Clause

package rheo

// #include "shim.h"
import "C"

import (
	"math"
	"runtime"
	"time"
)

// Off as BreakerConfig.FailureRateBP: failures do not open it by their rate.
const Off = math.MaxUint32

// BreakerConfig: whatever is 0 has C's default, as rheo/breaker.h gives it.
// Rates are in basis points: 5000 is one half.
type BreakerConfig struct {
	FailureRateBP       uint32        // default 5000; Off
	SlowCallRateBP      uint32        // default: off
	SlowCall            time.Duration // longer is slow; must be set with SlowCallRateBP
	ConsecutiveFailures uint32        // default: off
	MinimumCalls        uint32        // default 20
	Window              time.Duration // default 10 s
	WindowSlices        uint32        // default 10
	WindowCalls         uint32        // not 0: the last so many calls instead of a time
	Open                time.Duration // default 5 s
	OpenMax             time.Duration // the longest after backoff; default ten times Open
	OpenBackoffBP       uint32        // growth each time it reopens; 10000 doubles
	OpenJitterBP        uint32
	JitterSeed          uint64 // default: from the time it is made
	HalfOpenCalls       uint32 // default 3
	HalfOpenSuccesses   uint32 // default HalfOpenCalls
	HalfOpenFailures    uint32 // default 1
	Lanes               uint32 // default: as many as CPUs
	ProbeTimeout        time.Duration
	ProbeTimeoutCancels bool // a probe that does not report ends without a verdict, not as failed

	// Classify says for Do what an error of the call means; nil: every error is a Failure.
	Classify func(error) Outcome
}

func (cfg BreakerConfig) c() (c C.rheo_breaker_config_t, err error) {
	C.rheo_breaker_config_init(&c, C.sizeof_rheo_breaker_config_t)
	number := func(to *C.uint32_t, from uint32) {
		if from != 0 {
			*to = C.uint32_t(from)
		}
	}
	// What is below 0 becomes more than C takes.
	duration := func(to *C.uint64_t, from time.Duration) {
		if from != 0 {
			*to = C.uint64_t(from)
		}
	}
	number(&c.failure_rate_bp, cfg.FailureRateBP)
	if cfg.FailureRateBP == Off {
		c.failure_rate_bp = 0
	}
	number(&c.slow_call_rate_bp, cfg.SlowCallRateBP)
	duration(&c.slow_call_ns, cfg.SlowCall)
	number(&c.consecutive_failures, cfg.ConsecutiveFailures)
	number(&c.minimum_calls, cfg.MinimumCalls)
	duration(&c.window_ns, cfg.Window)
	number(&c.window_slices, cfg.WindowSlices)
	number(&c.window_calls, cfg.WindowCalls)
	duration(&c.open_ns, cfg.Open)
	duration(&c.open_max_ns, cfg.OpenMax)
	number(&c.open_backoff_bp, cfg.OpenBackoffBP)
	number(&c.open_jitter_bp, cfg.OpenJitterBP)
	c.jitter_seed = C.uint64_t(cfg.JitterSeed)
	number(&c.half_open_calls, cfg.HalfOpenCalls)
	number(&c.half_open_successes, cfg.HalfOpenSuccesses)
	number(&c.half_open_failures, cfg.HalfOpenFailures)
	number(&c.lanes, cfg.Lanes)
	duration(&c.probe_timeout_ns, cfg.ProbeTimeout)
	if cfg.ProbeTimeoutCancels {
		c.flags |= C.RHEO_BREAKER_PROBE_TIMEOUT_CANCELS
	}
	if fault := C.rheo_breaker_config_fault(&c); fault != nil {
		return c, invalid(C.GoString(fault))
	}
	return c, nil
}

// Size is how many bytes NewBreakerIn needs for this configuration, aligned to Align.
func (cfg BreakerConfig) Size() (int, error) {
	c, err := cfg.c()
	return int(C.rheo_breaker_size(&c)), err
}

// Config is the configuration in force, with what zeros stood for.
func (b *Breaker) Config() (BreakerConfig, error) {
	var c C.rheo_breaker_config_t
	s := Status(C.rheo_breaker_config(b.c(), &c, C.sizeof_rheo_breaker_config_t))
	runtime.KeepAlive(b.m)
	rate := uint32(c.failure_rate_bp)
	if rate == 0 && s == OK {
		rate = Off
	}
	return BreakerConfig{
		FailureRateBP:       rate,
		SlowCallRateBP:      uint32(c.slow_call_rate_bp),
		SlowCall:            durationOf(c.slow_call_ns),
		ConsecutiveFailures: uint32(c.consecutive_failures),
		MinimumCalls:        uint32(c.minimum_calls),
		Window:              durationOf(c.window_ns),
		WindowSlices:        uint32(c.window_slices),
		WindowCalls:         uint32(c.window_calls),
		Open:                durationOf(c.open_ns),
		OpenMax:             durationOf(c.open_max_ns),
		OpenBackoffBP:       uint32(c.open_backoff_bp),
		OpenJitterBP:        uint32(c.open_jitter_bp),
		JitterSeed:          uint64(c.jitter_seed),
		HalfOpenCalls:       uint32(c.half_open_calls),
		HalfOpenSuccesses:   uint32(c.half_open_successes),
		HalfOpenFailures:    uint32(c.half_open_failures),
		Lanes:               uint32(c.lanes),
		ProbeTimeout:        durationOf(c.probe_timeout_ns),
		ProbeTimeoutCancels: c.flags&C.RHEO_BREAKER_PROBE_TIMEOUT_CANCELS != 0,
		Classify:            b.classify,
	}, s.Err()
}

// Reconfigure gives other thresholds and times while others call; state and
// window stay, and so must what shapes the window. Classify stays as it was.
func (b *Breaker) Reconfigure(cfg BreakerConfig, nowNS uint64) error {
	c, err := cfg.c()
	if err != nil {
		return err
	}
	s := Status(C.rheo_breaker_reconfigure(b.c(), &c, C.uint64_t(nowNS)))
	runtime.KeepAlive(b.m)
	return s.Err()
}
