/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Loads the cases, gives each to its dialect's adapter, counts and prints.
 * Exit status: 0 all that was run passed and all else is explained, 1 not, 2
 * called wrongly.
 */

#include "conformance.h"

#include <stdio.h>
#include <string.h>

#ifndef RHEO_CASES_DIR
#define RHEO_CASES_DIR "tests/conformance/cases"
#endif

static const struct adapter limiters[] = {
	{"golang_time_rate", 2, replay_golang},
	{"gcra_table", 2, replay_gcra},
	{"folly_tokenbucket", 1, replay_folly},
	{"userver_token_bucket", 2, replay_userver},
	{"strict_regressions_from_issues", 1, replay_strict},
};

/* A suite of breaker cases is what their ids have in common. */
static const struct adapter breakers[] = {
	{"gobreaker", 2, replay_breaker},
	{"r4j", 2, replay_breaker},
	{"polly", 2, replay_breaker},
	{"defect", 3, replay_breaker},
};

#define SIZE(array) (sizeof(array) / sizeof(array)[0])

struct tally {
	unsigned cases, run, passed, failed, not_applicable;
	unsigned steps, as_written, by_rule, left_out;
};

static void
add(struct tally *sum, const struct tally *t)
{
	sum->cases += t->cases;
	sum->run += t->run;
	sum->passed += t->passed;
	sum->failed += t->failed;
	sum->not_applicable += t->not_applicable;
	sum->steps += t->steps;
	sum->as_written += t->as_written;
	sum->by_rule += t->by_rule;
	sum->left_out += t->left_out;
}

static void
print_tally(const char *name, const struct tally *t)
{
	printf("  %s: %u cases: %u run, %u passed, %u failed, %u not applicable\n", name, t->cases,
	       t->run, t->passed, t->failed, t->not_applicable);
	printf("  %*s  %u steps; expectations: %u as written, %u by rheo's rule, %u not applicable\n",
	       (int)strlen(name), "", t->steps, t->as_written, t->by_rule, t->left_out);
}

static void
replay_case(const struct adapter *a, const json_t *c, struct tally *t)
{
	struct run r = {.id = json_string_value(json_object_get(c, "id"))};

	t->cases++;
	if (r.id == NULL)
		r.id = "(a case without id)";
	for (unsigned pass = 0; pass < a->passes && !r.not_applicable; pass++) {
		json_t *copy = json_deep_copy(c);

		r.again = pass > 0;
		r.taken = json_array();
		r.at[0] = 0;
		put_aside(&r, copy, "id");
		a->replay(&r, copy, pass);
		r.at[0] = 0;
		nothing_left(&r, copy);
		json_decref(copy);
		json_decref(r.taken);
	}
	if (!r.not_applicable && r.as_written + r.by_rule == 0)
		fail(&r, "neither run nor explained");
	print_remarks(&r);
	t->run += !r.not_applicable;
	t->not_applicable += r.not_applicable && r.failures == 0;
	t->passed += !r.not_applicable && r.failures == 0;
	t->failed += r.failures != 0;
	t->steps += r.steps;
	t->as_written += r.as_written;
	t->by_rule += r.by_rule;
	t->left_out += r.left_out;
}

static json_t *
load(const char *dir, const char *name, struct tally *total)
{
	char path[4096];
	json_error_t error;
	json_t *root;
	int n = snprintf(path, sizeof path, "%s/%s", dir, name);

	if (n < 0 || (size_t)n >= sizeof path)
		return NULL;
	root = json_load_file(path, JSON_REJECT_DUPLICATES, &error);
	if (root == NULL) {
		printf("FAIL  %s:%d: %s\n", path, error.line, error.text);
		total->failed++;
		return NULL;
	}
	printf("%s\n", name);
	return root;
}

static void
lost(struct tally *total, const char *what, const char *name)
{
	printf("    FAIL  %s%s\n", what, name);
	total->failed++;
}

static const struct adapter *
adapter_of(const struct adapter *list, size_t n, const char *name, size_t length)
{
	for (size_t i = 0; i < n; i++)
		if (strlen(list[i].suite) == length && memcmp(list[i].suite, name, length) == 0)
			return &list[i];
	return NULL;
}

/* Anything in an object of the file that nobody reads is a loss. */
static void
only(struct tally *total, const json_t *object, const char *keys)
{
	const char *key;
	json_t *value;

	json_object_foreach((json_t *)(uintptr_t)object, key, value) {
		const char *at = keys;
		size_t n = strlen(key);

		while (strcspn(at, " ") != n || memcmp(at, key, n) != 0) {
			at += strcspn(at, " ");
			if (*at++ == 0) {
				lost(total, "a field of the file that is not known: ", key);
				break;
			}
		}
	}
}

static void
replay_limiters(const char *dir, struct tally *total)
{
	json_t *root = load(dir, "limiter.json", total), *suites, *s, *c;
	size_t i, k;

	if (root == NULL)
		return;
	only(total, root, "meta suites");
	suites = json_object_get(root, "suites");
	if (json_array_size(suites) == 0)
		lost(total, "no suites", "");
	json_array_foreach(suites, i, s) {
		const char *id = json_string_value(json_object_get(s, "id"));
		const struct adapter *a = id != NULL ? adapter_of(limiters, SIZE(limiters), id, strlen(id)) : NULL;
		struct tally t = {0};

		only(total, s, "id source dialect time_unit step cases");
		if (a == NULL) {
			lost(total, "no adapter for suite ", id != NULL ? id : "(without id)");
			continue;
		}
		json_array_foreach(json_object_get(s, "cases"), k, c)
			replay_case(a, c, &t);
		if (t.cases == 0)
			lost(total, "no cases in suite ", id);
		print_tally(id, &t);
		add(total, &t);
	}
	json_decref(root);
}

static size_t
family(const json_t *c, const char **id)
{
	*id = json_string_value(json_object_get(c, "id"));
	return *id != NULL ? strcspn(*id, ".") : 0;
}

static void
replay_breakers(const char *dir, struct tally *total)
{
	json_t *root = load(dir, "breaker.json", total), *cases, *c;
	size_t i, length;
	const char *id;

	if (root == NULL)
		return;
	only(total, root, "about commits case_count cases");
	cases = json_object_get(root, "cases");
	if ((json_int_t)json_array_size(cases) != json_integer_value(json_object_get(root, "case_count")))
		lost(total, "case_count is not the number of cases", "");
	for (size_t k = 0; k < SIZE(breakers); k++) {
		struct tally t = {0};

		json_array_foreach(cases, i, c) {
			length = family(c, &id);
			if (length != 0 && adapter_of(&breakers[k], 1, id, length) != NULL)
				replay_case(&breakers[k], c, &t);
		}
		print_tally(breakers[k].suite, &t);
		add(total, &t);
	}
	json_array_foreach(cases, i, c) {
		length = family(c, &id);
		if (length == 0 || adapter_of(breakers, SIZE(breakers), id, length) == NULL)
			lost(total, "no adapter for case ", id != NULL ? id : "(without id)");
	}
	json_decref(root);
}

int
main(int argc, char **argv)
{
	const char *dir = argc > 1 ? argv[1] : RHEO_CASES_DIR;
	struct tally total = {0};

	if (argc > 2 || dir[0] == '-') {
		fprintf(stderr, "usage: %s [directory of limiter.json and breaker.json]\n", argv[0]);
		return 2;
	}
	replay_limiters(dir, &total);
	replay_breakers(dir, &total);
	print_tally("in all", &total);
	return total.failed != 0;
}
