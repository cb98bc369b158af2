# SPDX-License-Identifier: BSD-2-Clause
"""breaker/: the word and permits bit by bit, deadlines, thresholds, what follows from what."""

import z3

from curve import muldiv_contract
from domains import Bits
from harness import Broken, Claim, edgy
from machine import Cut
from poly import MAX, both, either, implies, neg, product, same
from rules import any_word, nothing

STATE, TABLE, CONFIG = 'breaker/state.h', 'breaker/transition.h', 'breaker/config.c'
CLOSED, OPEN, HALF_OPEN = 0, 1, 2
AUTO, FORCED_OPEN = 0, 1
STAY, CLOSE, REOPEN, REOPEN_AT_ONCE = 0, 1, 2, 3
STALE = 5
GENERATION, DEADLINE = 2**16 - 1, 2**44 - 1
LONGEST = 2**42 - 1  # units of a deadline: no open time is longer
HALF = 2**32 - 1

FIELDS = [('state', 2), ('mode', 3), ('generation', GENERATION), ('in_a_row', HALF), ('deadline', DEADLINE), ('issued', 63),
          ('succeeded', 63), ('failed', 63), ('ignored', 63), ('slow', 63), ('ticket', 63), ('overdue', 255)]
IN_ALL, OF_STATE = ('state', 'mode', 'generation'), {'in_a_row': CLOSED, 'deadline': OPEN}
RULES = [('failure_bp', 65535), ('slow_bp', 65535), ('slow_ns', MAX), ('in_a_row', HALF), ('minimum', HALF), ('open_ns', MAX),
         ('open_max_ns', MAX), ('backoff_bp', HALF), ('jitter_bp', HALF), ('calls', 255), ('successes', 255),
         ('failures', 255), ('flags', 255), ('timeout_ns', MAX)]


def word(x):
    return z3.BitVecVal(x, 64)


# --- the word, deadlines, permits ---------------------------------------------------------


def round_trip(c):
    """What the state has comes back as it was, the rest as 0."""
    i = c.i
    return [getattr(c.o, n) == (getattr(i, n) if n in IN_ALL else z3.If(i.state == OF_STATE.get(n, HALF_OPEN), getattr(i, n), word(0)))
            for n, _ in FIELDS]


def kept(c):
    """All bits that its state uses come back of a word."""
    used = z3.If(c.o.state == CLOSED, word(HALF), word(DEADLINE)) | word(0xfffff << 44)
    return [c.o.word == c.i.w & used, c.o.state == z3.LShR(c.i.w, 62), c.o.mode == z3.LShR(c.i.w, 60) & 3,
            c.o.generation == z3.LShR(c.i.w, 44) & GENERATION, same(c.o.passes == 1, z3.And(c.o.state == CLOSED, c.o.mode == AUTO))]


def rounded_up(c):
    """To a whole unit; at the end of time, where no unit begins any more, down."""
    at, read, unit = c.i.at, c.o.read, 1 << c.i.unit
    return [implies(at > MAX + 1 - unit, both(read <= at, read > at - unit)),
            implies(at <= MAX + 1 - unit, both(read >= at, read < at + unit))]


def within_reach(i):
    reach = LONGEST << i.unit
    return [i.at - i.told <= reach, i.told - i.at <= reach]


def dated(rng):
    at, unit = edgy(rng, MAX), rng.randrange(17)
    return [at, unit, min(MAX, max(0, at + rng.choice((-1, 1)) * edgy(rng, LONGEST << unit)))]


def permitted(c):
    """Exact, but for the one permit of 2^63 that would be 0 and is 1: its call begins a nanosecond late."""
    i, o = c.i, c.o
    late = z3.If(z3.And(i.generation == GENERATION, i.start & (2**47 - 1) == 0, i.end != i.start), word(1), word(0))
    return [o.permit != 0, o.probe == 0, o.generation == i.generation,
            implies(z3.And(z3.UGE(i.end, i.start), z3.ULT(i.end - i.start, 2**46)), o.duration == i.end - i.start - late),
            implies(z3.And(z3.ULT(i.end, i.start), z3.ULT(i.start - i.end, 2**46)), o.duration == 0)]


def begun(rng):
    start = rng.choice([0, edgy(rng, MAX >> 1), edgy(rng, MAX) >> 47 << 47])
    return [rng.choice([GENERATION, edgy(rng, GENERATION)]), start, min(MAX, start + edgy(rng, 2**47))]


def quiet(c):
    i, o = c.i, c.o
    made = z3.And(z3.LShR(i.w, 60) != CLOSED << 2 | FORCED_OPEN, z3.LShR(i.w, 62) <= HALF_OPEN)
    said = z3.And(o.generation == o.of, o.in_a_row == 0, o.passes == 1, i.permit != 0, o.probe == 0)
    return [implies(z3.And(o.quiet == 1, made), said),
            implies(z3.And(i.w == o.of << 44, i.permit != 0, o.probe == 0, o.of != GENERATION), o.quiet == 1)]


