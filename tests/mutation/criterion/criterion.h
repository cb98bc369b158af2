/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef RHEO_TESTS_MUTATION_CRITERION_H
#define RHEO_TESTS_MUTATION_CRITERION_H

/*
 * Stands in for Criterion: the same test files as a program that runs one test
 * after another and ends at the first that fails (runner.c). Criterion's own
 * start-up and messages would cost more than all else here.
 */

#include <string.h>

struct mu_test {
	const char *suite, *name, *file;
	void (*run)(void);
	struct mu_test *next;
};

void mu_register(struct mu_test *test);
_Noreturn void mu_fail(const char *file, int line, const char *what);

#define Test(suite_, name_)                                                             \
	static void mu_##suite_##_##name_(void);                                        \
	__attribute__((constructor)) static void mu_add_##suite_##_##name_(void)        \
	{                                                                               \
		static struct mu_test t = {#suite_, #name_, __FILE__, \
					mu_##suite_##_##name_, 0}; \
		mu_register(&t);                                                        \
	}                                                                               \
	static void mu_##suite_##_##name_(void)

#define MU_FIRST_(first, ...) first
#define MU_FIRST(...) MU_FIRST_(__VA_ARGS__, 0)
#define MU_CHECK(ok, what) ((ok) ? (void)0 : mu_fail(__FILE__, __LINE__, what))

#define cr_assert(...) MU_CHECK(MU_FIRST(__VA_ARGS__), #__VA_ARGS__)
#define cr_assert_not(...) MU_CHECK(!MU_FIRST(__VA_ARGS__), #__VA_ARGS__)
#define cr_assert_fail(...) mu_fail(__FILE__, __LINE__, "" #__VA_ARGS__)
#define cr_assert_null(...) MU_CHECK(MU_FIRST(__VA_ARGS__) == NULL, #__VA_ARGS__)
#define cr_assert_not_null(...) MU_CHECK(MU_FIRST(__VA_ARGS__) != NULL, #__VA_ARGS__)
#define cr_assert_eq(a, b, ...) MU_CHECK((a) == (b), #a " is " #b)
#define cr_assert_neq(a, b, ...) MU_CHECK((a) != (b), #a " is not " #b)
#define cr_assert_lt(a, b, ...) MU_CHECK((a) < (b), #a " < " #b)
#define cr_assert_leq(a, b, ...) MU_CHECK((a) <= (b), #a " <= " #b)
#define cr_assert_gt(a, b, ...) MU_CHECK((a) > (b), #a " > " #b)
#define cr_assert_geq(a, b, ...) MU_CHECK((a) >= (b), #a " >= " #b)
#define cr_assert_str_eq(a, b, ...) MU_CHECK(strcmp(a, b) == 0, #a " is " #b)
#define cr_assert_str_neq(a, b, ...) MU_CHECK(strcmp(a, b) != 0, #a " is not " #b)
#define cr_assert_arr_eq(a, b, n, ...) MU_CHECK(memcmp(a, b, n) == 0, #a " is " #b)
#define cr_assert_arr_neq(a, b, n, ...) MU_CHECK(memcmp(a, b, n) != 0, #a " is not " #b)

#endif
