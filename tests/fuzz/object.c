/* SPDX-License-Identifier: BSD-2-Clause */

#include "object.h"

#include <stdlib.h>
#include <string.h>

#include "steps.h"

#define START UINT64_C(1000000)

static void
make_counter(struct object *o, struct bytes *in)
{
	rheo_counter_config_t *c = &o->cfg.counter;
	rheo_counter_t *handle = NULL;

	rheo_counter_config_init(c, sizeof *c);
	c->counts = 8;
	c->lanes = 1u << take(in, 1) % 4;
	o->mem = room_make((size_t)rheo_counter_size(c));
	if (rheo_counter_init(o->mem.at, o->mem.size, c, START, &handle) != RHEO_OK)
		abort();
	o->handle = handle;
}

static void
make_bucket(struct object *o, struct bytes *in)
{
	rheo_bucket_config_t *c = &o->cfg.bucket;
	rheo_bucket_t *handle = NULL;

	rheo_bucket_config_init(c, sizeof *c);
	c->tokens_per_period = 1 + take(in, 2);
	c->burst = take(in, 1) % 2 ? 1 + take(in, 1) : 1000 + take(in, 2);
	c->max_debt = take(in, 1);
	c->lanes = 1u << take(in, 1) % 4;
	c->counter_lanes = 1u << take(in, 1) % 3;
	o->mem = room_make((size_t)rheo_bucket_size(c));
	if (rheo_bucket_init(o->mem.at, o->mem.size, c, START, &handle) != RHEO_OK)
		abort();
	o->handle = handle;
}

static void
make_breaker(struct object *o, struct bytes *in)
{
	rheo_breaker_config_t *c = &o->cfg.breaker;
	rheo_breaker_t *handle = NULL;

	rheo_breaker_config_init(c, sizeof *c);
	c->minimum_calls = 1 + (uint32_t)take(in, 1) % 4;
	c->consecutive_failures = (uint32_t)take(in, 1) % 4;
	c->slow_call_rate_bp = (uint32_t)take(in, 1) % 2 * 5000;
	c->slow_call_ns = 1000;
	c->window_slices = 1 + (uint32_t)take(in, 1) % 64;
	c->window_calls = take(in, 1) % 2 ? 0 : 1 + (uint32_t)take(in, 1) * 2;
	c->open_backoff_bp = (uint32_t)take(in, 1) % 2 * 10000;
	c->open_jitter_bp = (uint32_t)take(in, 1) % 2 * 1000;
	c->half_open_calls = 1 + (uint32_t)take(in, 1) % 8;
	c->jitter_seed = 1;
	c->flags = (uint32_t)take(in, 1) % 2;
	c->lanes = 1u << take(in, 1) % 3;
	o->mem = room_make((size_t)rheo_breaker_size(c));
	if (rheo_breaker_init(o->mem.at, o->mem.size, c, START, &handle) != RHEO_OK)
		abort();
	o->handle = handle;
}

void
object_use(struct object *o, void *handle)
{
	rheo_guard_config_t c;

	o->handle = handle;
	rheo_guard_config_init(&c, sizeof c);
	c.lanes = 1;
	if (o->kind == OBJECT_BREAKER)
		c.breaker = handle;
	else if (o->kind == OBJECT_BUCKET)
		c.bucket[0] = handle;
	else
		return;
	if (o->guard_mem.at == NULL)
		o->guard_mem = room_make((size_t)rheo_guard_size(&c));
	if (rheo_guard_init(o->guard_mem.at, o->guard_mem.size, &c, START, &o->guard) != RHEO_OK)
		abort();
}

void
object_make(struct object *o, struct bytes *in)
{
	static void (*const make[OBJECT_KINDS])(struct object *, struct bytes *) = {make_counter, make_bucket,
										   make_breaker};

	memset(o, 0, sizeof *o);
	o->kind = (unsigned)take(in, 1) % OBJECT_KINDS;
	make[o->kind](o, in);
	object_use(o, o->handle);
}

void
object_free(struct object *o)
{
	room_free(&o->mem);
	room_free(&o->guard_mem);
}

