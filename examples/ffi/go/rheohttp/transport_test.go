// SPDX-License-Identifier: BSD-2-Clause

package rheohttp_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"rheo.example/rheo"
	"rheo.example/rheo/rheohttp"
)

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

type body struct {
	io.Reader
	closed bool
}

func (b *body) Close() error { b.closed = true; return nil }

func TestClientOpensOnFailuresAndSendsNothingThen(t *testing.T) {
	var requests, status atomic.Int32
	status.Store(500)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		requests.Add(1)
		w.WriteHeader(int(status.Load()))
	}))
	defer server.Close()
	b := breaker(t, rheo.BreakerConfig{MinimumCalls: 2, Open: 200 * time.Millisecond, HalfOpenCalls: 1})
	client := &http.Client{Transport: &rheohttp.Transport{Guard: guard(t, b)}}
	defer client.CloseIdleConnections()
	for i := 0; i < 2; i++ {
		r, err := client.Get(server.URL)
		if err != nil || r.StatusCode != 500 {
			t.Fatal(err)
		}
		r.Body.Close()
	}
	sent := &body{Reader: strings.NewReader("x")}
	_, err := client.Post(server.URL, "text/plain", sent)
	var e *rheo.Error
	if !errors.Is(err, rheo.BreakerOpen) || !errors.As(err, &e) || e.RetryAfter <= 0 || requests.Load() != 2 {
		t.Fatal(err, requests.Load())
	}
	if !sent.closed {
		t.Error("the body is not closed")
	}
	status.Store(200)
	time.Sleep(e.RetryAfter)
	r, err := client.Get(server.URL)
	if err != nil || r.StatusCode != 200 {
		t.Fatal(err)
	}
	r.Body.Close()
	if state, _, _ := b.State(); state != rheo.Closed {
		t.Error(state)
	}
}

func TestWhatARequestCameToIsReported(t *testing.T) {
	b := breaker(t, rheo.BreakerConfig{MinimumCalls: 100})
	var response *http.Response
	var fault error
	transport := &rheohttp.Transport{Guard: guard(t, b), Base: roundTrip(func(*http.Request) (*http.Response, error) {
		if fault == io.ErrUnexpectedEOF {
			panic(fault)
		}
		return response, fault
	})}
	try := func(r *http.Response, err error) {
		response, fault = r, err
		defer func() { recover() }()
		if _, got := transport.RoundTrip(httptest.NewRequest("GET", "/", nil)); got != err {
			t.Error(got)
		}
	}
	try(&http.Response{StatusCode: 404}, nil)
	try(&http.Response{StatusCode: 502}, nil)
	try(nil, errors.New("refused"))
	try(nil, context.DeadlineExceeded)
	try(nil, context.Canceled)
	try(nil, io.ErrUnexpectedEOF) // panics
	if s := snapshot(t, b); s.Successes != 1 || s.Failures != 4 || s.Ignored != 1 {
		t.Errorf("%+v", s)
	}
	transport.Outcome = func(*http.Response, error) rheo.Outcome { return rheo.Ignored }
	try(&http.Response{StatusCode: 502}, nil)
	if s := snapshot(t, b); s.Failures != 4 || s.Ignored != 2 {
		t.Errorf("%+v", s)
	}
	transport.Choose = func(*http.Request) *rheo.Guard { return nil }
	try(&http.Response{StatusCode: 200}, nil)
	if s := snapshot(t, b); s.Successes != 1 {
		t.Errorf("%+v", s)
	}
}
