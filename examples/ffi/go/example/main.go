// SPDX-License-Identifier: BSD-2-Clause

// A limiter and a breaker in front of a function.
package main

import (
	"errors"
	"fmt"
	"log"

	"rheo.example/rheo"
)

func main() {
	limit, err := rheo.NewBucket(rheo.BucketConfig{TokensPerPeriod: 100, Burst: 5}) // 100 a second, 5 at once
	if err != nil {
		log.Fatal(err)
	}
	breaker, err := rheo.NewBreaker(rheo.BreakerConfig{}) // opens when half of 20 or more calls in 10 s failed
	if err != nil {
		log.Fatal(err)
	}
	guard, err := rheo.NewGuard(rheo.GuardConfig{Breaker: breaker, Buckets: []*rheo.Bucket{limit}})
	if err != nil {
		log.Fatal(err)
	}
	for i := 0; i < 8; i++ { // eight requests at once
		answer, err := rheo.Do(guard, func() (int, error) { return 200, nil }) // ... make the call here ...
		var refused *rheo.Error
		if errors.As(err, &refused) {
			fmt.Printf("%s, retry after %v\n", refused.Status.Name(), refused.RetryAfter)
		} else {
			fmt.Println(answer, err)
		}
	}
}