int32_t
object_attach(unsigned kind, void *mem, uint64_t size, void **handle)
{
	rheo_counter_t *counter = *handle;
	rheo_bucket_t *bucket = *handle;
	rheo_breaker_t *breaker = *handle;
	int32_t st;

	switch (kind) {
	case OBJECT_COUNTER:
		st = rheo_counter_attach(mem, size, &counter);
		*handle = counter;
		return st;
	case OBJECT_BUCKET:
		st = rheo_bucket_attach(mem, size, &bucket);
		*handle = bucket;
		return st;
	default:
		st = rheo_breaker_attach(mem, size, &breaker);
		*handle = breaker;
		return st;
	}
}

static int32_t
call_counter(rheo_counter_t *h, unsigned op, uint64_t n)
{
	uint64_t out;

	if (op % 2 == 0)
		return rheo_counter_add(h, (uint32_t)n % 8, n);
	return rheo_counter_read(h, (uint32_t)n % 8, &out);
}

static int32_t
call_bucket(struct object *o, struct caller *c, unsigned op, uint64_t n, const char **result)
{
	rheo_bucket_t *h = o->handle;
	rheo_bucket_config_t cfg = o->cfg.bucket;
	rheo_bucket_stats_t stats;
	rheo_bucket_quota_t quota;
	uint64_t out = 0;
	int32_t st;

	switch (op % 14) {
	case 0:
		return rheo_bucket_try_acquire(h, n);
	case 1:
		return rheo_bucket_try_acquire_at(h, n, c->now);
	case 2:
		st = rheo_bucket_acquire_upto(h, n, c->now, &out);
		if (st == RHEO_OK && (out == 0 || out > n))
			*result = "acquire_upto took what was not asked for";
		return st;
	case 3:
		return rheo_bucket_reserve(h, n, c->now, n * 1000, &out);
	case 4:
		return rheo_bucket_refund(h, n);
	case 5:
		return rheo_bucket_charge(h, n, c->now);
	case 6:
		return rheo_bucket_refill(h, c->now);
	case 7:
		return rheo_bucket_next_refill_ns(h, c->now, &out);
	case 8:
		return rheo_bucket_wait_ns(h, n, c->now, &out);
	case 9:
		return rheo_bucket_available(h, c->now, &out);
	case 10:
		return rheo_bucket_quota(h, c->now, &quota);
	case 11:
		return rheo_bucket_stats(h, &stats, sizeof stats);
	case 12:
		return rheo_bucket_config(h, &cfg, sizeof cfg);
	default:
		cfg.burst += n % 100;
		return rheo_bucket_reconfigure(h, &cfg, c->now, (uint32_t)n % 3);
	}
}

static int32_t
call_breaker(struct object *o, struct caller *c, unsigned op, uint64_t n, const char **result)
{
	rheo_breaker_t *h = o->handle;
	rheo_breaker_config_t cfg = o->cfg.breaker;
	rheo_breaker_snapshot_t snapshot;
	rheo_breaker_event_t event[16];
	uint32_t outcome = (uint32_t)n % 4, count = 0, state = 0, mode = 0, probe = 0;
	uint64_t out;
	int32_t st = RHEO_OK;

	outcome = outcome == 3 ? RHEO_FAILURE : outcome;
	switch (op % 14) {
	case 0:
	case 1:
		st = rheo_breaker_try_acquire(h, c->now, &c->permit);
		if (st != RHEO_OK && c->permit != RHEO_PERMIT_NONE)
			*result = "a refusal with a permit";
		break;
	case 2:
	case 3:
		return rheo_breaker_record(h, c->permit, outcome, c->now);
	case 4:
		return rheo_breaker_record(h, n, outcome, c->now);
	case 5:
		return rheo_breaker_cancel(h, c->permit, c->now);
	case 6:
		return rheo_breaker_tick(h, c->now, &out);
	case 7:
		st = rheo_breaker_state(h, &state, &mode);
		break;
	case 8:
		return rheo_breaker_retry_after_ns(h, c->now, &out);
	case 9:
		return rheo_breaker_snapshot(h, c->now, &snapshot, sizeof snapshot);
	case 10:
		st = rheo_breaker_events(h, n, event, (uint32_t)n % 17, &count);
		break;
	case 11:
		st = n % 2 ? rheo_breaker_config(h, &cfg, sizeof cfg) : rheo_breaker_permit(h, n, &out, &probe);
		break;
	case 12:
		cfg.open_ns += n % 100;
		return rheo_breaker_reconfigure(h, &cfg, c->now);
	default:
		st = n % 4 == 3 ? rheo_breaker_reset(h, c->now) : rheo_breaker_force(h, (uint32_t)n % 4, c->now);
	}
	if (state > RHEO_HALF_OPEN || mode > RHEO_DISABLED || count > n % 17)
		*result = "a state, a mode or a number of events that there is not";
	return st;
}

