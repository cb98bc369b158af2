// SPDX-License-Identifier: BSD-2-Clause
package rivals;

import static io.github.resilience4j.circuitbreaker.CircuitBreakerConfig.SlidingWindowSynchronizationStrategy.LOCK_FREE;
import static io.github.resilience4j.circuitbreaker.CircuitBreakerConfig.SlidingWindowSynchronizationStrategy.SYNCHRONIZED;
import static io.github.resilience4j.circuitbreaker.CircuitBreakerConfig.SlidingWindowType.COUNT_BASED;
import static io.github.resilience4j.circuitbreaker.CircuitBreakerConfig.SlidingWindowType.TIME_BASED;

import com.google.common.util.concurrent.RateLimiter;
import io.github.bucket4j.Bucket;
import io.github.bucket4j.local.SynchronizationStrategy;
import io.github.resilience4j.circuitbreaker.CircuitBreaker;
import io.github.resilience4j.circuitbreaker.CircuitBreakerConfig;
import io.github.resilience4j.circuitbreaker.CircuitBreakerConfig.SlidingWindowSynchronizationStrategy;
import io.github.resilience4j.circuitbreaker.CircuitBreakerConfig.SlidingWindowType;
import io.github.resilience4j.ratelimiter.RateLimiterConfig;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.function.Function;
import java.util.function.Supplier;

/** What is measured: an object, and a call that must come out true. */
enum Contender {
	GUAVA_ACCEPT("Guava", "guava", "tryAcquire", "accept", "yes",
			() -> RateLimiter.create(1e9), Contender::acquires),
	GUAVA_REFUSE("Guava", "guava", "tryAcquire", "refuse", "yes",
			Contender::guavaUsedUp, o -> not(acquires(o))),
	BUCKET4J_ACCEPT("bucket4j", "bucket4j_jdk17-core", "lock-free", "accept", "yes",
			() -> bucket(1_000_000_000, SynchronizationStrategy.LOCK_FREE), Contender::consumes),
	BUCKET4J_REFUSE("bucket4j", "bucket4j_jdk17-core", "lock-free", "refuse", "yes",
			() -> bucket(0, SynchronizationStrategy.LOCK_FREE), o -> not(consumes(o))),
	BUCKET4J_LOCKED_ACCEPT("bucket4j", "bucket4j_jdk17-core", "synchronized", "accept", "yes",
			() -> bucket(1_000_000_000, SynchronizationStrategy.SYNCHRONIZED), Contender::consumes),
	BUCKET4J_LOCKED_REFUSE("bucket4j", "bucket4j_jdk17-core", "synchronized", "refuse", "yes",
			() -> bucket(0, SynchronizationStrategy.SYNCHRONIZED), o -> not(consumes(o))),
	LIMITER_ACCEPT("resilience4j", "resilience4j-ratelimiter", "AtomicRateLimiter", "accept", "yes",
			() -> limiter(1_000_000_000, Duration.ofSeconds(1)), Contender::permits),
	LIMITER_REFUSE("resilience4j", "resilience4j-ratelimiter", "AtomicRateLimiter", "refuse", "yes",
			Contender::limiterUsedUp, o -> not(permits(o))),
	COUNT_CLOSED("resilience4j", "resilience4j-circuitbreaker", "COUNT_BASED, 100 calls", "closed", "no",
			() -> breaker(COUNT_BASED, 100, SYNCHRONIZED), Contender::passes),
	COUNT_OPEN("resilience4j", "resilience4j-circuitbreaker", "COUNT_BASED, 100 calls", "open", "yes",
			() -> opened(COUNT_BASED, 100), o -> not(passes(o))),
	COUNT_LOCK_FREE_CLOSED("resilience4j", "resilience4j-circuitbreaker", "COUNT_BASED, lock-free", "closed", "no",
			() -> breaker(COUNT_BASED, 100, LOCK_FREE), Contender::passes),
	TIME_CLOSED("resilience4j", "resilience4j-circuitbreaker", "TIME_BASED, 10 s", "closed", "yes",
			() -> breaker(TIME_BASED, 10, SYNCHRONIZED), Contender::passes),
	TIME_OPEN("resilience4j", "resilience4j-circuitbreaker", "TIME_BASED, 10 s", "open", "yes",
			() -> opened(TIME_BASED, 10), o -> not(passes(o))),
	TIME_LOCK_FREE_CLOSED("resilience4j", "resilience4j-circuitbreaker", "TIME_BASED, lock-free", "closed", "yes",
			() -> breaker(TIME_BASED, 10, LOCK_FREE), Contender::passes);

	final String library, jar, mode, outcome, clock;
	final Supplier<Object> make;
	final Function<Object, BooleanSupplier> call;

	Contender(String library, String jar, String mode, String outcome, String clock,
			Supplier<Object> make, Function<Object, BooleanSupplier> call) {
		this.library = library;
		this.jar = jar;
		this.mode = mode;
		this.outcome = outcome;
		this.clock = clock;
		this.make = make;
		this.call = call;
	}

	private static BooleanSupplier not(BooleanSupplier call) {
		return () -> !call.getAsBoolean();
	}

	private static BooleanSupplier acquires(Object o) {
		RateLimiter limiter = (RateLimiter) o;
		return () -> limiter.tryAcquire();
	}

	private static Object guavaUsedUp() {
		RateLimiter limiter = RateLimiter.create(1e-5);
		limiter.tryAcquire();
		return limiter;
	}

	private static Bucket bucket(long tokens, SynchronizationStrategy strategy) {
		return Bucket.builder()
				.addLimit(l -> tokens > 0
						? l.capacity(tokens).refillGreedy(tokens, Duration.ofSeconds(1))
						: l.capacity(1).refillGreedy(1, Duration.ofDays(1)).initialTokens(0))
				.withSynchronizationStrategy(strategy)
				.build();
	}

	private static BooleanSupplier consumes(Object o) {
		Bucket bucket = (Bucket) o;
		return () -> bucket.tryConsume(1);
	}

	private static io.github.resilience4j.ratelimiter.RateLimiter limiter(int permits, Duration period) {
		return io.github.resilience4j.ratelimiter.RateLimiter.of("limiter", RateLimiterConfig.custom()
				.limitForPeriod(permits).limitRefreshPeriod(period).timeoutDuration(Duration.ZERO).build());
	}

	private static Object limiterUsedUp() {
		var limiter = limiter(1, Duration.ofDays(1));
		limiter.acquirePermission();
		return limiter;
	}

	private static BooleanSupplier permits(Object o) {
		var limiter = (io.github.resilience4j.ratelimiter.RateLimiter) o;
		return () -> limiter.acquirePermission();
	}

	private static CircuitBreaker breaker(SlidingWindowType type, int window,
			SlidingWindowSynchronizationStrategy strategy) {
		return CircuitBreaker.of("breaker", CircuitBreakerConfig.custom()
				.slidingWindow(window, 100, type, strategy)
				.waitDurationInOpenState(Duration.ofHours(1)).build());
	}

	private static CircuitBreaker opened(SlidingWindowType type, int window) {
		CircuitBreaker breaker = breaker(type, window, SYNCHRONIZED);
		breaker.transitionToOpenState();
		return breaker;
	}

	private static BooleanSupplier passes(Object o) {
		CircuitBreaker breaker = (CircuitBreaker) o;
		return () -> {
			if (!breaker.tryAcquirePermission())
				return false;
			breaker.onSuccess(1, TimeUnit.NANOSECONDS);
			return true;
		};
	}
}
