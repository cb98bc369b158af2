// SPDX-License-Identifier: BSD-2-Clause

// Service answers GET /quote by asking a gRPC server, behind a limit, before a breaker.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"log"
	"math"
	"net"
	"net/http"
	"strconv"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"quotes.example/service/quotes"
	"rheo.example/rheo"
	"rheo.example/rheo/rheohttp"
)

var (
	listen   = flag.String("listen", "127.0.0.1:0", "`address` to listen on")
	upstream = flag.String("upstream", "", "`address` of the gRPC server")
	timeout  = flag.Duration("timeout", 300*time.Millisecond, "of each call")
	open     = flag.Duration("open", time.Second, "how long the breaker stays open")
)

type service struct {
	quotes  quotes.QuotesClient
	breaker *rheo.Breaker
	guest   *rheo.Guard
}

func main() {
	log.SetFlags(0)
	flag.Parse()
	breaker, err := rheo.NewBreaker(rheo.BreakerConfig{MinimumCalls: 5, Open: *open, HalfOpenCalls: 2, Classify: Outcome})
	check(err)
	conn, err := grpc.NewClient(*upstream, grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithUnaryInterceptor(UnaryBreaker(breaker)))
	check(err)
	s := &service{quotes.NewQuotesClient(conn), breaker, limit(1, 5)}
	everybody := limit(1000, 1000)
	before := &rheohttp.Middleware{Choose: func(r *http.Request) *rheo.Guard {
		if r.Header.Get("X-Tenant") == "guest" {
			return s.guest
		}
		return everybody
	}}
	mux := http.NewServeMux()
	mux.Handle("/quote", before.Wrap(http.HandlerFunc(s.quote)))
	mux.HandleFunc("/state", s.state)
	l, err := net.Listen("tcp", *listen)
	check(err)
	fmt.Println("listening on", l.Addr())
	server := http.Server{Handler: mux, ReadHeaderTimeout: 5 * time.Second}
	check(server.Serve(l))
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

func limit(tokensPerSecond, burst uint64) *rheo.Guard {
	bucket, err := rheo.NewBucket(rheo.BucketConfig{TokensPerPeriod: tokensPerSecond, Burst: burst})
	check(err)
	guard, err := rheo.NewGuard(rheo.GuardConfig{Buckets: []*rheo.Bucket{bucket}})
	check(err)
	return guard
}

// quote passes on symbol, code and delay_ms, and the tenant.
func (s *service) quote(w http.ResponseWriter, r *http.Request) {
	// The request's context ends when its client goes away; so does the call then.
	ctx, cancel := context.WithTimeout(r.Context(), *timeout)
	defer cancel()
	if tenant := r.Header.Get("X-Tenant"); tenant != "" {
		ctx = metadata.AppendToOutgoingContext(ctx, "x-tenant", tenant)
	}
	q := r.URL.Query()
	code, _ := strconv.ParseInt(q.Get("code"), 10, 32)
	delay, _ := strconv.ParseInt(q.Get("delay_ms"), 10, 32)
	quote, err := s.quotes.Get(ctx, &quotes.GetRequest{Symbol: q.Get("symbol"), Code: int32(code), DelayMs: int32(delay)})
	if err != nil {
		refuse(w, err)
		return
	}
	answer(w, http.StatusOK, map[string]any{"symbol": quote.GetSymbol(), "cents": quote.GetCents()})
}

// refuse answers for a call that ended with err.
func refuse(w http.ResponseWriter, err error) {
	s := status.Convert(err)
	if wait := retryAfter(s); wait > 0 {
		w.Header().Set("Retry-After", strconv.FormatInt(int64(math.Ceil(wait.Seconds())), 10))
	}
	answer(w, httpStatus(s.Code()), map[string]any{
		"code": s.Code().String(), "detail": s.Message(), "sent": !errors.As(err, new(LocalRefusal)),
	})
}

// httpStatus is as google/rpc/code.proto has it.
func httpStatus(code codes.Code) int {
	switch code {
	case codes.Canceled:
		return 499
	case codes.InvalidArgument, codes.FailedPrecondition, codes.OutOfRange:
		return http.StatusBadRequest
	case codes.DeadlineExceeded:
		return http.StatusGatewayTimeout
	case codes.NotFound:
		return http.StatusNotFound
	case codes.AlreadyExists, codes.Aborted:
		return http.StatusConflict
	case codes.PermissionDenied:
		return http.StatusForbidden
	case codes.Unauthenticated:
		return http.StatusUnauthorized
	case codes.ResourceExhausted:
		return http.StatusTooManyRequests
	case codes.Unimplemented:
		return http.StatusNotImplemented
	case codes.Unavailable:
		return http.StatusServiceUnavailable
	}
	return http.StatusInternalServerError
}

// state is rheo's own view, for people and for scenario.py.
func (s *service) state(w http.ResponseWriter, _ *http.Request) {
	now, err := s.breaker.Snapshot(rheo.Now())
	check(err)
	events, err := s.breaker.Events(0)
	check(err)
	var transitions []string
	for _, e := range events {
		transitions = append(transitions, fmt.Sprintf("%s %s %s", e.FromState, e.ToState, e.Cause))
	}
	guest, err := s.guest.Stats()
	check(err)
	answer(w, http.StatusOK, map[string]any{
		"state": now.State.String(), "transitions": transitions,
		"successes": now.Successes, "failures": now.Failures, "ignored": now.Ignored, "stale": now.Stale,
		"refused": now.RefusedOpen + now.RefusedProbe, "guest_refused": guest.RefusedByBucket[0],
	})
}

func answer(w http.ResponseWriter, code int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	// A client that has gone away is no error of ours.
	_ = json.NewEncoder(w).Encode(body)
}
