/* SPDX-License-Identifier: BSD-2-Clause */

/* Taking fields out of a case, and reading its numbers without rounding. */

#include "conformance.h"

#include <string.h>

json_t *
take(struct run *r, json_t *from, const char *key)
{
	json_t *value = json_object_get(from, key);

	if (value == NULL)
		return NULL;
	json_array_append(r->taken, value);
	json_object_del(from, key);
	return value;
}

json_t *
need(struct run *r, json_t *from, const char *key)
{
	json_t *value = take(r, from, key);

	if (value == NULL)
		fail(r, "there is no \"%s\"", key);
	return value;
}

int64_t
take_int(struct run *r, json_t *from, const char *key)
{
	json_t *value = need(r, from, key);

	if (value != NULL && !json_is_integer(value))
		fail(r, "\"%s\" is not an integer", key);
	return json_integer_value(value);
}

int64_t
take_int_or(struct run *r, json_t *from, const char *key, int64_t otherwise)
{
	return json_object_get(from, key) != NULL ? take_int(r, from, key) : otherwise;
}

bool
take_bool(struct run *r, json_t *from, const char *key)
{
	json_t *value = need(r, from, key);

	if (value != NULL && !json_is_boolean(value))
		fail(r, "\"%s\" is neither true nor false", key);
	return json_is_true(value);
}

const char *
take_text(struct run *r, json_t *from, const char *key)
{
	json_t *value = need(r, from, key);

	if (value != NULL && !json_is_string(value))
		fail(r, "\"%s\" is not a text", key);
	return json_is_string(value) ? json_string_value(value) : "";
}

int64_t
scaled(struct run *r, const json_t *number, int64_t scale)
{
	double v, off;
	int64_t whole;

	if (json_is_integer(number))
		return json_integer_value(number) * scale;
	if (!json_is_real(number)) {
		fail(r, "a number was expected");
		return 0;
	}
	v = json_real_value(number) * (double)scale;
	if (!(v > -9e15 && v < 9e15)) {
		fail(r, "%g is too large a number", v);
		return 0;
	}
	whole = (int64_t)(v < 0 ? v - 0.5 : v + 0.5);
	off = v - (double)whole;
	if (off > 1e-4 || off < -1e-4)
		fail(r, "%.9g is not whole in units of 1/%lld", json_real_value(number),
		     (long long)scale);
	return whole;
}

int64_t
take_scaled(struct run *r, json_t *from, const char *key, int64_t scale)
{
	json_t *value = need(r, from, key);

	return value != NULL ? scaled(r, value, scale) : 0;
}

bool
is_words(const json_t *value, const char *words)
{
	return json_is_string(value) && strcmp(json_string_value(value), words) == 0;
}

void
take_words(struct run *r, json_t *from, const char *key, const char *words)
{
	json_t *value = need(r, from, key);

	if (value != NULL && !is_words(value, words))
		fail(r, "\"%s\" is not \"%s\", which is all this adapter knows", key, words);
}

void
put_aside(struct run *r, json_t *from, const char *key)
{
	take(r, from, key);
}

void
nothing_left(struct run *r, const json_t *from)
{
	const char *key;
	json_t *value;

	if (!json_is_object(from))
		fail(r, "an object was expected");
	json_object_foreach((json_t *)(uintptr_t)from, key, value)
		fail(r, "field \"%s\" is not known to this adapter", key);
}

json_t *
column(struct run *r, const json_t *row, size_t columns, size_t i)
{
	if (!json_is_array(row) || json_array_size(row) != columns)
		fail(r, "a row of %zu columns was expected", columns);
	return json_array_get(row, i);
}

int64_t
column_int(struct run *r, const json_t *row, size_t columns, size_t i)
{
	json_t *value = column(r, row, columns, i);

	if (!json_is_integer(value))
		fail(r, "column %zu is not an integer", i);
	return json_integer_value(value);
}

/*
 * The first convergent p / q of x whose value in p * unit / q reads as v again;
 * p and q as they fit in 64 bits.
 */
static bool
simplest(double v, long double x, long double unit, uint64_t *p, uint64_t *q)
{
	uint64_t p0 = 0, q0 = 1, p1 = 1, q1 = 0;

	for (int i = 0; i < 64; i++) {
		uint64_t a, p2, q2;

		if (!(x < 1.8e19L))
			return false;
		a = (uint64_t)x;
		if ((p1 != 0 && a > (UINT64_MAX - p0) / p1) || (q1 != 0 && a > (UINT64_MAX - q0) / q1))
			return false;
		p2 = a * p1 + p0;
		q2 = a * q1 + q0;
		p0 = p1, q0 = q1;
		p1 = p2, q1 = q2;
		if (p1 != 0 && (double)((long double)p1 * unit / (long double)q1) == v) {
			*p = p1;
			*q = q1;
			return true;
		}
		x -= (long double)a;
		if (!(x > 0))
			return false;
		x = 1 / x;
	}
	return false;
}

bool
rate_of(const json_t *per_second, uint64_t *tokens, uint64_t *period_ns)
{
	double v = json_number_value(per_second);

	if (json_is_integer(per_second) && json_integer_value(per_second) > 0) {
		*tokens = (uint64_t)json_integer_value(per_second);
		*period_ns = SECOND_NS;
		return true;
	}
	if (!json_is_real(per_second) || !(v > 0 && v < 1e12))
		return false;
	/* In whole seconds where that is possible. */
	if (simplest(v, v, 1, tokens, period_ns) && *period_ns <= UINT64_MAX / SECOND_NS) {
		*period_ns *= SECOND_NS;
		return true;
	}
	return simplest(v, (long double)v / 1e9L, 1e9L, tokens, period_ns);
}
