// SPDX-License-Identifier: BSD-2-Clause

package rheohttp

import (
	"context"
	"errors"
	"net/http"

	"rheo.example/rheo"
)

// Transport is a RoundTripper that asks a guard before each request and reports
// how it went. A refusal is an *rheo.Error; nothing has been sent then.
//
// A request counts until its answer's head is there: what happens to the body
// later is not reported, nor is its time part of a slow call's.
type Transport struct {
	// Base makes the requests; nil: http.DefaultTransport.
	Base http.RoundTripper
	// Guard for all requests; of a breaker alone: rheo.GuardConfig{Breaker: b}.
	Guard *rheo.Guard
	// Choose, if set, is asked instead for each request's own, one a host say;
	// where it says nil the request is just made.
	Choose func(*http.Request) *rheo.Guard
	// Outcome of a request; nil: an error or a status of 500 and above is a
	// failure, but a request that its caller cancelled is ignored.
	Outcome func(*http.Response, error) rheo.Outcome
}

// RoundTrip makes the request if the guard lets it.
func (t *Transport) RoundTrip(r *http.Request) (*http.Response, error) {
	base, guard := t.Base, t.Guard
	if base == nil {
		base = http.DefaultTransport
	}
	if t.Choose != nil {
		guard = t.Choose(r)
	}
	if guard == nil {
		return base.RoundTrip(r)
	}
	v := guard.TryAcquire(1)
	if err := v.Err(); err != nil {
		// A RoundTripper closes the body, whatever it returns.
		if r.Body != nil {
			_ = r.Body.Close()
		}
		return nil, err
	}
	outcome := rheo.Failure // what a panic leaves
	defer func() { guard.Record(v.Permit, outcome) }()
	response, err := base.RoundTrip(r)
	outcome = t.outcome(response, err)
	return response, err
}

// CloseIdleConnections is for http.Client's method of this name.
func (t *Transport) CloseIdleConnections() {
	base := t.Base
	if base == nil {
		base = http.DefaultTransport
	}
	if c, ok := base.(interface{ CloseIdleConnections() }); ok {
		c.CloseIdleConnections()
	}
}

func (t *Transport) outcome(response *http.Response, err error) rheo.Outcome {
	switch {
	case t.Outcome != nil:
		return t.Outcome(response, err)
	case errors.Is(err, context.Canceled):
		return rheo.Ignored
	case err != nil:
		return rheo.Failure
	}
	return outcomeOf(response.StatusCode)
}
