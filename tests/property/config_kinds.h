/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef RHEO_TESTS_CONFIG_KINDS_H
#define RHEO_TESTS_CONFIG_KINDS_H

/*
 * What the headers say of each configuration: fields in order, their ranges,
 * what goes together. An oracle: written from the headers, not from lib/.
 */

#include "harness.h"
#include "rheo/rheo.h"

struct field {
	const char *name;
	size_t offset;
	size_t width;
	uint64_t least, most;
	bool resolved; /* the library may say another value than was given */
};

struct kind {
	const char *name;
	uint32_t size;
	const struct field *fields; /* after struct_size, in order */
	unsigned nfields;
	/* Whether a field that is in its range goes together with the others. */
	bool (*consistent)(const void *ours, const char *field);
	void (*resolve)(void *ours); /* zeros that stand for something */
	bool (*fits)(const void *first, const void *ours); /* reconfigure from first to ours */
	int32_t (*config_init)(void *cfg, uint64_t size);
	int32_t (*check)(const void *cfg); /* NULL where the kind has none; so for the next */
	const char *(*fault)(const void *cfg);
	uint64_t (*size_of)(const void *cfg);
	uint64_t (*align)(void);
	int32_t (*init)(void *mem, uint64_t size, const void *cfg, uint64_t now_ns, void **handle);
	int32_t (*attach)(void *mem, uint64_t size, void **handle);
	int32_t (*config)(const void *handle, void *cfg, uint64_t size);
	int32_t (*reconfigure)(void *handle, const void *cfg, uint64_t now_ns, uint32_t mode);
};

#define CONFIG_KINDS 4u
extern const struct kind config_kinds[CONFIG_KINDS];

uint64_t field_of(const void *cfg, const struct field *f);
void field_set(void *cfg, const struct field *f, uint64_t v);

/* A valid configuration to begin with. */
void config_valid(const struct kind *k, void *cfg);

/* What check is to say of a caller's struct, and which field is the first at fault. */
int32_t config_status(const struct kind *k, const void *theirs, const char **fault);

/* A valid caller's struct as the library reads it: whole, with zeros replaced. */
void config_resolve(const struct kind *k, const void *theirs, void *ours);

#endif
