// SPDX-License-Identifier: BSD-2-Clause
package rheo;

import java.util.List;

/** A breaker beyond what the cases say. */
final class BreakerTest {
  static BreakerConfig trips(int calls) {
    return new BreakerConfig().minimumCalls(calls).openNs(5_000).halfOpenCalls(2);
  }

  private final Breaker breaker = Breaker.create(trips(2), 0);

  private void trip() {
    breaker.acquire(1).record(Outcome.FAILURE, 2);
    breaker.acquire(3).record(Outcome.FAILURE, 4);
  }

  void an_open_one_says_when_to_come_again() {
    trip();
    Check.equal(Rheo.PERMIT_NONE, breaker.tryAcquire(104));
    BreakerOpen open = Check.thrown(BreakerOpen.class, () -> breaker.acquire(104));
    Check.equal(4_900L, open.retryAfterNs());
    Check.equal(Status.REJ_OPEN, open.status());
    breaker.acquire(6_000);
    breaker.acquire(6_000);
    Check.equal(
        Status.REJ_PROBE, Check.thrown(BreakerOpen.class, () -> breaker.acquire(6_000)).status());
  }

  void the_clock_is_read_where_no_time_is_given() {
    Breaker now = Breaker.create(trips(2).openNs(3_600_000_000_000L));
    Check.that(now.record(now.tryAcquire(), Outcome.SUCCESS), "success");
    Check.that(now.cancel(now.tryAcquire()), "cancel");
    now.acquire().failure();
    Check.equal(Rheo.PERMIT_NONE, now.tryAcquire());
    long wait = Check.thrown(BreakerOpen.class, now::acquire).retryAfterNs();
    Check.that(wait > 3_500_000_000_000L && now.retryAfterNs() <= wait, "wait " + wait);
    Check.that(now.tick() <= wait, "tick");
    now.force(Mode.DISABLED);
    Check.equal(Mode.DISABLED, now.snapshot().mode());
    now.reset();
    Check.equal(State.CLOSED, now.state());
    now.reconfigure(now.config().minimumCalls(7));
    Check.equal(7, now.config().minimumCalls());
  }

  void transitions_are_told_in_order() {
    trip();
    breaker.acquire(6_000).record(Outcome.SUCCESS, 6_001);
    breaker.acquire(6_002).record(Outcome.SUCCESS, 6_003);
    List<BreakerEvent> events = breaker.events(0);
    Check.equal(
        List.of(State.OPEN, State.HALF_OPEN, State.CLOSED),
        events.stream().map(BreakerEvent::toState).toList());
    Check.equal(
        List.of(Cause.FAILURE_RATE, Cause.OPEN_TIME_OVER, Cause.PROBES_SUCCEEDED),
        events.stream().map(BreakerEvent::cause).toList());
    Check.equal(4L, events.get(0).atNs());
    Check.equal(2L, events.get(0).failures());
    Check.equal(events.subList(2, 3), breaker.events(2));
    for (int i = 0; i < 20; i++) breaker.reset(7_000 + i);
    Check.equal(16, breaker.events(0).size());
  }

  void reports_of_an_older_generation_have_no_effect() {
    long late = breaker.tryAcquire(1);
    trip();
    Check.that(!breaker.record(late, Outcome.SUCCESS, 10), "late record");
    Check.that(!breaker.cancel(late, 10), "late cancel");
    Check.equal(2L, breaker.snapshot(11).stale());
  }

  void forced_open_it_never_passes() {
    breaker.force(Mode.FORCED_OPEN, 0);
    Check.equal(Rheo.FOREVER, breaker.retryAfterNs(0));
    Check.equal(
        Rheo.FOREVER, Check.thrown(BreakerOpen.class, () -> breaker.acquire(0)).retryAfterNs());
  }

  void thresholds_change_and_the_window_does_not() {
    breaker.reconfigure(breaker.config().consecutiveFailures(1), 0);
    breaker.acquire(1).record(Outcome.FAILURE, 2);
    Check.equal(State.OPEN, breaker.state());
    BreakerConfig other = breaker.config().windowNs(1_000_000);
    Check.thrown(InvalidArgument.class, () -> breaker.reconfigure(other, 3));
  }
}
