/* SPDX-License-Identifier: BSD-2-Clause */
#include "settings.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <rheo/rheo.h>

#include "units.h"

enum kind { COUNT, PERCENT, DURATION, RATE, SWITCH };

struct setting {
	const char *name;
	enum kind kind;
	size_t offset; /* in struct settings: a uint64_t, for RATE two of them */
	uint64_t least;
	uint64_t most;
	const char *fallback; /* shown as the default; NULL: the number */
	const char *help;
};

#define AT(field) offsetof(struct settings, field)
#define MS UINT64_C(1000000)
#define HOUR (3600 * 1000 * MS)
#define LONG (UINT64_C(1) << 57)
#define PROBE_LONG (1000 * 1000 * MS) /* a little below what a breaker takes */
#define MANY (UINT64_C(1) << 38)
#define UINT UINT32_MAX

static const struct setting all[] = {
	{"rate", RATE, AT(limit[0].tokens), 1, MANY, "no limit", "tokens earned: 100/s, 5000/m, 1000/h, 20/d"},
	{"burst", COUNT, AT(limit[0].burst), 1, MANY, "as rate", "tokens kept at most"},
	{"rate2", RATE, AT(limit[1].tokens), 1, MANY, "none", "a second limit: both must let a request pass"},
	{"burst2", COUNT, AT(limit[1].burst), 1, MANY, "as rate2", "tokens the second keeps"},
	{"cost", COUNT, AT(cost), 1, MANY, NULL, "tokens a request takes from each limit"},
	{"lanes", COUNT, AT(lanes), 0, 1024, NULL, "per-CPU parts of a bucket, 1: exact, 0: as many as pay"},
	{"failure_rate", PERCENT, AT(failure_rate_bp), 0, 10000, NULL, "failed calls that open it, 0%: never"},
	{"slow", DURATION, AT(slow_ns), 1, LONG, "off", "a call that takes longer is slow"},
	{"slow_rate", PERCENT, AT(slow_rate_bp), 1, 10000, "off", "slow calls that open the breaker"},
	{"consecutive", COUNT, AT(consecutive), 1, UINT, "off", "failures in a row that open the breaker"},
	{"min_calls", COUNT, AT(min_calls), 1, UINT, NULL, "calls below which no rate opens it"},
	{"window", DURATION, AT(window_ns), MS, LONG, NULL, "the time over which calls are counted"},
	{"slices", COUNT, AT(slices), 1, 64, NULL, "steps in which that window slides"},
	{"window_calls", COUNT, AT(window_calls), 1, 1u << 20, "by time", "count the last so many calls instead"},
	{"open", DURATION, AT(open_ns), MS, LONG, NULL, "how long it refuses before it tries again"},
	{"open_max", DURATION, AT(open_max_ns), MS, LONG, "10 x open", "the longest that backoff makes of it"},
	{"backoff", PERCENT, AT(backoff_bp), 0, 1000000, NULL, "growth each time it reopens, 100%: doubles"},
	{"jitter", PERCENT, AT(jitter_bp), 0, 10000, NULL, "random spread of the open time, to both sides"},
	{"half_open", COUNT, AT(half_open), 1, 32, NULL, "probes let through after that time"},
	{"successes", COUNT, AT(successes), 1, 32, "half_open", "probes that must succeed to close it"},
	{"failures", COUNT, AT(failures), 1, 32, "1", "probes that must fail to reopen it"},
	{"probe_timeout", DURATION, AT(probe_timeout_ns), MS, PROBE_LONG, NULL, "a later probe counts as failed"},
	{"timeout", DURATION, AT(timeout_ns), MS, HOUR, NULL, "the upstream must have answered by then"},
	{"shadow", SWITCH, AT(shadow), 0, 1, "off", "decide and count, but admit (a dry run)"},
};

#define ALL (sizeof all / sizeof *all)
_Static_assert(ALL <= 32, "settings.given has a bit for each");

static void
defaults(struct settings *s)
{
	rheo_breaker_config_t breaker;

	rheo_breaker_config_init(&breaker, sizeof breaker);
	*s = (struct settings){
		.cost = 1,
		.lanes = 1,
		.failure_rate_bp = breaker.failure_rate_bp,
		.min_calls = breaker.minimum_calls,
		.window_ns = breaker.window_ns,
		.slices = breaker.window_slices,
		.open_ns = breaker.open_ns,
		.backoff_bp = breaker.open_backoff_bp,
		.jitter_bp = breaker.open_jitter_bp,
		.half_open = breaker.half_open_calls,
		.probe_timeout_ns = breaker.probe_timeout_ns,
		.timeout_ns = 2000 * MS,
	};
}

static bool
say(char *why, size_t size, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(why, size, format, args);
	va_end(args);
	return false;
}

static void
show(const struct setting *is, uint64_t value, char *out, size_t size)
{
	if (is->kind == DURATION)
		units_show_duration(out, size, value);
	else if (is->kind == PERCENT)
		units_show_percent(out, size, value);
	else
		snprintf(out, size, "%" PRIu64, value);
}

