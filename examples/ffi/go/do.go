// SPDX-License-Identifier: BSD-2-Clause

package rheo

import "errors"

// ErrNotCalled, returned (or wrapped) by a function that Do runs, says that the
// call was never made: the permit is given back, and a guard's tokens, too.
var ErrNotCalled = errors.New("rheo: the call was not made")

// Doer is a Breaker or a Guard.
type Doer interface {
	Do(call func() error) error
}

// Do runs a call that has a result.
func Do[T any](d Doer, call func() (T, error)) (T, error) {
	var result T
	err := d.Do(func() (err error) {
		result, err = call()
		return err
	})
	return result, err
}

// Do runs call if the breaker lets it, and reports how it went: an error as
// BreakerConfig.Classify says, a panic (which goes on) as a Failure. It returns
// call's error, or an *Error if the breaker refused.
func (b *Breaker) Do(call func() error) error {
	permit, s := b.TryAcquire()
	if s != OK {
		return b.refusal(s)
	}
	v := verdict{outcome: Failure}
	defer func() {
		if v.cancel {
			b.Cancel(permit)
		} else {
			b.Record(permit, v.outcome)
		}
	}()
	err := call()
	v.of(err, b.classify)
	return err
}

func (b *Breaker) refusal(s Status) error {
	e := &Error{Status: s}
	if e.Refused() {
		e.RetryAfter, _ = b.RetryAfter(Now())
	}
	return e
}

// Do runs call if every part lets it, at the cost of one token, and reports how
// it went, as Breaker.Do does.
func (g *Guard) Do(call func() error) error { return g.DoN(1, call) }

// DoN is Do at the cost of so many tokens.
func (g *Guard) DoN(cost uint64, call func() error) error {
	admitted := g.TryAcquire(cost)
	if err := admitted.Err(); err != nil {
		return err
	}
	v := verdict{outcome: Failure}
	defer func() {
		if v.cancel {
			g.Cancel(admitted)
		} else {
			g.Record(admitted.Permit, v.outcome)
		}
	}()
	err := call()
	v.of(err, g.classify)
	return err
}

// verdict on a call. It begins as a failure: that is what a panic, or
// runtime.Goexit, leaves.
type verdict struct {
	outcome Outcome
	cancel  bool
}

func (v *verdict) of(err error, classify func(error) Outcome) {
	switch {
	case err == nil:
		v.outcome = Success
	case errors.Is(err, ErrNotCalled):
		v.cancel = true
	case classify != nil:
		v.outcome = classify(err)
	}
}
