/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Any bytes as the configuration of any object, against the ranges that the
 * headers give (config_kinds.c): check, fault, size and init agree with them
 * and with each other, what is refused changes nothing, init keeps to the size,
 * and what the object says of its configuration can be given back to it.
 */

#include "config_kinds.h"

#include <stdlib.h>
#include <string.h>

#define TAIL_MOST 4096u /* a struct longer than ours by this much is beyond reason */
#define LARGEST (256u + TAIL_MOST)
#define MOST_OBJECTS 8 /* a history: some are of megabytes */

/* Rubbish whose change is seen. */
struct witness {
	uint8_t *copy;
	const uint8_t *at;
	size_t size;
};

static struct witness
look(const void *at, size_t size)
{
	struct witness w = {malloc(size), at, size};

	if (w.copy == NULL)
		abort();
	memcpy(w.copy, at, size);
	return w;
}

static bool
unchanged(struct witness *w)
{
	bool same = memcmp(w->copy, w->at, w->size) == 0;

	free(w->copy);
	return same;
}

/* Of the headers: what config_init does with a struct of so many bytes. */
static const char *
try_defaults(const struct kind *k, uint64_t size)
{
	bool good = size >= 8 && size <= k->size + TAIL_MOST;
	size_t bytes = good ? (size_t)size : 64, known = bytes < k->size ? bytes : k->size;
	_Alignas(8) uint8_t ours[LARGEST];
	uint8_t *theirs = malloc(bytes);
	const char *result = NULL;
	uint32_t told;

	memset(theirs, 0x5a, bytes);
	k->config_init(ours, k->size);
	if (k->config_init(theirs, size) != (good ? RHEO_OK : RHEO_ERR_INVAL))
		FAIL("%s: config_init of %llu bytes", k->name, (unsigned long long)size);
	memcpy(&told, theirs, sizeof told);
	if (!good) {
		for (size_t i = 0; i < bytes; i++)
			if (theirs[i] != 0x5a)
				FAIL("%s: a refused config_init wrote", k->name);
		goto out;
	}
	if (told != size || memcmp(theirs + 4, ours + 4, known - 4) != 0)
		FAIL("%s: defaults for %llu bytes differ", k->name, (unsigned long long)size);
	for (size_t i = known; i < bytes; i++)
		if (theirs[i] != 0)
			FAIL("%s: what config_init does not know is not zeroed", k->name);
out:
	free(theirs);
	return result;
}

/* A value for a field: near its limits, small, or anything. */
static uint64_t
any_value(struct bytes *in, const struct field *f)
{
	uint64_t off = take(in, 1) % 3;

	switch (take(in, 1) % 4) {
	case 0:
		return f->least + off - 1;
	case 1:
		return f->most + off - 1;
	case 2:
		return take(in, 2);
	default:
		return any_number(in, 64);
	}
}

/* A caller's struct in exactly as many bytes as it says, or as are looked at; free it. */
static uint8_t *
any_struct(struct bytes *in, const struct kind *k, const uint8_t *base)
{
	_Alignas(8) uint8_t all[LARGEST] = {0};
	uint8_t *theirs;
	uint32_t size = k->size;
	unsigned how = (unsigned)take(in, 1) % 16;
	size_t bytes;

	memcpy(all, base, k->size);
	for (unsigned n = (unsigned)take(in, 1) % 8; n > 0; n--) {
		const struct field *f = &k->fields[take(in, 1) % k->nfields];

		field_set(all, f, any_value(in, f));
	}
	if (how == 0) /* any bytes at all */
		for (size_t i = 4; i < k->size; i++)
			all[i] = (uint8_t)take(in, 1);
	if (how == 1)
		size = (uint32_t)take(in, 1) % k->size;
	if (how == 2 || how == 3)
		size = k->size + (uint32_t)take(in, 2) % (TAIL_MOST + 2);
	if (how == 3 && size > k->size && size <= LARGEST)
		all[k->size + take(in, 2) % (size - k->size)] |= (uint8_t)take(in, 1);
	if (how == 4)
		size = (uint32_t)take(in, 4);
	memcpy(all, &size, sizeof size);
	bytes = size < 4 ? 4 : size > k->size + TAIL_MOST ? k->size + TAIL_MOST : size;
	theirs = malloc(bytes);
	memcpy(theirs, all, bytes);
	return theirs;
}

