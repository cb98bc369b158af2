/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef RHEO_TESTS_CONFORMANCE_RIG_H
#define RHEO_TESTS_CONFORMANCE_RIG_H

/*
 * A breaker under one dialect's rules, the permits it has given, and what the
 * dialect counts differently. One case replays on one rig.
 */

#include "conformance.h"

/* A multiple of every window, so that a window begins where the case does. */
#define RIG_START_NS (UINT64_C(3600000) * (uint64_t)SECOND_NS)
#define MAX_HELD 32
#define MAX_SLICES 64

enum dialect { GOBREAKER, R4J, POLLY, FAILSAFE, OPOSSUM };

/* A permit by the name the case has for it; those of "acquire" have none. NONE, and ended, where it was refused. */
struct held {
	char id[16];
	uint64_t permit;
	uint64_t generation;
	uint64_t slice; /* of the window, when it began */
	bool ended;
};

struct rig {
	struct run *r;
	enum dialect dialect;
	rheo_breaker_config_t cfg;
	rheo_breaker_t *b;
	void *mem;
	uint64_t now_ns;
	bool timer; /* the timer hook is called whenever it is due */
	bool window_only; /* a case about the window alone: nothing trips */
	struct held held[MAX_HELD];
	unsigned held_count;
	unsigned rolls; /* gobreaker's rolling counts: how often rolled */

	/* rheo's counts since init, as they stood where the dialect's begin anew. */
	uint64_t generation;
	uint64_t first_slice, slice;
	uint64_t ignored_at[MAX_SLICES]; /* when each slice began */
	uint64_t refused_at;

	unsigned given_back; /* excluded probes of this generation: cancelled, so rheo does not count them */
	uint64_t injected; /* calls made by the adapter alone, to trip */
	/* gobreaker: outcomes it drops since the interval in which their call began is over. */
	unsigned late_ok, late_failed;
	/* r4j: it decides when all probes are in; rheo when enough are. */
	bool probing; /* by its rule still half-open */
	unsigned probe_ok, probe_failed;
	unsigned extra_ok, extra_failed; /* its last probes, which rheo counted as calls of CLOSED */
};

/* rig.c */
bool rig_open(struct rig *g);
void rig_close(struct rig *g);
rheo_breaker_snapshot_t rig_look(const struct rig *g);
/* The transition that began the present generation. */
rheo_breaker_event_t rig_last_event(const struct rig *g);
/* To be called when a step is over: begins counts anew where the dialect does. */
void rig_settle(struct rig *g);
void rig_advance(struct rig *g, uint64_t ns);
int32_t rig_ask(struct rig *g, uint64_t *permit);
void rig_hold(struct rig *g, const char *id, uint64_t permit);
/* The latest of this name; NULL: there is none. */
struct held *rig_find(struct rig *g, const char *id);
void rig_drop(struct rig *g, struct held *h);
/* Makes calls fail until it is open. */
void rig_trip(struct rig *g);
uint64_t rig_slice(const struct rig *g);
uint64_t rig_oldest_slice(const struct rig *g);
void rig_check_history(const struct rig *g);

/* breaker_config.c: the dialect's configuration as rheo's; kind is the case's. */
void rig_configure(struct rig *g, json_t *config, const char *kind, unsigned pass);

/* breaker_steps.c: takes what it needs of s, and does it. */
int64_t take_times(struct rig *g, json_t *s, const char *key, int64_t otherwise);
void step_call(struct rig *g, json_t *s);
void step_named(struct rig *g, json_t *s, bool is_begin); /* begin, end */
void step_acquire(struct rig *g, json_t *s);
void step_record(struct rig *g, json_t *s);
void step_record_many(struct rig *g, json_t *s);
void step_release(struct rig *g);
void step_force(struct rig *g, json_t *s);
void step_clock_step(struct rig *g, json_t *s);
void step_count_one(struct rig *g, json_t *s, const char *op); /* request and its outcomes */

/* breaker_expect.c */
void expect_state(struct rig *g, json_t *s);
void expect_counts(struct rig *g, json_t *s);
void expect_metrics(struct rig *g, json_t *s);
void expect_window(struct rig *g, json_t *s);
void expect_event(struct rig *g, json_t *s);
bool state_named(struct run *r, const char *name, uint32_t *state, uint32_t *mode);

/* breaker_tables.c */
void replay_trip_table(struct run *r, json_t *config, json_t *rows);
void replay_failure_counted(struct run *r, json_t *config, json_t *rows);
void replay_failure_by_state(struct run *r, json_t *config, json_t *rows);

#endif
