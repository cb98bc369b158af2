/* SPDX-License-Identifier: BSD-2-Clause */

/* base/wide.h. */

#include "kernel.h"

#include "base/wide.h"

static void
put(uint64_t out[], rh_u128 x)
{
	out[0] = x.hi;
	out[1] = x.lo;
}

KERNEL(mul)
{
	put(out, rh_mul(in[0], in[1]));
}

KERNEL(add128)
{
	put(out, rh_add128((rh_u128){in[0], in[1]}, in[2]));
}

KERNEL(shl128)
{
	put(out, rh_shl128((rh_u128){in[0], in[1]}, (unsigned)in[2]));
}

KERNEL(less128)
{
	out[0] = rh_less128((rh_u128){in[0], in[1]}, (rh_u128){in[2], in[3]});
}

KERNEL(div128)
{
	put(out, rh_div128((rh_u128){in[0], in[1]}, in[2], &out[2]));
}

KERNEL(muldiv)
{
	out[0] = rh_muldiv(in[0], in[1], in[2]);
}

KERNEL(muldiv_up)
{
	out[0] = rh_muldiv_up(in[0], in[1], in[2]);
}

KERNEL(divisor_make)
{
	struct rh_divisor v = rh_divisor_make(in[0]);

	out[0] = v.d;
	out[1] = v.recip;
	out[2] = v.norm;
}

KERNEL(divisor_apply)
{
	struct rh_divisor v = rh_divisor_make(in[0]);

	out[0] = rh_divisor_apply(v, (rh_u128){in[1], in[2]});
}