static int32_t
call_guard(struct object *o, struct caller *c, unsigned op, uint64_t n)
{
	rheo_verdict_t v;
	uint64_t next;
	int32_t st;

	switch (op % 4) {
	case 0:
		st = rheo_guard_try_acquire(o->guard, n, c->now, &v);
		c->permit = st == RHEO_OK ? v.permit : RHEO_PERMIT_NONE;
		return st;
	case 1:
		return rheo_guard_record(o->guard, c->permit, (uint32_t)n % 3, c->now);
	case 2:
		return rheo_guard_cancel(o->guard, c->permit, n % 2, c->now);
	default:
		return rheo_guard_tick(o->guard, c->now, &next);
	}
}

const char *
object_call(struct object *o, struct caller *c, struct bytes *in, void (*between)(void *, uint64_t), void *arg)
{
	unsigned op = (unsigned)take(in, 1), when = (unsigned)take(in, 1);
	uint64_t n = when % 8 < 6 ? 1 + take(in, 1) : any_number(in, 64), steps;
	const char *result = NULL;
	int32_t st;

	c->now = when < 32 ? any_number(in, 64) : c->now + take(in, 1) * (when < 128 ? 1 : 1000000);
	n += n == 0;
	steps_begin(when >> 3, between, arg);
	if (o->kind == OBJECT_COUNTER)
		st = call_counter(o->handle, op, n);
	else if (op >= 192)
		st = call_guard(o, c, op, n);
	else if (o->kind == OBJECT_BUCKET)
		st = call_bucket(o, c, op, n, &result);
	else
		st = call_breaker(o, c, op, n, &result);
	steps = steps_end();
	c->calls++;
	c->longest = steps > c->longest ? steps : c->longest;
	if (st < RHEO_ERR_CORRUPT || st >= RHEO_STATUS_AFTER_LAST)
		return "what is not a status";
	return result;
}

struct scribble
any_scribble(struct bytes *in, const struct object *o)
{
	struct scribble s;

	/* Half of them where an object's own words stand: rules, counts and cells come after. */
	s.word = (uint32_t)(take(in, 1) % 2 ? take(in, 1) % 32 : take(in, 2));
	s.word %= (uint32_t)(o->mem.size / 8);
	s.how = (uint32_t)take(in, 1) % 6;
	s.value = s.how == 0 ? UINT64_C(1) << take(in, 1) % 64 : s.how == 1 ? any_number(in, 64) : take(in, 2);
	return s;
}

void
scribble(const struct scribble *s, struct room *mem, const uint8_t *was)
{
	uint64_t *at = (uint64_t *)(void *)mem->at + s->word, old, v;

	switch (s->how) {
	case 0: /* a bit flips */
		__atomic_fetch_xor(at, s->value, __ATOMIC_RELAXED);
		return;
	case 1: /* anything */
		v = s->value;
		break;
	case 2: /* what stands elsewhere */
		v = __atomic_load_n((uint64_t *)(void *)mem->at + s->value % (mem->size / 8), __ATOMIC_RELAXED);
		break;
	case 3: /* what stood here */
		memcpy(&v, was + 8 * (size_t)s->word, sizeof v);
		break;
	case 4: /* a little more */
		__atomic_fetch_add(at, s->value, __ATOMIC_RELAXED);
		return;
	default: /* one byte */
		old = __atomic_load_n(at, __ATOMIC_RELAXED);
		v = old ^ (s->value & 0xff) << (s->value >> 8) % 8 * 8;
	}
	__atomic_store_n(at, v, __ATOMIC_RELAXED);
}
