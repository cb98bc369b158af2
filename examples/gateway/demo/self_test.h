/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef DEMO_SELF_TEST_H
#define DEMO_SELF_TEST_H

/*
 * Feeds the checks a history that is right and must pass, then that history
 * with one thing wrong at a time, which the check in question must report.
 * Prints what it did; returns how many checks did not do as they should.
 */
unsigned self_test(void);

/* P1's figure against a plain count over all pairs of times, on random records; returns how many differ. */
unsigned self_test_rate(void);

#endif
