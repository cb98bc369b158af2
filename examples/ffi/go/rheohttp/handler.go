// SPDX-License-Identifier: BSD-2-Clause

// Package rheohttp puts rheo's guards into net/http: before a handler, and
// behind a client.
package rheohttp

import (
	"net/http"

	"rheo.example/rheo"
)

// Middleware asks a guard before each request, answers 429 or 503 with
// Retry-After for those it refuses, tells clients of their limits in RateLimit
// and RateLimit-Policy, and reports to the guard's breaker how each went.
//
//	http.ListenAndServe(addr, (&rheohttp.Middleware{Guard: guard}).Wrap(mux))
//
// Its fields are not to be changed once it serves.
type Middleware struct {
	// Guard for all requests.
	Guard *rheo.Guard
	// Choose, if set, is asked instead for each request's own; where it says nil
	// there is no limit.
	Choose func(*http.Request) *rheo.Guard
	// Names of the guard's buckets in the RateLimit fields, in printable ASCII;
	// those not given are "default", "default-2" and so on.
	Names []string
	// Cost of a request in tokens; nil: 1. At 0 the guard is not asked.
	Cost func(*http.Request) uint64
	// Outcome of an answer of this status; nil: 500 and above are failures. A
	// handler that panics has failed.
	Outcome func(status int) rheo.Outcome
}

// Wrap is next behind the guard.
func (m *Middleware) Wrap(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		guard, cost := m.Guard, uint64(1)
		if m.Choose != nil {
			guard = m.Choose(r)
		}
		if m.Cost != nil {
			cost = m.Cost(r)
		}
		if guard == nil || cost == 0 {
			next.ServeHTTP(w, r)
			return
		}
		v := guard.TryAcquire(cost)
		m.fields(w.Header(), guard, &v)
		if !v.OK() {
			m.refuse(w, &v)
			return
		}
		m.serve(w, r, next, guard, v.Permit)
	})
}

func (m *Middleware) serve(w http.ResponseWriter, r *http.Request, next http.Handler, guard *rheo.Guard, permit rheo.Permit) {
	outcome := rheo.Failure // what a panic leaves
	defer func() { guard.Record(permit, outcome) }()
	seen := &recorder{ResponseWriter: w}
	next.ServeHTTP(seen, r)
	outcome = m.outcome(seen.answered())
}

func (m *Middleware) outcome(status int) rheo.Outcome {
	if m.Outcome != nil {
		return m.Outcome(status)
	}
	return outcomeOf(status)
}

func outcomeOf(status int) rheo.Outcome {
	if status >= 500 {
		return rheo.Failure
	}
	return rheo.Success
}