static bool
convert(const struct setting *is, const char *text, uint64_t *value)
{
	switch (is->kind) {
	case COUNT:
		return units_count(text, value);
	case PERCENT:
		return units_percent(text, value);
	case DURATION:
		return units_duration(text, value);
	case RATE:
		return units_rate(text, &value[0], &value[1]) && value[1] != 0;
	case SWITCH:
		value[0] = strcmp(text, "on") == 0;
		return value[0] == 1 || strcmp(text, "off") == 0;
	}
	return false;
}

/* One name=value; "shadow" alone is "shadow=on". */
static bool
read_one(char *word, struct settings *s, char *why, size_t size)
{
	static const char *const example[] = {"a whole number", "a percentage such as 50%",
					      "a duration such as 500ms or 2s", "a rate such as 100/s",
					      "on or off"};
	char *value = strchr(word, '='), least[32], most[32];
	const struct setting *is = all;
	uint64_t number[2] = {0, 0};
	unsigned bit;

	if (value != NULL)
		*value++ = '\0';
	while (is < all + ALL && strcmp(is->name, word) != 0)
		is++;
	if (is == all + ALL)
		return say(why, size, "there is no setting \"%s\"; see --help", word);
	if (value == NULL && is->kind != SWITCH)
		return say(why, size, "%s needs a value: %s=...", word, word);
	if (!convert(is, value == NULL ? "on" : value, number))
		return say(why, size, "%s: \"%s\" is not %s", word, value, example[is->kind]);
	if (number[0] < is->least || number[0] > is->most) {
		show(is, is->least, least, sizeof least);
		show(is, is->most, most, sizeof most);
		return say(why, size, "%s: %s is not in the range %s to %s", word, value, least, most);
	}
	bit = 1u << (is - all);
	if (s->given & bit)
		return say(why, size, "%s is given twice", word);
	s->given |= bit;
	memcpy((char *)s + is->offset, number, is->kind == RATE ? sizeof number : sizeof *number);
	return true;
}

static bool
prefix_is_good(const char *prefix)
{
	/* It becomes a name in header fields, so nothing there that would need quoting. */
	const char *plain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/-._~";
	size_t length = strlen(prefix);

	return prefix[0] == '/' && length < SETTINGS_PREFIX_MAX && strspn(prefix, plain) == length &&
	       (length == 1 || prefix[length - 1] != '/') && strstr(prefix, "//") == NULL &&
	       strstr(prefix, "/.") == NULL;
}

/* What no single setting shows. */
static bool
fit_together(const struct settings *s, char *why, size_t size)
{
	for (unsigned i = 0; i < SETTINGS_LIMITS; i++)
		if (s->limit[i].tokens == 0 && s->limit[i].burst != 0)
			return say(why, size, "burst%s needs rate%s", i == 0 ? "" : "2", i == 0 ? "" : "2");
	if ((s->slow_ns != 0) != (s->slow_rate_bp != 0))
		return say(why, size, "slow and slow_rate go together");
	if (s->open_max_ns != 0 && s->open_max_ns < s->open_ns)
		return say(why, size, "open_max is shorter than open");
	if (s->window_ns < s->slices)
		return say(why, size, "window is too short for so many slices");
	if (s->successes > s->half_open || s->failures > s->half_open)
		return say(why, size, "%s is above half_open, %" PRIu64,
			   s->successes > s->half_open ? "successes" : "failures", s->half_open);
	return true;
}

bool
settings_read(const char *text, struct settings *s, char *why, size_t size)
{
	char *copy = strdup(text), *rest = NULL, *word;
	bool good = true;

	if (copy == NULL)
		return say(why, size, "out of memory");
	defaults(s);
	word = strtok_r(copy, " \t\n", &rest);
	if (word == NULL || !prefix_is_good(word))
		good = say(why, size, "it must begin with a path prefix such as /pay (letters, digits, -._~)");
	else if (strncmp(word, "/-", 2) == 0 && (word[2] == '\0' || word[2] == '/'))
		good = say(why, size, "paths under /-/ are the gateway's own");
	else
		snprintf(s->prefix, sizeof s->prefix, "%s", word);
	while (good && (word = strtok_r(NULL, " \t\n", &rest)) != NULL)
		good = read_one(word, s, why, size);
	free(copy);
	return good && fit_together(s, why, size);
}

void
settings_help(FILE *out)
{
	struct settings s;
	char text[32];
	uint64_t value;

	defaults(&s);
	for (const struct setting *is = all; is < all + ALL; is++) {
		memcpy(&value, (const char *)&s + is->offset, sizeof value);
		show(is, value, text, sizeof text);
		fprintf(out, "  %-14s %s [%s]\n", is->name, is->help,
			is->fallback != NULL ? is->fallback : text);
	}
}
