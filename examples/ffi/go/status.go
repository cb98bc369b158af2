// SPDX-License-Identifier: BSD-2-Clause

package rheo

// #include "shim.h"
import "C"

import (
	"math"
	"time"
)

// Status is what a call answered: OK, above 0 a policy said no, below 0 the
// caller erred. Values come from the C headers, texts from the C library.
//
// A Status other than OK is an error to compare with: errors.Is(err, RateLimited).
type Status int32

// Every status of rheo/status.h.
const (
	OK              Status = C.RHEO_OK
	RateLimited     Status = C.RHEO_REJ_RATE
	BreakerOpen     Status = C.RHEO_REJ_OPEN
	NoProbeLeft     Status = C.RHEO_REJ_PROBE // half-open; errors.Is(err, BreakerOpen) holds too
	NeverPasses     Status = C.RHEO_REJ_NEVER
	Stale           Status = C.RHEO_STALE
	InvalidArgument Status = C.RHEO_ERR_INVAL
	NoSpace         Status = C.RHEO_ERR_NOSPC
	VersionMismatch Status = C.RHEO_ERR_VERSION
	Corrupt         Status = C.RHEO_ERR_CORRUPT
)

const statusAfterLast Status = C.RHEO_STATUS_AFTER_LAST

// Forever stands for "no limit", "never" and "not known" wherever a duration is given.
const Forever time.Duration = math.MaxInt64

// Name is the C name without its prefix: "REJ_RATE".
func (s Status) Name() string { return C.GoString(C.rheo_status_name(C.int32_t(s))) }

// Error is one line for people.
func (s Status) Error() string { return "rheo: " + C.GoString(C.rheo_status_text(C.int32_t(s))) }

// Err is nil for OK, else an *Error.
func (s Status) Err() error {
	if s == OK {
		return nil
	}
	return &Error{Status: s}
}

// Error is a status with what is known beside it.
type Error struct {
	Status Status
	// RetryAfter, where a policy refused: how long until it may pass; 0 elsewhere.
	RetryAfter time.Duration
	// Field, with InvalidArgument: what was wrong, by its name in C: "open_ns".
	Field string
}

func (e *Error) Error() string {
	text := e.Status.Error()
	if e.Field != "" {
		text += ": " + e.Field
	}
	if e.RetryAfter > 0 && e.RetryAfter != Forever {
		text += "; retry after " + e.RetryAfter.String()
	}
	return text
}

// Is says whether target is this status. A half-open breaker without probes
// left is an open one to whoever asks.
func (e *Error) Is(target error) bool {
	s, ok := target.(Status)
	return ok && (s == e.Status || s == BreakerOpen && e.Status == NoProbeLeft)
}

// Refused says whether a policy said no, which is nobody's error.
func (e *Error) Refused() bool { return e.Status > OK && e.Status != Stale }

func invalid(field string) *Error { return &Error{Status: InvalidArgument, Field: field} }

// durationOf is a C duration; what Go's cannot hold is Forever.
func durationOf(ns C.uint64_t) time.Duration {
	if ns > math.MaxInt64 {
		return Forever
	}
	return time.Duration(ns)
}

// waitOf is how long a caller would wait, as C wants it.
func waitOf(d time.Duration) C.uint64_t {
	if d < 0 {
		return 0
	}
	return C.uint64_t(d)
}
