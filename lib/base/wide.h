/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef RHEO_BASE_WIDE_H
#define RHEO_BASE_WIDE_H

/*
 * 128-bit arithmetic from 64-bit words: exact, the same on every compiler,
 * with or without a 128-bit type. Pure.
 */

#include <stdbool.h>
#include <stdint.h>

typedef struct {
	uint64_t hi;
	uint64_t lo;
} rh_u128;

#if defined(__SIZEOF_INT128__) && !defined(RHEO_NO_INT128)
__extension__ typedef unsigned __int128 rh_native_u128;
#define RH_HAVE_INT128 1
#endif

static inline rh_u128
rh_mul(uint64_t a, uint64_t b)
{
#ifdef RH_HAVE_INT128
	rh_native_u128 p = (rh_native_u128)a * b;
	return (rh_u128){(uint64_t)(p >> 64), (uint64_t)p};
#else
	uint64_t al = a & UINT32_MAX, ah = a >> 32, bl = b & UINT32_MAX, bh = b >> 32;
	uint64_t ll = al * bl, lh = al * bh, hl = ah * bl, hh = ah * bh;
	uint64_t mid = (ll >> 32) + (lh & UINT32_MAX) + (hl & UINT32_MAX);

	return (rh_u128){hh + (lh >> 32) + (hl >> 32) + (mid >> 32),
			 (mid << 32) | (ll & UINT32_MAX)};
#endif
}

static inline rh_u128
rh_add128(rh_u128 a, uint64_t b)
{
	uint64_t lo = a.lo + b;

	return (rh_u128){a.hi + (lo < b), lo};
}

/* n < 64. */
static inline rh_u128
rh_shl128(rh_u128 a, unsigned n)
{
	if (n == 0)
		return a;
	return (rh_u128){(a.hi << n) | (a.lo >> (64 - n)), a.lo << n};
}

static inline bool
rh_less128(rh_u128 a, rh_u128 b)
{
	return a.hi != b.hi ? a.hi < b.hi : a.lo < b.lo;
}

/*
 * Quotient and remainder of any 128-bit number; d != 0. Long division where
 * there is no native type: for set-up and refusals, not for the accepting path.
 */
static inline rh_u128
rh_div128(rh_u128 n, uint64_t d, uint64_t *rem)
{
#ifdef RH_HAVE_INT128
	rh_native_u128 x = ((rh_native_u128)n.hi << 64) | n.lo, q;

	if (n.hi == 0) {
		*rem = n.lo % d;
		return (rh_u128){0, n.lo / d};
	}
	q = x / d;
	*rem = (uint64_t)(x - q * d);
	return (rh_u128){(uint64_t)(q >> 64), (uint64_t)q};
#else
	rh_u128 q = {n.hi / d, 0};
	uint64_t r = n.hi % d;

	for (unsigned i = 64; i-- > 0;) {
		uint64_t carry = r >> 63;

		r = (r << 1) | ((n.lo >> i) & 1);
		if (carry || r >= d) {
			r -= d;
			q.lo |= UINT64_C(1) << i;
		}
	}
	*rem = r;
	return q;
#endif
}

/* floor(a * b / d), UINT64_MAX where it does not fit; d != 0. */
static inline uint64_t
rh_muldiv(uint64_t a, uint64_t b, uint64_t d)
{
	uint64_t rem;
	rh_u128 q = rh_div128(rh_mul(a, b), d, &rem);

	return q.hi ? UINT64_MAX : q.lo;
}

/* ceil(a * b / d), UINT64_MAX where it does not fit; d != 0. */
static inline uint64_t
rh_muldiv_up(uint64_t a, uint64_t b, uint64_t d)
{
	uint64_t rem;
	rh_u128 q = rh_div128(rh_mul(a, b), d, &rem);

	if (rem)
		q = rh_add128(q, 1);
	return q.hi ? UINT64_MAX : q.lo;
}

/*
 * Division by a fixed divisor without a division: the divisor d normalised
 * (top bit set by a shift of `norm`) and its reciprocal
 * floor((2^128 - 1) / d) - 2^64, after Moeller and Granlund, "Improved division
 * by invariant integers" (2011), algorithm 4. Exact for every n with
 * n >> 64 < d, that is wherever the quotient fits 64 bits.
 */
struct rh_divisor {
	uint64_t d;
	uint64_t recip;
	unsigned norm;
};

static inline struct rh_divisor
rh_divisor_make(uint64_t d)
{
	struct rh_divisor v = {d, 0, 0};
	uint64_t rem;

	while (!(v.d >> 63)) {
		v.d <<= 1;
		v.norm++;
	}
	v.recip = rh_div128((rh_u128){~v.d, UINT64_MAX}, v.d, &rem).lo;
	return v;
}

static inline uint64_t
rh_divisor_apply(struct rh_divisor v, rh_u128 n)
{
	rh_u128 u = rh_shl128(n, v.norm & 63);
	rh_u128 q = rh_mul(v.recip, u.hi);
	uint64_t r;

	q = rh_add128(q, u.lo);
	q.hi += u.hi + 1;
	r = u.lo - q.hi * v.d;
	if (r > q.lo) {
		q.hi--;
		r += v.d;
	}
	if (r >= v.d)
		q.hi++;
	return q.hi;
}

#endif