/* Memory that init is to refuse `times` over: it stays as it is, and so does the handle. */
struct refusal {
	uint8_t *mem;
	uint64_t size;
	int32_t want;
};

static const char *
try_refused(const struct kind *k, const struct room *mem, const void *cfg, const struct refusal *r, unsigned times)
{
	struct witness w = look(mem->at, mem->size);
	const char *result = NULL;

	for (unsigned i = 0; i < times && result == NULL; i++) {
		void *mark = &mark, *handle = mark;
		int32_t st = k->init(r[i].mem, r[i].size, cfg, 12345, &handle);

		if (handle != mark)
			result = wrong("%s: a refused init gave a handle", k->name);
		else if (st != r[i].want)
			result = wrong("%s: init of %llu bytes gave %d, not %d", k->name,
				       (unsigned long long)r[i].size, st, r[i].want);
	}
	if (!unchanged(&w) && result == NULL)
		result = wrong("%s: a refused init wrote", k->name);
	return result;
}

/* check, fault and size say what the oracle says. */
static const char *
try_check(const struct kind *k, const void *cfg, int32_t want, const char *fault)
{
	uint64_t size = k->size_of(cfg);
	const char *named;

	if ((size != 0) != (want == RHEO_OK) || size % k->align() != 0)
		return wrong("%s: size %llu where the status is %d (%s)", k->name, (unsigned long long)size,
			     want, fault != NULL ? fault : "no fault");
	if (k->check == NULL)
		return NULL;
	if (k->check(cfg) != want)
		return wrong("%s: check gave %d, not %d (%s)", k->name, k->check(cfg), want,
			     fault != NULL ? fault : "no fault");
	named = k->fault(cfg);
	if ((named == NULL) != (fault == NULL) || (fault != NULL && strcmp(named, fault) != 0))
		return wrong("%s: fault names %s, not %s", k->name, named != NULL ? named : "none",
			     fault != NULL ? fault : "none");
	return NULL;
}

/* What the object says of its configuration: that of cfg, and fit to be given back. */
static const char *
try_read_back(const struct kind *k, void *object, const uint8_t *want, uint64_t size)
{
	_Alignas(8) uint8_t got[LARGEST], cut[LARGEST];
	const char *fault = NULL;
	int32_t st;

	memset(cut, 0x5a, sizeof cut);
	if (k->config(object, got, k->size) != RHEO_OK || k->config(object, cut, size) != RHEO_OK)
		return wrong("%s: config failed", k->name);
	if (memcmp(cut + 4, got + 4, (size < k->size ? size : k->size) - 4) != 0 || cut[size] != 0x5a)
		return wrong("%s: config in %llu bytes differs", k->name, (unsigned long long)size);
	for (unsigned i = 0; i < k->nfields; i++) {
		const struct field *f = &k->fields[i];

		if (!f->resolved && field_of(got, f) != field_of(want, f))
			return wrong("%s: config says %s %llu, not %llu", k->name, f->name,
				     (unsigned long long)field_of(got, f),
				     (unsigned long long)field_of(want, f));
	}
	st = config_status(k, got, &fault);
	if (st != RHEO_OK || k->check(got) != RHEO_OK)
		return wrong("%s: what config says is refused for its %s", k->name, fault != NULL ? fault : "size");
	return NULL;
}

