/* SPDX-License-Identifier: BSD-2-Clause */

/*
 *	worst OUT.TSV [MILLISECONDS]
 *
 * What grows with lanes, in bytes and in time, and how far a single call is from
 * the usual one while another thread runs the hook and reconfigures.
 */

#include <stdio.h>
#include <stdlib.h>

#include "table.h"
#include "ticks.h"
#include "worst.h"

int
main(int argc, char **argv)
{
	unsigned ms = argc > 2 ? (unsigned)strtoul(argv[2], NULL, 10) : 1200;
	int failed;

	if (argc < 2 || table_open(argv[1]) != 0)
		return 2;
	ticks_init();
	failed = worst_sizes();
	failed |= worst_lanes();
	failed |= worst_calls(ms);
	return table_close() != 0 || failed;
}
