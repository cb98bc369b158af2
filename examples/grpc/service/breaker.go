// SPDX-License-Identifier: BSD-2-Clause

package main

import (
	"context"
	"errors"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/durationpb"

	"rheo.example/rheo"
)

// Outcome says what an error of a gRPC call means to a breaker, for
// BreakerConfig.Classify. Failed is what says that the other side is ill;
// ignored is the caller's own cancelling, and a limit, which only waiting cures.
// Any other code is an answer, and as good as OK.
func Outcome(err error) rheo.Outcome {
	if errors.Is(err, context.Canceled) || errors.Is(err, rheo.BreakerOpen) { // another one inside
		return rheo.Ignored
	}
	switch status.Code(err) {
	case codes.Unavailable, codes.DeadlineExceeded, codes.Internal, codes.Unknown, codes.DataLoss:
		return rheo.Failure
	case codes.Canceled, codes.ResourceExhausted:
		return rheo.Ignored
	}
	return rheo.Success
}

// LocalRefusal is a call that the breaker refused: nothing was sent. To
// status.FromError it is UNAVAILABLE, with google.rpc.RetryInfo.
type LocalRefusal struct{ Refused *rheo.Error }

func (r LocalRefusal) Error() string { return "not sent: " + r.Refused.Error() }

func (r LocalRefusal) Unwrap() error { return r.Refused }

// GRPCStatus is for package status.
func (r LocalRefusal) GRPCStatus() *status.Status {
	s := status.New(codes.Unavailable, r.Error())
	if r.Refused.RetryAfter == rheo.Forever {
		return s
	}
	with, err := s.WithDetails(&errdetails.RetryInfo{RetryDelay: durationpb.New(r.Refused.RetryAfter)})
	if err != nil {
		return s
	}
	return with
}

// UnaryBreaker puts a breaker around calls with one request and one answer. Do
// reports each permit once, whatever becomes of the call.
func UnaryBreaker(b *rheo.Breaker) grpc.UnaryClientInterceptor {
	return func(ctx context.Context, method string, req, reply any, cc *grpc.ClientConn, invoker grpc.UnaryInvoker, opts ...grpc.CallOption) error {
		err := b.Do(func() error { return invoker(ctx, method, req, reply, cc, opts...) })
		var refused *rheo.Error
		if errors.Is(err, rheo.BreakerOpen) && errors.As(err, &refused) {
			return LocalRefusal{refused}
		}
		return err
	}
}

// retryAfter is what RetryInfo says, 0 where there is none.
func retryAfter(s *status.Status) time.Duration {
	for _, detail := range s.Details() {
		if info, ok := detail.(*errdetails.RetryInfo); ok {
			return info.GetRetryDelay().AsDuration()
		}
	}
	return 0
}