/* Another configuration for a standing object. */
static const char *
try_reconfigure(const struct kind *k, struct room *mem, void *object, const uint8_t *first, struct bytes *in)
{
	uint64_t now = take(in, 2);
	_Alignas(8) uint8_t ours[LARGEST];
	uint8_t *theirs = any_struct(in, k, first);
	const char *fault, *result = NULL;
	int32_t want = config_status(k, theirs, &fault), st;
	struct witness w = look(mem->at, mem->size);
	bool same;

	if (want == RHEO_OK) {
		config_resolve(k, theirs, ours);
		want = k->fits(first, ours) ? RHEO_OK : RHEO_ERR_INVAL;
	}
	st = k->reconfigure(object, theirs, 1000 + now, (uint32_t)take(in, 1) % 3);
	same = unchanged(&w);
	if (st != want)
		result = wrong("%s: reconfigure gave %d, not %d", k->name, st, want);
	else if (st < RHEO_OK && !same)
		result = wrong("%s: a refused reconfigure wrote", k->name);
	else if (st == RHEO_OK)
		result = try_read_back(k, object, ours, k->size);
	free(theirs);
	return result;
}

/* An object of a valid configuration. */
static const char *
try_object(const struct kind *k, const void *cfg, const uint8_t *ours, struct bytes *in)
{
	uint64_t size = k->size_of(cfg), sizes[] = {8, k->size, 8 + take(in, 1) % k->size, k->size + 40};
	struct room mem = room_make((size_t)size);
	const struct refusal refusals[] = {{mem.at, take(in, 3) % size, RHEO_ERR_NOSPC},
					   {mem.at, size - 1, RHEO_ERR_NOSPC},
					   {mem.at + 8, size, RHEO_ERR_INVAL}};
	void *object = NULL, *again = NULL;
	const char *result = NULL;

	result = try_refused(k, &mem, cfg, refusals, 3);
	if (result != NULL)
		goto out;
	if (k->init(mem.at, size, cfg, 1000, &object) != RHEO_OK || object == NULL)
		FAIL("%s: init in its size was refused", k->name);
	if (k->attach != NULL &&
	    (k->attach(mem.at, size, &again) != RHEO_OK || again != object ||
	     k->attach(mem.at, size - 1, &again) != RHEO_ERR_NOSPC || again != object))
		FAIL("%s: attach", k->name);
	if (k->config != NULL) {
		for (unsigned i = 0; i < 4; i++)
			if ((result = try_read_back(k, object, ours, sizes[i])) != NULL)
				goto out;
		if ((result = try_reconfigure(k, &mem, object, ours, in)) != NULL)
			goto out;
	}
	if (!room_intact(&mem))
		FAIL("%s: a call wrote beyond the object", k->name);
out:
	room_free(&mem);
	return result;
}

const char *
config_history(struct bytes in, int *steps)
{
	struct room mem = room_make(1024);
	const char *result = NULL, *fault;
	_Alignas(8) uint8_t base[LARGEST], ours[LARGEST];
	uint8_t *theirs = NULL;
	int32_t want;

	for (*steps = 0; in.left > 0 && *steps < MOST_OBJECTS && result == NULL; ++*steps) {
		const struct kind *k = &config_kinds[take(&in, 1) % CONFIG_KINDS];

		result = try_defaults(k, take(&in, 1) % 4 ? take(&in, 1) : any_number(&in, 64));
		if (result != NULL)
			break;
		config_valid(k, base);
		theirs = any_struct(&in, k, base);
		want = config_status(k, theirs, &fault);
		result = try_check(k, theirs, want, fault);
		if (result == NULL && want != RHEO_OK)
			result = try_refused(k, &mem, theirs, &(struct refusal){mem.at, UINT64_MAX, want}, 1);
		if (result == NULL && want == RHEO_OK) {
			config_resolve(k, theirs, ours);
			result = try_object(k, theirs, ours, &in);
		}
		free(theirs);
	}
	if (result != NULL)
		result = wrong("step %d: %s", *steps, result);
	room_free(&mem);
	return result;
}
