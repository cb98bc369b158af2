/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * The sequences of port/own.h, run as an emulator can that has none: the thread
 * registers an area that no kernel looks at, and is on whatever CPU it says.
 * Also what a kernel would ask of a descriptor before it goes by it.
 */

#include <stdio.h>
#include <string.h>

#include "port/own.h"

#ifdef RH_HAVE_OWN

RH_DEFINE_DATA ptrdiff_t rh_rseq_at;

static __thread struct {
	uint32_t cpu_id_start;
	int32_t cpu_id;
	uint64_t descriptor;
} area;

struct descriptor {
	uint32_t version, flags;
	uint64_t start, length, way_out;
};

static unsigned checks, faults;

#define CHECK(cond)                                                        \
	do {                                                               \
		checks++;                                                  \
		if (!(cond)) {                                             \
			faults++;                                          \
			printf("own: line %d: %s\n", __LINE__, #cond);     \
		}                                                          \
	} while (0)

/* All descriptors lie in one section, which the linker names. */
extern const struct descriptor __start___rseq_cs[], __stop___rseq_cs[];

#ifdef __x86_64__
#define SIGNATURE UINT32_C(0x53053053)
#else
#define SIGNATURE UINT32_C(0xd428bc00)
#endif

static void
check_descriptors(void)
{
	unsigned n = 0;

	for (const struct descriptor *d = __start___rseq_cs; d < __stop___rseq_cs; d++, n++) {
		uint32_t before;

		memcpy(&before, (const char *)(uintptr_t)d->way_out - 4, 4);
		CHECK(((uintptr_t)d & 31) == 0 && d->version == 0 && d->flags == 0);
		CHECK(d->length > 0 && d->length < 64);
		CHECK(d->way_out - d->start >= d->length); /* outside the sequence */
		CHECK(before == SIGNATURE);
	}
	CHECK(n >= 3);
}

int
main(void)
{
	struct rh_own own, other;
	rh_a64 w;

	own = rh_own_here();
	CHECK(own.cpu < 0); /* not registered */
	rh_rseq_at = (char *)&area - (char *)__builtin_thread_pointer();
	area.cpu_id = 3;
	own = other = rh_own_here();
	CHECK(own.cpu == 3);
	other.cpu = 2;

	rh_store_init(&w, UINT64_C(7) << 32 | 1);
	CHECK(rh_own_count(&w, own, 7) && rh_load_rlx(&w) == (UINT64_C(7) << 32 | 2));
	CHECK(!rh_own_count(&w, own, 8) && !rh_own_count(&w, other, 7) && rh_load_rlx(&w) == (UINT64_C(7) << 32 | 2));
	CHECK(area.descriptor == 0);
	CHECK(rh_own_add(&w, own, UINT64_C(1) << 40) && rh_load_rlx(&w) == (UINT64_C(263) << 32 | 2));
	CHECK(!rh_own_add(&w, other, 1) && rh_load_rlx(&w) == (UINT64_C(263) << 32 | 2));
	CHECK(area.descriptor == 0);
	CHECK(!rh_own_cas(&w, own, 5, 6) && !rh_own_cas(&w, other, UINT64_C(263) << 32 | 2, 6));
	CHECK(rh_own_cas(&w, own, UINT64_C(263) << 32 | 2, UINT64_MAX) && rh_load_rlx(&w) == UINT64_MAX);
	CHECK(area.descriptor == 0);
	check_descriptors();
	printf("own: %u checks, %u faults\n", checks, faults);
	return faults != 0;
}

#else

int
main(void)
{
	puts("own: SKIPPED, no sequences for this machine");
	return 0;
}

#endif
