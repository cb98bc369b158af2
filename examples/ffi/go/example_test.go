// SPDX-License-Identifier: BSD-2-Clause

package rheo_test

import (
	"fmt"
	"time"

	"rheo.example/rheo"
)

func ExampleBucket() {
	bucket, _ := rheo.NewBucket(rheo.BucketConfig{TokensPerPeriod: 1, Period: time.Hour, Burst: 2})
	fmt.Println(bucket.Allow(), bucket.Allow(), bucket.Allow())
	// Output: true true false
}

func ExampleBatch() {
	// At most 1000 at once and 1000 a second, of which 100 are fetched at a time.
	batch, _ := rheo.NewBatch(rheo.BucketConfig{TokensPerPeriod: 1000, Burst: 1000}, 100)
	defer batch.Close()
	fmt.Println(batch.Allow())
	// Output: true
}

func ExampleBreaker_Do() {
	breaker, _ := rheo.NewBreaker(rheo.BreakerConfig{ConsecutiveFailures: 2, Open: time.Minute})
	for i := 0; i < 3; i++ {
		err := breaker.Do(func() error { return fmt.Errorf("call %d failed", i+1) })
		state, _, _ := breaker.State()
		fmt.Println(state, err != nil)
	}
	// Output:
	// CLOSED true
	// OPEN true
	// OPEN true
}
