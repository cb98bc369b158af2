/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef RHEO_BASE_RECORD_H
#define RHEO_BASE_RECORD_H

/*
 * A record: a few 64-bit fields that are replaced as a whole while anybody
 * reads them. No lock, and no writer that dies half-way can spoil it. It holds
 * what reconfigure may change.
 *
 *	control   [ pending tag : 32 | active tag : 32 ]
 *	slot 0, 1 one pair of words a field, each [ tag : 32 | half a field : 32 ];
 *	          the active slot is the active tag's low bit. A field's two pairs
 *	          lie side by side, so that one line holds two fields of both slots
 *
 * Reading: load the control word, then words of the active slot. A reader has
 * the old record or the new one, never a mix, by either of two checks:
 *
 *  - Every word read carries the active tag. Tags are never given twice, and
 *    all words of one tag come from one writer, so words that agree belong
 *    together. (This finds words overwritten from outside as well.)
 *  - The control word still names the slot active. A slot is written only while
 *    it is not active, and whoever reads a word of a later writer sees, by that
 *    word (R-A4), the change that made the slot inactive. (This is less work.)
 *
 * Else read again.
 *
 * Writing: claim the inactive slot by putting a fresh tag into `pending` (CAS
 * on the control word from the value under which the old record was read, so
 * read-modify-write is atomic); replace word by word with CAS, checking before
 * each that the claim still stands; then one CAS on the control word makes the
 * tag active. A second writer may claim over the first at any time, whether
 * that one is slow or dead:
 *
 *  - The first writer's last CAS expects its own tag in `pending`: it fails.
 *  - A word it writes late: it had read the word's old value w, then seen its
 *    own claim standing, then CAS from w. Had the second writer replaced the
 *    word before that read, the read (acquire, R-A2) would have shown the
 *    second writer's claim as well, and the first gives up. Otherwise the CAS
 *    either fails, because the word is no longer w, or happens before the
 *    second writer's own CAS on the word, which overwrites it. Once the second
 *    writer has been through all words, no CAS of the first can succeed.
 *
 * Writers are obstruction-free (two may make each other start again), readers
 * lock-free: they retry only when a writer has finished. Tags wrap after 2^32
 * claims; to be fooled a reader would have to sleep exactly through that many.
 */

#include <stddef.h>

#include "atomic.h"
#include "inject.h"

/* More than any writer can cause while one reader runs; past it the memory is corrupt (P14). */
#define RH_RECORD_TRIES 4096u
/* The same for one word while one writer replaces it. */
#define RH_RECORD_WORD_TRIES 16u

static inline uint32_t
rh_record_active(uint64_t control)
{
	return (uint32_t)control;
}

/* Word i, of two a field, of the slot that tag names. */
static inline unsigned
rh_record_at(uint32_t tag, unsigned i)
{
	return (i & ~1u) * 2u + (tag & 1u) * 2u + (i & 1u);
}

/* Reads one field of the active slot; *differ's upper half becomes non-zero where a tag does not agree. */
static inline uint64_t
rh_record_get(const rh_a64 *words, unsigned field, uint32_t tag, uint64_t *differ)
{
	const rh_a64 *slot = words + 2 * (size_t)(tag & 1u), *pair = slot + 4 * (size_t)field;
	uint64_t lo = rh_load_rlx(&pair[0]), hi = rh_load_rlx(&pair[1]);

	*differ |= (lo ^ (uint64_t)tag << 32) | (hi ^ (uint64_t)tag << 32);
	return (hi << 32) | (uint32_t)lo;
}

/* Whether all that was read so belongs together. */
static inline bool
rh_record_whole(uint64_t differ)
{
	return differ >> 32 == 0;
}

/* The same for the second check, rh_record_stands, after all fields are read. */
static inline uint64_t
rh_record_peek(const rh_a64 *words, unsigned field, uint32_t tag)
{
	const rh_a64 *slot = words + 2 * (size_t)(tag & 1u), *pair = slot + 4 * (size_t)field;
	uint64_t lo = rh_load_acq(&pair[0]); /* R-A4 <- R-R3: that its writer found the slot inactive */
	uint64_t hi = rh_load_acq(&pair[1]); /* R-A4 <- R-R3: that its writer found the slot inactive */

	return (hi << 32) | (uint32_t)lo;
}

static inline bool
rh_record_stands(const rh_a64 *control, uint32_t tag)
{
	return rh_record_active(rh_load_rlx(control)) == tag;
}

static inline void
rh_record_init(rh_a64 *control, rh_a64 *words, unsigned fields, const uint64_t *value)
{
	const uint32_t tag = 2;

	for (unsigned i = 0; i < 2 * fields; i++) {
		uint64_t half = (i & 1) ? value[i / 2] >> 32 : (uint32_t)value[i / 2];
		rh_store_init(&words[rh_record_at(tag, i)], ((uint64_t)tag << 32) | half);
		rh_store_init(&words[rh_record_at(tag + 1, i)], 0);
	}
	rh_store_init(control, ((uint64_t)tag << 32) | tag);
}

/*
 * Replaces the record that was read under `seen` (the control word's value),
 * unless `still`, if not NULL, is no longer `unmoved` just before: what the new
 * record was made from. Returns false where another writer came between: read
 * again and decide anew.
 */
static inline bool
rh_record_replace(rh_a64 *control, rh_a64 *words, unsigned fields, uint64_t seen,
		  const uint64_t *value, const rh_a64 *still, uint64_t unmoved)
{
	uint32_t active = rh_record_active(seen);
	uint32_t tag = (uint32_t)(seen >> 32) + 1;
	uint64_t claim, made;

	if (((tag ^ active) & 1u) == 0)
		tag++;
	claim = ((uint64_t)tag << 32) | active;
	/* R-R2 -> R-A2, R-A3: the claim, before any word of it */
	if (!rh_cas_ar(control, &seen, claim))
		return false;
	RHEO_INJECT(RECORD_CLAIMED);
	for (unsigned i = 0; i < 2 * fields; i++) {
		uint64_t half = (i & 1) ? value[i / 2] >> 32 : (uint32_t)value[i / 2];
		rh_a64 *word = &words[rh_record_at(tag, i)];
		unsigned tries = 0;
		uint64_t w;

		do {
			/* A writer overtaken changes a word once; what changes on and on is not ours (P14). */
			if (tries++ == RH_RECORD_WORD_TRIES)
				return false;
			w = rh_load_acq(word); /* R-A2 <- R-R2, R-R3: a word shows its writer's claim */
			if (rh_load_acq(control) != claim) /* R-A3 <- R-R1, R-R2: who holds the claim now */
				return false;
			RHEO_INJECT(RECORD_BEFORE_WORD);
			/* R-R3 -> R-A2, R-A4: the word, after its claim */
		} while (!rh_cas_rel(word, &w, ((uint64_t)tag << 32) | half));
	}
	RHEO_INJECT(RECORD_BEFORE_FLIP);
	if (still != NULL && rh_load_rlx(still) != unmoved)
		return false;
	made = ((uint64_t)tag << 32) | tag;
	/* R-R1 -> R-A1, R-A3: every word, before the tag that names them is active */
	return rh_cas_ar(control, &claim, made);
}

#endif
