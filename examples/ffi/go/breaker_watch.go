// SPDX-License-Identifier: BSD-2-Clause

package rheo

// #include "shim.h"
import "C"

import (
	"runtime"
	"time"
)

// State of a breaker.
type State uint32

const (
	Closed   State = C.RHEO_CLOSED
	Open     State = C.RHEO_OPEN
	HalfOpen State = C.RHEO_HALF_OPEN
)

func (s State) String() string { return C.GoString(C.rheo_state_name(C.uint32_t(s))) }

// Mode of a breaker, for Force.
type Mode uint32

const (
	Auto         Mode = C.RHEO_AUTO
	ForcedOpen   Mode = C.RHEO_FORCED_OPEN
	ForcedClosed Mode = C.RHEO_FORCED_CLOSED
	Disabled     Mode = C.RHEO_DISABLED
)

func (m Mode) String() string { return C.GoString(C.rheo_mode_name(C.uint32_t(m))) }

// Cause of a transition.
type Cause uint32

const (
	CauseUnknown             Cause = C.RHEO_CAUSE_UNKNOWN // of a partial event
	CauseFailureRate         Cause = C.RHEO_CAUSE_FAILURE_RATE
	CauseSlowCallRate        Cause = C.RHEO_CAUSE_SLOW_CALL_RATE
	CauseConsecutiveFailures Cause = C.RHEO_CAUSE_CONSECUTIVE_FAILURES
	CauseOpenTimeOver        Cause = C.RHEO_CAUSE_OPEN_TIME_OVER
	CauseProbesSucceeded     Cause = C.RHEO_CAUSE_PROBES_SUCCEEDED
	CauseProbesFailed        Cause = C.RHEO_CAUSE_PROBES_FAILED
	CauseProbesInconclusive  Cause = C.RHEO_CAUSE_PROBES_INCONCLUSIVE
	CauseForced              Cause = C.RHEO_CAUSE_FORCED
	CauseReset               Cause = C.RHEO_CAUSE_RESET
)

func (c Cause) String() string { return C.GoString(C.rheo_cause_name(C.uint32_t(c))) }

// State is the state and the mode as the last call left them: an Open whose
// time is over stays Open until a call or a Tick.
func (b *Breaker) State() (State, Mode, error) {
	r := C.rheogo_breaker_state(b.m.h())
	runtime.KeepAlive(b.m)
	return State(uint32(r.value)), Mode(r.value >> 32), Status(r.status).Err()
}

// Snapshot is all there is to see of a breaker; rheo/breaker.h says what each is.
type Snapshot struct {
	State               State
	Mode                Mode
	Generation          uint64
	RetryAfter          time.Duration
	WindowCalls         uint64
	WindowFailures      uint64
	WindowSlow          uint64
	FailureRateBP       uint32
	SlowCallRateBP      uint32
	ConsecutiveFailures uint32
	BackoffLevel        uint32
	ProbesIssued        uint32
	ProbesSucceeded     uint32
	ProbesFailed        uint32
	ProbesIgnored       uint32
	ProbesSlow          uint32
	Successes           uint64
	Failures            uint64
	Slow                uint64
	Ignored             uint64
	Stale               uint64
	RefusedOpen         uint64
	RefusedProbe        uint64
	ClockRegressions    uint64
	CASRetries          uint64
}

// Snapshot is exact while nobody acts.
func (b *Breaker) Snapshot(nowNS uint64) (Snapshot, error) {
	var c C.rheo_breaker_snapshot_t
	s := Status(C.rheo_breaker_snapshot(b.c(), C.uint64_t(nowNS), &c, C.sizeof_rheo_breaker_snapshot_t))
	runtime.KeepAlive(b.m)
	return Snapshot{
		State:               State(c.state),
		Mode:                Mode(c.mode),
		Generation:          uint64(c.generation),
		RetryAfter:          durationOf(c.retry_after_ns),
		WindowCalls:         uint64(c.window_calls),
		WindowFailures:      uint64(c.window_failures),
		WindowSlow:          uint64(c.window_slow),
		FailureRateBP:       uint32(c.failure_rate_bp),
		SlowCallRateBP:      uint32(c.slow_call_rate_bp),
		ConsecutiveFailures: uint32(c.consecutive_failures),
		BackoffLevel:        uint32(c.backoff_level),
		ProbesIssued:        uint32(c.probes_issued),
		ProbesSucceeded:     uint32(c.probes_succeeded),
		ProbesFailed:        uint32(c.probes_failed),
		ProbesIgnored:       uint32(c.probes_ignored),
		ProbesSlow:          uint32(c.probes_slow),
		Successes:           uint64(c.successes),
		Failures:            uint64(c.failures),
		Slow:                uint64(c.slow),
		Ignored:             uint64(c.ignored),
		Stale:               uint64(c.stale),
		RefusedOpen:         uint64(c.refused_open),
		RefusedProbe:        uint64(c.refused_probe),
		ClockRegressions:    uint64(c.clock_regressions),
		CASRetries:          uint64(c.cas_retries),
	}, s.Err()
}

// Event is a transition. Partial: AtNS, Open and the counts are missing.
type Event struct {
	Generation uint64
	AtNS       uint64
	FromState  State
	ToState    State
	FromMode   Mode
	ToMode     Mode
	Cause      Cause
	Partial    bool
	Calls      uint64
	Failures   uint64
	Slow       uint64
	Open       time.Duration // to Open: for how long
}

// Events are the transitions after generation since, oldest first; the last 16
// are kept. Poll with the last generation seen, 0 at first.
func (b *Breaker) Events(since uint64) ([]Event, error) {
	var c [16]C.rheo_breaker_event_t
	var count C.uint32_t
	s := Status(C.rheo_breaker_events(b.c(), C.uint64_t(since), &c[0], C.uint32_t(len(c)), &count))
	runtime.KeepAlive(b.m)
	events := make([]Event, 0, count)
	for _, e := range c[:count] {
		events = append(events, Event{
			Generation: uint64(e.generation),
			AtNS:       uint64(e.at_ns),
			FromState:  State(e.from_state),
			ToState:    State(e.to_state),
			FromMode:   Mode(e.from_mode),
			ToMode:     Mode(e.to_mode),
			Cause:      Cause(e.cause),
			Partial:    e.partial != 0,
			Calls:      uint64(e.calls),
			Failures:   uint64(e.failures),
			Slow:       uint64(e.slow),
			Open:       durationOf(e.open_ns),
		})
	}
	return events, s.Err()
}