# --- thresholds and transitions ---------------------------------------------------------------


def reached(bad, calls, bp):
    """A share of so many basis points, exactly; 0: never."""
    return both(bp >= 1, bad * 10000 >= bp * calls)


def judged(c):
    i, o = c.i, c.o
    failed, slow = reached(i.failures, i.calls, i.failure_bp), reached(i.slow, i.calls, i.slow_bp)
    return [implies(failed, o.cause == 1), implies(both(neg(failed), slow), o.cause == 2),
            implies(both(neg(failed), neg(slow)), o.cause == 0)]


def follows(c):
    i, o = c.i, c.o
    counted = [o.succeeded == i.succeeded + z3.If(i.end == 0, word(1), word(0)), o.failed == i.failed + z3.If(i.end == 1, word(1), word(0)),
               o.ignored == i.ignored + z3.If(i.end == 2, word(1), word(0))]
    fails, wins = z3.UGE(o.failed, i.failures), z3.UGE(o.succeeded, i.successes)
    more = z3.ULT(o.succeeded + o.failed + o.ignored, i.calls)
    return counted + [o.verdict == z3.If(fails, word(REOPEN), z3.If(wins, word(CLOSE), z3.If(more, word(STAY), z3.If(
        o.failed != 0, word(REOPEN), word(REOPEN_AT_ONCE)))))]


def edges(c):
    i, o = c.i, c.o
    generation = (z3.LShR(i.w, 44) + 1 & GENERATION) << 44
    mode = i.w & word(3 << 60)
    deadline = i.deadline & DEADLINE
    opens = z3.Or(i.mode == FORCED_OPEN, z3.And(i.mode == AUTO, mode == FORCED_OPEN << 60))
    return [o.trip == word(OPEN << 62) | mode | generation | deadline, o.open == word(HALF_OPEN << 62) | mode | generation,
            o.force == z3.If(opens, word(OPEN << 62) | deadline, word(CLOSED)) | i.mode << 60 | generation, o.reset == generation]


def settled(c):
    """P8 of HALF_OPEN: to CLOSED or OPEN alone, one generation on, by the verdict; a stale end changes nothing."""
    i, o = c.i, c.o
    count = (lambda at: z3.LShR(i.w, at) & 63)
    won, failed, ignored = (count(at) + z3.If(i.end == n, word(1), word(0)) for n, at in enumerate((6, 12, 18)))
    top, mode = z3.LShR(i.w, 44), i.w & word(3 << 60)
    next_one = mode | (top + 1 & GENERATION) << 44
    stale = z3.Or(z3.LShR(i.w, 62) < HALF_OPEN, top & GENERATION != i.generation, z3.UGE(count(6) + count(12) + count(18), count(0)))
    fails, wins = z3.UGE(failed, i.failures), z3.UGE(won, i.successes)
    more = z3.ULT(won + failed + ignored, i.calls)
    stays = z3.And(z3.LShR(o.word, 44) == top, o.word & 63 == count(0), z3.LShR(o.word, 6) & 63 == won, z3.LShR(o.word, 12) & 63 == failed,
                   z3.LShR(o.word, 18) & 63 == ignored)
    closes, opens = o.word == next_one, o.word & word(0xfffff << 44) == next_one | word(OPEN << 62)
    return [implies(stale, z3.And(o.answer == STALE, o.word == i.w)),
            implies(z3.Not(stale), z3.And(o.answer == 0, z3.If(fails, opens, z3.If(wins, closes, z3.If(more, stays, opens)))))]


def ending(rng):
    won, failed, ignored = (rng.randrange(12) for _ in range(3))
    generation = edgy(rng, GENERATION)
    w = HALF_OPEN << 62 | rng.randrange(4) << 60 | generation << 44 | ignored << 18 | failed << 12 | won << 6 | rng.randrange(40)
    return [w, rng.choice([generation, generation, edgy(rng, GENERATION)]), rng.randrange(3), rng.randrange(2), rng.randrange(40), rng.randrange(16),
            1 + rng.randrange(16), edgy(rng, MAX)]


def grown(locals, state):
    i, ns = state.notes['inputs'], locals.machine.domain.term(locals.get('ns'))
    turn = locals.machine.domain.term(locals.get('i', 32))
    return [ns >= i.open_ns, ns <= i.open_max_ns, turn <= i.level, implies(turn == 0, ns == i.open_ns)]


