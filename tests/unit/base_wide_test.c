/* SPDX-License-Identifier: BSD-2-Clause */

/* 128-bit arithmetic against the compiler's own. */

#include "helpers.h"

#define RHEO_NO_INT128 /* the portable forms are what is to be proved */
#include "base/wide.h"

__extension__ typedef unsigned __int128 u128;

static u128
native(rh_u128 x)
{
	return (u128)x.hi << 64 | x.lo;
}

Test(base_wide, products_are_those_of_the_compiler)
{
	uint64_t seed = 1;

	for (int i = 0; i < 200000; i++) {
		uint64_t a = any_number(&seed), b = any_number(&seed);

		cr_assert(native(rh_mul(a, b)) == (u128)a * b);
	}
}

Test(base_wide, quotients_and_remainders_are_those_of_the_compiler)
{
	uint64_t seed = 2;

	for (int i = 0; i < 100000; i++) {
		rh_u128 n = {any_number(&seed), any_number(&seed)};
		uint64_t d = any_number(&seed) | 1, rem;
		rh_u128 q = rh_div128(n, d, &rem);

		cr_assert(native(q) == native(n) / d && rem == (uint64_t)(native(n) % d));
	}
}

Test(base_wide, division_by_a_fixed_divisor_is_exact_wherever_the_quotient_fits)
{
	uint64_t seed = 3;

	for (int i = 0; i < 400000; i++) {
		uint64_t d = any_number(&seed), hi = any_number(&seed), lo = any_number(&seed);

		d += d == 0;
		hi %= d;
		cr_assert(rh_divisor_apply(rh_divisor_make(d), (rh_u128){hi, lo}) ==
				  (uint64_t)(((u128)hi << 64 | lo) / d),
			  "%llu:%llu / %llu", (unsigned long long)hi, (unsigned long long)lo,
			  (unsigned long long)d);
	}
}

Test(base_wide, division_is_exact_at_the_edges_of_every_power_of_two)
{
	for (unsigned a = 0; a < 64; a++)
		for (int da = -1; da <= 1; da++)
			for (unsigned b = 0; b < 64; b++)
				for (int db = -1; db <= 1; db++) {
					uint64_t d = (UINT64_C(1) << a) + (uint64_t)(int64_t)da;
					uint64_t n = (UINT64_C(1) << b) + (uint64_t)(int64_t)db;

					if (d == 0)
						continue;
					cr_assert(rh_divisor_apply(rh_divisor_make(d), (rh_u128){0, n}) == n / d);
					cr_assert(rh_divisor_apply(rh_divisor_make(d), (rh_u128){d - 1, n}) ==
						  (uint64_t)(((u128)(d - 1) << 64 | n) / d));
				}
}

Test(base_wide, muldiv_rounds_down_or_up_and_saturates)
{
	uint64_t seed = 4;

	for (int i = 0; i < 100000; i++) {
		uint64_t a = any_number(&seed), b = any_number(&seed), d = any_number(&seed) | 1;
		u128 p = (u128)a * b, down = p / d, up = down + (p % d != 0);

		cr_assert(rh_muldiv(a, b, d) == (down > UINT64_MAX ? UINT64_MAX : (uint64_t)down));
		cr_assert(rh_muldiv_up(a, b, d) == (up > UINT64_MAX ? UINT64_MAX : (uint64_t)up));
	}
}

Test(base_wide, sums_shifts_and_comparisons_carry_over_the_middle)
{
	rh_u128 x = {0, UINT64_MAX}, sum = rh_add128(x, 1), up = rh_shl128(x, 4);

	cr_assert(sum.hi == 1 && sum.lo == 0);
	cr_assert(up.hi == 15 && up.lo == UINT64_MAX << 4);
	cr_assert(rh_shl128(x, 0).lo == UINT64_MAX);
	cr_assert(rh_less128(x, sum) && !rh_less128(sum, x) && !rh_less128(x, x));
}
