/* SPDX-License-Identifier: BSD-2-Clause */

#include "harness.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ALIGN 128u
#define RUBBISH 0xa5

/* ASan fences what it allocates, and sees reads too; elsewhere writes are found by looking. */
#if defined(__SANITIZE_ADDRESS__)
#define FENCE 0u
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define FENCE 0u
#endif
#endif
#ifndef FENCE
#define FENCE ALIGN
#endif

uint64_t
take(struct bytes *in, unsigned n)
{
	uint64_t v = 0;

	for (unsigned i = 0; i < n; i++) {
		v = v << 8 | (in->left ? *in->at : 0);
		if (in->left) {
			in->at++;
			in->left--;
		}
	}
	return v;
}

uint64_t
any_number(struct bytes *in, unsigned most_bits)
{
	unsigned bits = (unsigned)take(in, 1) % (most_bits + 1);
	uint64_t v = take(in, 8);

	v = bits == 0 ? 0 : bits == 64 ? v : v & ((UINT64_C(1) << bits) - 1);
	switch (take(in, 1) % 8) {
	case 0:
		return bits == 64 ? UINT64_MAX : (UINT64_C(1) << bits) - (bits != 0);
	case 1:
		return bits == 64 ? UINT64_C(1) << 63 : UINT64_C(1) << (bits < 63 ? bits : 63);
	default:
		return v;
	}
}

const char *
wrong(const char *format, ...)
{
	/* Two, so that a message may be put into another. */
	static char buffer[2][600];
	static unsigned which;
	char *at = buffer[which++ % 2];
	va_list args;

	va_start(args, format);
	vsnprintf(at, sizeof buffer[0], format, args);
	va_end(args);
	return at;
}

struct room
room_make(size_t size)
{
	struct room r = {.size = size};

	if (posix_memalign(&r.block, ALIGN, size + 2 * FENCE) != 0)
		abort();
	memset(r.block, RUBBISH, size + 2 * FENCE);
	r.at = (uint8_t *)r.block + FENCE;
	return r;
}

bool
room_intact(const struct room *r)
{
	for (size_t i = FENCE; i-- > 0;)
		if (*(r->at - 1 - i) != RUBBISH || r->at[r->size + i] != RUBBISH)
			return false;
	return true;
}

void
room_free(struct room *r)
{
	free(r->block);
	*r = (struct room){0};
}
