// SPDX-License-Identifier: BSD-2-Clause

// What run.sh package runs where nothing but the package is installed.
package main

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"time"

	"rheo.example/rheo"
	"rheo.example/rheo/rheohttp"
)

func must[T any](made T, err error) T {
	check(err == nil, fmt.Sprint("no error: ", err))
	return made
}

func check(good bool, what string) {
	if !good {
		fmt.Fprintln(os.Stderr, "smoke: not so:", what)
		os.Exit(1)
	}
}

func main() {
	check(len(os.Args) == 2 && rheo.Version() == os.Args[1], "the version is the package's")
	bucket := must(rheo.NewBucket(rheo.BucketConfig{TokensPerPeriod: 1, Period: time.Hour, Burst: 2}))
	check(bucket.AllowN(2), "two of two pass")
	check(errors.Is(bucket.Acquire(1), rheo.RateLimited), "the third is refused")

	batch := must(rheo.NewBatch(rheo.BucketConfig{TokensPerPeriod: 1, Period: time.Hour, Burst: 20}, 10))
	spent := 0
	for batch.Allow() {
		spent++
	}
	check(spent == 10, "what the bucket has is spent")

	ill := errors.New("ill")
	breaker := must(rheo.NewBreaker(rheo.BreakerConfig{MinimumCalls: 3}))
	for i := 0; i < 3; i++ {
		check(breaker.Do(func() error { return ill }) == ill, "calls are made")
	}
	check(errors.Is(breaker.Do(func() error { return nil }), rheo.BreakerOpen), "the breaker has tripped")

	guard := must(rheo.NewGuard(rheo.GuardConfig{Breaker: breaker, Buckets: []*rheo.Bucket{bucket}}))
	w := httptest.NewRecorder()
	(&rheohttp.Middleware{Guard: guard}).Wrap(http.NotFoundHandler()).ServeHTTP(w, httptest.NewRequest("GET", "/", nil))
	check(w.Code == 503 && w.Header().Get("Retry-After") != "", "the middleware answers 503")
	fmt.Println("smoke: acquired, refused, batched, tripped, answered")
}
