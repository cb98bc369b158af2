/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef RHEO_COUNTER_H
#define RHEO_COUNTER_H

#include <rheo/export.h>
#include <rheo/status.h>

RHEO_BEGIN_DECLS

/*
 * A counter: up to eight 64-bit counts that many CPUs add to without sharing a
 * cache line. Each CPU adds in its own line ("lane"); a read sums the lanes.
 *
 * Where there is a lane for every CPU, and Linux and glibc (2.35 and later; on
 * x86-64 and aarch64) offer restartable sequences, a CPU's lane is written by it
 * alone, without a locked instruction; else lanes are written by atomic adds.
 * Which, is settled by init, here and in buckets, breakers and guards alike;
 * whoever attaches without the means for the first takes part all the same. All
 * users of an object run on one kernel: not two virtual machines that share
 * memory (build with RHEO_NO_RSEQ for that).
 *
 * Which calls may run at once on one counter (x: no, -: yes):
 *
 *                 init attach add read
 *	init          x    x     x   x
 *	attach        x    -     -   -
 *	add           x    -     -   -
 *	read          x    -     -   -
 *
 * Promise P15: a read while nobody adds is exact. While others add, a read
 * lies between the true sums at its start and its end, and a later read of the
 * same thread is never smaller.
 */

typedef struct rheo_counter rheo_counter_t;

typedef struct rheo_counter_config {
	uint32_t struct_size;
	uint32_t flags; /* none yet: 0 */
	uint32_t lanes; /* 1 to 1024, rounded up to a power of two; 0: as many as there are CPUs */
	uint32_t counts; /* how many are used, 1 to 8; there is room for 8 whatever it says */
} rheo_counter_config_t;

/*
 * rheo_counter_config_init: fills *cfg with defaults: lanes 0, counts 1.
 *
 * size is sizeof *cfg as the caller was compiled; what this library does not
 * know of it is zeroed. Returns RHEO_OK, or RHEO_ERR_INVAL for NULL or a size
 * below 8 or beyond reason. Any thread, wait-free.
 */
RHEO_API int32_t rheo_counter_config_init(rheo_counter_config_t *cfg, uint64_t size);

/*
 * rheo_counter_size: bytes a counter of this configuration needs; a multiple of
 * rheo_counter_align(), as aligned_alloc wants it.
 *
 * Returns 0 where the configuration is not valid. 64 bytes of head and 64 a
 * lane, rounded up, whatever the number of counts. Any thread.
 */
RHEO_API uint64_t rheo_counter_size(const rheo_counter_config_t *cfg);

/* rheo_counter_align: the alignment that memory for a counter must have, 128. */
RHEO_API uint64_t rheo_counter_align(void);

/*
 * rheo_counter_init: makes a counter, all counts 0, in the caller's memory.
 *
 * mem: rheo_counter_size(cfg) bytes or more, size: how many there are. now_ns
 * is recorded only. Stores the handle in *counter. Returns RHEO_OK;
 * RHEO_ERR_INVAL for NULL, unaligned memory or a bad configuration;
 * RHEO_ERR_NOSPC; RHEO_ERR_VERSION. One caller, before anybody else has the
 * memory.
 */
RHEO_API int32_t rheo_counter_init(void *mem, uint64_t size, const rheo_counter_config_t *cfg,
				   uint64_t now_ns, rheo_counter_t **counter);

/*
 * rheo_counter_attach: a handle for a counter that another process, or this
 * one before a fork or a remap, has made.
 *
 * Writes nothing to mem. Returns RHEO_OK; RHEO_ERR_INVAL for NULL or unaligned
 * memory; RHEO_ERR_CORRUPT where mem holds no counter; RHEO_ERR_VERSION for
 * another layout; RHEO_ERR_NOSPC where size is less than the counter's. Any
 * thread, wait-free.
 */
RHEO_API int32_t rheo_counter_attach(void *mem, uint64_t size, rheo_counter_t **counter);

/*
 * rheo_counter_add: adds n to count `index` on this CPU's line.
 *
 * Returns RHEO_OK, or RHEO_ERR_INVAL for NULL or index > 7. Any thread,
 * process and signal handler, wait-free; gives no order to other memory.
 * Counts wrap at 2^64.
 */
RHEO_API int32_t rheo_counter_add(rheo_counter_t *counter, uint32_t index, uint64_t n);

/*
 * rheo_counter_read: the sum of count `index` over all lanes, in *sum.
 *
 * Returns RHEO_OK, or RHEO_ERR_INVAL for NULL or index > 7. Any thread,
 * process and signal handler, wait-free: one load a lane. Promise P15.
 */
RHEO_API int32_t rheo_counter_read(const rheo_counter_t *counter, uint32_t index, uint64_t *sum);

RHEO_END_DECLS

#endif
