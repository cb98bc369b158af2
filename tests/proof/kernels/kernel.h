/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef RHEO_TESTS_KERNEL_H
#define RHEO_TESTS_KERNEL_H

/*
 * A kernel calls what is to be proved, words in and words out. The same text is
 * read as LLVM IR by the proof and loaded as machine code where a
 * counterexample, or a random input, is tried.
 */

#include <stdint.h>

#define KERNEL(name)                                           \
	void k_##name(const uint64_t in[], uint64_t out[]);    \
	void k_##name(const uint64_t in[], uint64_t out[])

#endif
