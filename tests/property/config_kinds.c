/* SPDX-License-Identifier: BSD-2-Clause */

#include "config_kinds.h"

#include <string.h>

#include "bucket/curve.h"

__extension__ typedef unsigned __int128 u128;

#define ANY UINT64_MAX
#define FIELD(type, field, least, most) \
	{#field, offsetof(type, field), sizeof(((type *)0)->field), (least), (most), false}
#define RESOLVED(type, field, least, most) \
	{#field, offsetof(type, field), sizeof(((type *)0)->field), (least), (most), true}

#define MOST_NS (UINT64_C(1) << 57)
#define MOST_TOKENS (UINT64_C(1) << 58)

static const struct field bucket_fields[] = {
	FIELD(rheo_bucket_config_t, flags, 0, RHEO_BUCKET_START_EMPTY),
	FIELD(rheo_bucket_config_t, tokens_per_period, 1, ANY),
	FIELD(rheo_bucket_config_t, period_ns, 1, ANY),
	FIELD(rheo_bucket_config_t, burst, 1, MOST_TOKENS),
	FIELD(rheo_bucket_config_t, max_debt, 0, MOST_TOKENS),
	RESOLVED(rheo_bucket_config_t, lanes, 0, 1024),
	RESOLVED(rheo_bucket_config_t, counter_lanes, 0, 128),
};

static const struct field breaker_fields[] = {
	FIELD(rheo_breaker_config_t, flags, 0, RHEO_BREAKER_PROBE_TIMEOUT_CANCELS),
	FIELD(rheo_breaker_config_t, failure_rate_bp, 0, 10000),
	FIELD(rheo_breaker_config_t, slow_call_rate_bp, 0, 10000),
	FIELD(rheo_breaker_config_t, slow_call_ns, 0, MOST_NS),
	FIELD(rheo_breaker_config_t, consecutive_failures, 0, ANY),
	FIELD(rheo_breaker_config_t, minimum_calls, 1, ANY),
	FIELD(rheo_breaker_config_t, window_ns, 1, MOST_NS),
	FIELD(rheo_breaker_config_t, window_slices, 1, 64),
	FIELD(rheo_breaker_config_t, window_calls, 0, UINT64_C(1) << 20),
	FIELD(rheo_breaker_config_t, open_ns, 1, MOST_NS),
	FIELD(rheo_breaker_config_t, open_max_ns, 0, MOST_NS),
	FIELD(rheo_breaker_config_t, open_backoff_bp, 0, 1000000),
	FIELD(rheo_breaker_config_t, open_jitter_bp, 0, 10000),
	RESOLVED(rheo_breaker_config_t, jitter_seed, 0, ANY),
	FIELD(rheo_breaker_config_t, half_open_calls, 1, 32),
	FIELD(rheo_breaker_config_t, half_open_successes, 0, 32),
	FIELD(rheo_breaker_config_t, half_open_failures, 0, 32),
	RESOLVED(rheo_breaker_config_t, lanes, 0, 128),
	FIELD(rheo_breaker_config_t, probe_timeout_ns, 1, UINT64_C(1) << 40),
};

static const struct field counter_fields[] = {
	FIELD(rheo_counter_config_t, flags, 0, 0),
	FIELD(rheo_counter_config_t, lanes, 0, 1024),
	FIELD(rheo_counter_config_t, counts, 1, 8),
};

static const struct field guard_fields[] = {
	FIELD(rheo_guard_config_t, flags, 0, RHEO_GUARD_SHADOW | RHEO_GUARD_LEAN),
	FIELD(rheo_guard_config_t, breaker, 0, ANY),
	FIELD(rheo_guard_config_t, bucket[0], 0, ANY),
	FIELD(rheo_guard_config_t, bucket[1], 0, ANY),
	FIELD(rheo_guard_config_t, bucket[2], 0, ANY),
	FIELD(rheo_guard_config_t, bucket[3], 0, ANY),
	FIELD(rheo_guard_config_t, lanes, 0, 64),
	FIELD(rheo_guard_config_t, reserved, 0, 0),
};

/* The headers' types on the outside, void * for the table. */
#define OPAQUE(kind)                                                                               \
	static int32_t kind##_config_init(void *cfg, uint64_t size)                                \
	{                                                                                          \
		return rheo_##kind##_config_init(cfg, size);                                       \
	}                                                                                          \
	static uint64_t kind##_size(const void *cfg)                                               \
	{                                                                                          \
		return rheo_##kind##_size(cfg);                                                    \
	}                                                                                          \
	static int32_t kind##_init(void *mem, uint64_t size, const void *cfg, uint64_t now_ns,     \
				   void **handle)                                                  \
	{                                                                                          \
		rheo_##kind##_t *h = *handle;                                                      \
		int32_t st = rheo_##kind##_init(mem, size, cfg, now_ns, &h);                       \
                                                                                                   \
		*handle = h;                                                                       \
		return st;                                                                         \
	}
#define SHARED(kind)                                                        \
	static int32_t kind##_attach(void *mem, uint64_t size, void **handle) \
	{                                                                   \
		rheo_##kind##_t *h = *handle;                               \
		int32_t st = rheo_##kind##_attach(mem, size, &h);           \
                                                                            \
		*handle = h;                                                \
		return st;                                                  \
	}
#define CHECKED(kind)                                                               \
	static int32_t kind##_check(const void *cfg)                                \
	{                                                                           \
		return rheo_##kind##_config_check(cfg);                             \
	}                                                                           \
	static const char *kind##_fault(const void *cfg)                            \
	{                                                                           \
		return rheo_##kind##_config_fault(cfg);                             \
	}                                                                           \
	static int32_t kind##_config(const void *handle, void *cfg, uint64_t size)  \
	{                                                                           \
		return rheo_##kind##_config(handle, cfg, size);                     \
	}

OPAQUE(bucket)
SHARED(bucket)
CHECKED(bucket)
OPAQUE(breaker)
SHARED(breaker)
CHECKED(breaker)
OPAQUE(counter)
SHARED(counter)
OPAQUE(guard)

static int32_t
bucket_reconfigure(void *handle, const void *cfg, uint64_t now_ns, uint32_t mode)
{
	return rheo_bucket_reconfigure(handle, cfg, now_ns, mode);
}

static int32_t
breaker_reconfigure(void *handle, const void *cfg, uint64_t now_ns, uint32_t mode)
{
	(void)mode;
	return rheo_breaker_reconfigure(handle, cfg, now_ns);
}

/* The rate: at most 10^12 a second, and a numerator below 2^41 in lowest terms. */
static bool
bucket_consistent(const void *ours, const char *field)
{
	const rheo_bucket_config_t *c = ours;
	uint64_t a = c->tokens_per_period, b = c->period_ns;

	if (strcmp(field, "tokens_per_period") != 0 || b == 0)
		return true;
	while (b != 0) {
		uint64_t r = a % b;

		a = b;
		b = r;
	}
	return c->tokens_per_period / a < UINT64_C(1) << 41 &&
	       c->tokens_per_period <= (u128)c->period_ns * 1000;
}

static bool
breaker_consistent(const void *ours, const char *field)
{
	const rheo_breaker_config_t *c = ours;

	if (strcmp(field, "slow_call_ns") == 0)
		return c->slow_call_rate_bp == 0 || c->slow_call_ns != 0;
	if (strcmp(field, "window_slices") == 0)
		return c->window_ns >= c->window_slices;
	if (strcmp(field, "open_max_ns") == 0)
		return c->open_max_ns == 0 || c->open_max_ns >= c->open_ns;
	if (strcmp(field, "half_open_successes") == 0)
		return c->half_open_successes <= c->half_open_calls;
	if (strcmp(field, "half_open_failures") == 0)
		return c->half_open_failures <= c->half_open_calls;
	return true;
}

/* At least one part, no bucket twice; the guard does not name the field at fault. */
static bool
guard_consistent(const void *ours, const char *field)
{
	const rheo_guard_config_t *c = ours;
	bool any = c->breaker != NULL;

	(void)field;
	for (unsigned i = 0; i < RHEO_GUARD_BUCKETS; i++) {
		any = any || c->bucket[i] != NULL;
		for (unsigned k = 0; k < i; k++)
			if (c->bucket[i] != NULL && c->bucket[i] == c->bucket[k])
				return false;
	}
	return any;
}

static bool
always(const void *ours, const char *field)
{
	(void)ours;
	(void)field;
	return true;
}

static void
as_it_is(void *ours)
{
	(void)ours;
}

static void
breaker_resolve(void *ours)
{
	rheo_breaker_config_t *c = ours;

	c->window_ns = (c->window_ns + c->window_slices - 1) / c->window_slices * c->window_slices;
	if (c->window_ns > MOST_NS)
		c->window_ns = MOST_NS;
	if (c->open_max_ns == 0)
		c->open_max_ns = c->open_ns > MOST_NS / 10 ? MOST_NS : c->open_ns * 10;
	if (c->half_open_successes == 0)
		c->half_open_successes = c->half_open_calls;
	if (c->half_open_failures == 0)
		c->half_open_failures = 1;
}

/* Burst and debt in units of the k that init chose. */
static bool
bucket_fits(const void *first, const void *ours)
{
	const rheo_bucket_config_t *f = first, *c = ours;
	unsigned k = rh_curve_shift(f->tokens_per_period, f->period_ns, f->burst, f->max_debt);

	return c->burst <= MOST_TOKENS >> k && c->max_debt <= MOST_TOKENS >> k;
}

/* The same window; an open_max_ns of at most 2^42 ns (73 minutes), doubled until it was that at init. */
static bool
breaker_fits(const void *first, const void *ours)
{
	const rheo_breaker_config_t *f = first, *c = ours;
	uint64_t longest = (UINT64_C(1) << 42) - 1, was = f->open_max_ns, is = c->open_max_ns;

	for (; was > longest; was >>= 1)
		is >>= 1;
	return c->window_ns == f->window_ns && c->window_slices == f->window_slices &&
	       c->window_calls == f->window_calls && is <= longest;
}

#define TABLE(kind) #kind, sizeof(rheo_##kind##_config_t), kind##_fields, sizeof kind##_fields / sizeof kind##_fields[0]

const struct kind config_kinds[CONFIG_KINDS] = {
	{TABLE(bucket), bucket_consistent, as_it_is, bucket_fits, bucket_config_init, bucket_check, bucket_fault,
	 bucket_size, rheo_bucket_align, bucket_init, bucket_attach, bucket_config, bucket_reconfigure},
	{TABLE(breaker), breaker_consistent, breaker_resolve, breaker_fits, breaker_config_init, breaker_check,
	 breaker_fault, breaker_size, rheo_breaker_align, breaker_init, breaker_attach, breaker_config,
	 breaker_reconfigure},
	{TABLE(counter), always, as_it_is, NULL, counter_config_init, NULL, NULL, counter_size,
	 rheo_counter_align, counter_init, counter_attach, NULL, NULL},
	{TABLE(guard), guard_consistent, as_it_is, NULL, guard_config_init, NULL, NULL, guard_size,
	 rheo_guard_align, guard_init, NULL, NULL, NULL},
};

uint64_t
field_of(const void *cfg, const struct field *f)
{
	uint32_t half;
	uint64_t whole;

	if (f->width == sizeof half) {
		memcpy(&half, (const char *)cfg + f->offset, sizeof half);
		return half;
	}
	memcpy(&whole, (const char *)cfg + f->offset, sizeof whole);
	return whole;
}

void
field_set(void *cfg, const struct field *f, uint64_t v)
{
	uint32_t half = (uint32_t)v;

	memcpy((char *)cfg + f->offset, f->width == sizeof half ? (void *)&half : (void *)&v, f->width);
}

void
config_valid(const struct kind *k, void *cfg)
{
	k->config_init(cfg, k->size);
	if (k->config_init == bucket_config_init) {
		((rheo_bucket_config_t *)cfg)->tokens_per_period = 100;
		((rheo_bucket_config_t *)cfg)->burst = 200;
	}
	if (k->config_init == guard_config_init) /* stored, never followed here */
		((rheo_guard_config_t *)cfg)->bucket[0] = (rheo_bucket_t *)cfg;
}

/* The caller's fields over the defaults. */
static void
overlay(const struct kind *k, const void *theirs, void *ours)
{
	uint32_t size;

	memcpy(&size, theirs, sizeof size);
	k->config_init(ours, k->size);
	memcpy(ours, theirs, size < k->size ? size : k->size);
	memcpy(ours, &k->size, sizeof k->size);
}

int32_t
config_status(const struct kind *k, const void *theirs, const char **fault)
{
	_Alignas(8) uint8_t ours[256];
	uint32_t size;

	memcpy(&size, theirs, sizeof size);
	*fault = "struct_size";
	if (size < sizeof size)
		return RHEO_ERR_INVAL;
	for (uint64_t i = k->size; i < size; i++) {
		if (i >= k->size + 4096u)
			return RHEO_ERR_INVAL;
		if (((const uint8_t *)theirs)[i] != 0)
			return RHEO_ERR_VERSION;
	}
	overlay(k, theirs, ours);
	for (unsigned i = 0; i < k->nfields; i++) {
		uint64_t v = field_of(ours, &k->fields[i]);

		*fault = k->fields[i].name;
		if (v < k->fields[i].least || v > k->fields[i].most || !k->consistent(ours, *fault))
			return RHEO_ERR_INVAL;
	}
	*fault = NULL;
	return RHEO_OK;
}

void
config_resolve(const struct kind *k, const void *theirs, void *ours)
{
	overlay(k, theirs, ours);
	k->resolve(ours);
}