def any_growth(locals, state):
    locals.set('ns', locals.machine.domain.fresh('ns', 64, state))
    locals.set('i', locals.machine.domain.fresh('i', 32, state), 32)


def lasts(c):
    i, o = c.i, c.o
    return [o.ns >= 1, o.ns <= i.open_max_ns, implies(i.jitter_bp == 0, o.ns >= i.open_ns),
            implies(both(i.jitter_bp == 0, i.level == 0), o.ns == i.open_ns)]


def spread_lemmas(c):
    """Drawn from 0 to twice the spread, which is at most all of it."""
    return [product(MAX - a, b) for a, b in c.state.products]


CLAIMS = [
    Claim('a state packed is unpacked as it was', 'state', FIELDS, ' '.join(n for n, _ in FIELDS), round_trip,
          Broken(STATE, '(uint64_t)(s.ticket & 63u) << 30', '(uint64_t)(s.ticket & 63u) << 31'), mode=Bits, unit='breaker',
          domain='every value that fits its field'),
    Claim('a word unpacked is packed as it was; it passes where it is CLOSED in AUTO', 'word', 'w', 'word passes state mode generation', kept,
          Broken(STATE, 'return w >> 60 == 0;', 'return w >> 62 == 0;'), mode=Bits, unit='breaker'),
    Claim('a deadline read back is the one made, rounded up to its unit', 'deadline', ['at', ('unit', 16), 'told'], 'word read', rounded_up,
          Broken(STATE, 'if (d << unit != at_ns && d != UINT64_MAX >> unit)\n\t\td++;', '', given={'unit': 3}), needs=within_reach,
          cases=[{'unit': n} for n in range(17)], unit='breaker', sample=dated,
          domain='every time, unit up to 2^16, told up to 2^42 - 1 units before or after'),
    Claim('the unit is the least in which open_max_ns can be told from a time past', 'unit', 'ns', 'unit',
          lambda c: [z3.ULE(c.o.unit, 16), z3.ULE(z3.LShR(c.i.ns, c.o.unit), LONGEST),
                     z3.Or(c.o.unit == 0, z3.UGT(z3.LShR(c.i.ns, c.o.unit - 1), LONGEST))],
          Broken(CONFIG, 'while (open_max_ns >> unit > LONGEST_UNITS)', 'while (open_max_ns >> unit > LONGEST_UNITS << 1)'),
          needs=lambda i: [z3.ULE(i.ns, 2**57)], mode=Bits, unit='breaker', domain='every time up to 2^57'),
    Claim('a permit says its generation, and how long its call took', 'permit', [('generation', GENERATION), 'start', 'end'],
          'permit probe generation duration', permitted,
          Broken(STATE, 'return p != RHEO_PERMIT_NONE ? p : 1;', 'return p;'), mode=Bits, unit='breaker', sample=begun,
          domain='every generation and start, every end within 2^46 ns'),
    Claim("a probe's permit says its generation, its place, and when it began", 'probe', [('generation', GENERATION), ('slot', 63), 'start', 'later'],
          'permit probe generation slot start',
          lambda c: [c.o.probe == 1, c.o.generation == c.i.generation, c.o.slot == c.i.slot,
                     implies(z3.And(z3.UGE(c.i.later, c.i.start), z3.ULT(c.i.later - c.i.start, 2**41)), c.o.start == c.i.start)],
          Broken(STATE, 'rh_low_bits(told_ns - permit, RH_PROBE_START_BITS)', 'rh_low_bits(told_ns - permit, RH_PROBE_START_BITS - 1)'),
          mode=Bits, unit='breaker', domain='every generation, place and start, asked within 2^41 ns',
          sample=lambda rng: [edgy(rng, GENERATION), edgy(rng, 63), *(lambda s: [s, min(MAX, s + edgy(rng, 2**41))])(edgy(rng, MAX))]),
    Claim('a word that is quiet in the generation of a permit is CLOSED in AUTO, without failures in a row, in that generation, and the permit '
          'of CLOSED', 'quiet', 'w permit',
          'quiet generation in_a_row of probe passes', quiet,
          Broken(STATE, 'return (permit >> 47) - 1 + (permit >> 63);', 'return ((permit >> 47) - 1) & 0xffffu;'), mode=Bits, unit='quick',
          domain='every word but of the unused state, or CLOSED in FORCED_OPEN, which no transition makes; every permit',
          sample=lambda rng: (lambda g: [rng.choice([g << 44, edgy(rng, MAX)]), (g + 1) << 47 | edgy(rng, 2**47 - 1)])(edgy(rng, GENERATION))),
    Claim('rules written to a record are read back as they were', 'brecord', RULES, ' '.join(n for n, _ in RULES) + ' ok',
          lambda c: [getattr(c.o, n) == getattr(c.i, n) for n, _ in RULES] + [c.o.ok == 1],
          Broken(CONFIG, '(uint64_t)r->half_open_failures << 48', '(uint64_t)r->half_open_failures << 49'), mode=Bits, unit='breaker',
          domain='every value that fits its field'),
    Claim('a share is reached exactly at count / calls >= bp / 10000, and nothing wraps', 'rate',
          [('bad', 2**49), ('calls', 2**49), ('bp', 10000)], 'reached',
          lambda c: [either(c.o.reached == 0, c.o.reached == 1), same(c.o.reached == 1, reached(c.i.bad, c.i.calls, c.i.bp))],
          Broken(TABLE, 'count * 10000u >= bp * calls', 'count * 10000u > bp * calls', given={'bp': 5000}), no_wrap=('rh_rate_reached',),
          unit='breaker', domain='every two counts up to 2^49, bp up to 10000'),
    Claim('failures or slow calls open at their share', 'cause', [('failures', 2**49), ('slow', 2**49), ('calls', 2**49), ('failure_bp', 10000),
                                                                 ('slow_bp', 10000)], 'cause', judged,
          Broken('breaker/judge.c', 'rh_rate_reached(c->slow, calls,', 'rh_rate_reached(c->failures, calls,', given={'failure_bp': 0, 'slow_bp': 100}),
          unit='breaker', domain='counts up to 2^49, bp up to 10000'),
    Claim('a probe that ends is counted once; reopens at its failures, closes at its successes, never stays when all have ended', 'verdict',
          [('succeeded', 63), ('failed', 63), ('ignored', 63), ('calls', 255), ('successes', 255), ('failures', 255), ('end', 2)],
          'verdict succeeded failed ignored', follows,
          Broken(TABLE, 's->succeeded + s->failed + s->ignored < r->half_open_calls', 's->succeeded + s->failed <= r->half_open_calls'),
          mode=Bits, unit='breaker', domain='every value that fits its field'),
    Claim('each transition begins the next generation in its own state, with nothing of the old one but its mode', 'turns',
          ['w', 'deadline', ('mode', 3)], 'trip open force reset', edges,
          Broken(TABLE, 'n.mode = RHEO_AUTO;\n', 'n.mode = s.mode;\n'), mode=Bits, unit='breaker',
          domain='every word and deadline, every mode'),
    Claim('an end of a probe leads from HALF_OPEN to CLOSED or OPEN alone, one generation on, by the verdict; a stale one changes nothing', 'settle',
          [('w', ((HALF_OPEN + 1) << 62) - 1), ('generation', GENERATION), ('end', 2), ('slow', 1), ('calls', 32), ('successes', 32), ('failures', 32),
           'now'], 'answer word', settled,
          Broken('breaker/probe.c', 'rh_next_generation(n, RHEO_CLOSED)', 'rh_next_generation(n, RHEO_HALF_OPEN)'), mode=Bits, unit='breaker',
          contracts={'rh_breaker_generation': lambda machine, state, args: [(state, 0)], 'rh_breaker_level': any_word('level', 32),
                 'rh_open_duration': any_word('lasting'), 'rh_log_complete': nothing, 'rh_log_write': nothing, 'rh_breaker_tell': nothing,
                 'announce': nothing}, sample=ending,
          domain='every word but of the unused state, every generation and end; half-open calls up to 32; the full number of the generation, which only '
          'the log uses, taken as 0'),
    Claim('OPEN lasts from 1 ns to open_max_ns; without jitter open_ns at least, the first time exactly', 'open_duration',
          ['open_ns', 'open_max_ns', ('backoff_bp', HALF), ('jitter_bp', 10000), ('level', HALF), 'seed', 'generation'], 'ns', lasts,
          Broken(TABLE, 'ns = more < r->open_max_ns - ns ? ns + more : r->open_max_ns;', 'ns += more;', contracts={'rh_mix': any_word('mixed')},
                 given={'open_ns': 3 << 62, 'backoff_bp': 10000, 'jitter_bp': 0, 'level': 1}),
          needs=lambda i: [i.open_ns >= 1, i.open_ns <= i.open_max_ns], unit='breaker', lemmas=spread_lemmas,
          contracts={'rh_mix': any_word('mixed'), 'rh_muldiv': muldiv_contract(False)},
          cuts=(Cut('rh_open_duration', any_growth, grown),), domain='every open_ns <= open_max_ns, backoff, level and seed, jitter up to all of it',
          sample=lambda rng: [*sorted([1 + edgy(rng, MAX - 1), 1 + edgy(rng, MAX - 1)]), edgy(rng, HALF), edgy(rng, 10000), edgy(rng, 90),
                              edgy(rng, MAX), edgy(rng, MAX)]),
]
