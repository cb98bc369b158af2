# SPDX-License-Identifier: BSD-2-Clause
"""bucket/config.c and what it makes of a configuration: the curve's numbers, k, caps, lanes, and the record of rules."""

import math

import z3

from curve import SPAN, UNITS, muldiv_contract
from domains import Bits, Word
from harness import Broken, Claim, Step, edgy
from machine import Cut, Pointer
from poly import MAX, Poly, both, either, implies, product, same, times
from wide import make_contract

CURVE_H, CONFIG_C = 'bucket/curve.h', 'bucket/config.c'
CENTURY = 3155760000000000000
NUMERATOR = 2**41
TERA = 10**12


# --- the greatest common divisor ------------------------------------------------------
#
# For every t that divides both arguments, and for the pair at each turn of the loop:
# t divides the pair (x and y times), and whatever divides the pair divides the arguments,
# which are sums of its multiples (u, v; w, z times).


def divides(locals, state):
    a, b = (locals.machine.domain.term(locals.get(n + '.addr')) for n in 'ab')
    t = Poly.of('t')
    before = state.notes.get('pair')
    if before is None:
        x, y, u, v, w, z = Poly.of('x'), Poly.of('y'), 1, 0, 0, 1
    else:
        p, q, x, y, u, v, w, z = before
        if a is not p:  # after a turn: a = b', b = a' - quotient * b'
            n = state.splits['divided', p.key(), q.key()][0].term
            x, y, u, v, w, z = y, x - n * y, u * n + v, u, w * n + z, w
    first, second = (Poly.of(n) for n in ('a0', 'b0'))
    now = [a == t * x, b == t * y, first == u * a + v * b, second == w * a + z * b]
    if before is not None and a is not p:
        now.append(b < q)  # so it ends
    return now


def any_pair(locals, state):
    domain = locals.machine.domain
    a, b = domain.fresh('a', 64, state), domain.fresh('b', 64, state)
    locals.set('a.addr', a)
    locals.set('b.addr', b)
    state.notes['pair'] = (a.term, b.term, *[Poly.of(domain.fresh_name(n)) for n in 'xyuvwz'])


def greatest(c):
    """The result divides both, and t, which divides both, divides it."""
    if c.machine is None:
        return [c.o.g == math.gcd(c.i.a, c.i.b)]
    p, q, x, y, u, v, w, z = c.state.notes['pair']
    return [c.o.g == Poly.of('t') * x, c.i.a == u * c.o.g, c.i.b == w * c.o.g]


def gcd_lemmas(c):
    p, q, x, y, u, v, w, z = c.state.notes.get('pair') or (None,) * 8
    if p is None or ('divided', p.key(), q.key()) not in c.state.splits:
        return [times(q, 0, v), times(q, 0, z)] if p is not None else []
    n, r = (word.term for word in c.state.splits['divided', p.key(), q.key()])
    return [times(p, n * q + r, u), times(p, n * q + r, w), times(q, Poly.of('t') * y, n), times(q, 0, v), times(q, 0, z)]


# --- what callers may use --------------------------------------------------------------


def gcd_contract(machine, state, args):
    key = ('gcd', *[a if isinstance(a, int) else a.term.key() for a in args])
    if key not in state.notes:
        domain = machine.domain
        g, x, y = (domain.fresh(n, 64, state) for n in ('g', 'x', 'y'))
        a, b = (domain.term(v) for v in args)
        state.facts.append(implies(either(a >= 1, b >= 1), both(g.term >= 1, a == g.term * x.term, b == g.term * y.term)))
        state.notes[key] = g
        state.notes['parts'] = (x.term, y.term)
    return [(state, state.notes[key])]


def any_word(name, w=64):
    """A word of which nothing is known, the same for the same arguments."""
    def contract(machine, state, args):
        key = (name, *[a if isinstance(a, int) else (a.memory, a.offset) if isinstance(a, Pointer) else
                       a.term.key() if isinstance(a, Word) else a.get_id() for a in args])
        if key not in state.notes:
            state.notes[key] = (machine.domain.fresh(name, w, state), args)
        return [(state, state.notes[key][0])]
    return contract


def nothing(machine, state, args):
    return [(state, None)]


def remember_made(machine, state, args):
    state.notes['of', 0] = args[1]
    return make_contract(machine, state, args)


# --- configuration ----------------------------------------------------------------------------


def quotients(c, d):
    """What was found on this path where something was divided by d."""
    return [q.term for key, (q, _) in ((k, v) for k, v in c.state.splits.items() if k[0] == 'divided') if key[2] == d.key()]


def in_range(c):
    return [product(a, d) for d, most in ((c.i.period, 1000), (c.o.g, NUMERATOR)) for q in quotients(c, d)
            for a in (q - most, most - 1 - q)]


def lowest_terms(c):
    """tokens and period are x and y times their divisor g, which is what dividing by g gives."""
    (x, y), g, i, o = c.state.notes['parts'], c.o.g, c.i, c.o
    p, q = quotients(c, g)
    near = [product(a - b - 1, g) for a, b in ((p, x), (x, p), (q, y), (y, q))]
    return [Step(both(p == x, q == y), *near), Step(both(i.tokens == g * p, i.period == g * q), times(p, x, g), times(q, y, g)),
            Step(both(p >= 1, q >= 1), times(p, 0, g), times(q, 0, g)),
            Step(o.mult == p * i.two_shift, product(p - NUMERATOR, g), product(NUMERATOR - 1 - p, i.two_shift)),
            times(o.mult, p * i.two_shift, g), times(i.tokens, g * p, i.two_shift),
            product(p - NUMERATOR, g), product(NUMERATOR - 1 - p, i.two_shift), product(p - 1, i.two_shift)]


def accepted(c):
    i, o = c.i, c.o
    return [either(o.ok == 0, o.ok == 1), same(o.ok == 1, both(
        i.tokens >= 1, i.period >= 1, i.tokens < NUMERATOR * o.g, i.tokens <= 1000 * i.period, i.burst >= 1, i.burst <= UNITS,
        i.debt <= UNITS, i.lanes <= 1024, i.lines <= 128, i.flags <= 1))]


def made(c):
    """mult / period is tokens * 2^k / period in lowest terms; the span earns 2^62 units."""
    i, o = c.i, c.o
    return [o.mult * o.g == i.tokens * i.two_shift, o.mult >= 1, o.mult < 2**61, o.period * o.g == i.period, o.period >= 1,
            o.span * o.mult <= SPAN * o.period, either(o.span == MAX, SPAN * o.period < o.span * o.mult + o.mult),
            o.t0 == i.t0, o.base == i.base]


def rules_hold(c):
    """The caps of the common part, the lanes and the quantum make up the burst, in units, with a token left in common."""
    i, o = c.i, c.o
    lanes = o.lane_cap << i.lanes_log2
    kept = z3.If(o.lane_cap == 0, z3.BitVecVal(0, 64), o.quantum)
    return [o.cap == (i.burst - lanes - kept) << i.shift, z3.ULE(lanes, z3.LShR(i.burst, 3)), z3.ULE(kept, z3.LShR(i.burst, 5)),
            z3.UGE(o.cap, z3.BitVecVal(1, 64) << i.shift), z3.ULE(o.cap, UNITS), z3.ULE(o.lane_cap, 65535),
            o.debt == i.debt << i.shift, z3.LShR(o.debt, i.shift) == i.debt, o.burst == i.burst]


def fits(i):
    """Burst and debt fit k, as rh_curve_shift and rheo_bucket_reconfigure see to."""
    most = z3.LShR(z3.BitVecVal(UNITS, 64), i.shift)
    return [z3.ULE(i.burst, most), z3.ULE(i.debt, most)]


def valid(rng):
    tokens, period = 1 + edgy(rng, 2**41 - 2), 1 + edgy(rng, MAX - 1)
    return [tokens, max(period, -(-tokens // 1000))]


# --- k --------------------------------------------------------------------------------------------


def too_fine(k, century, burst, debt):
    """With 2^k units to a token a century does not fit the span, or burst or debt their limits."""
    return z3.Or(z3.UGT(century, z3.LShR(z3.BitVecVal(SPAN, 64), k)), z3.UGT(burst, z3.LShR(z3.BitVecVal(UNITS, 64), k)),
                 z3.UGT(debt, z3.LShR(z3.BitVecVal(UNITS, 64), k)))


def not_too_coarse(locals, state):
    k, century, burst, debt = (locals.machine.domain.term(locals.get(n, w), w) for n, w in
                               (('k', 32), ('century', 64), ('burst.addr', 64), ('max_debt.addr', 64)))
    return [z3.ULE(k, 20), z3.Or(k == 20, too_fine(z3.ZeroExt(32, k) + 1, century, burst, debt))]


def any_k(locals, state):
    locals.set('k', locals.machine.domain.fresh('k', 32, state), 32)


def best_k(c):
    i, o = c.i, c.o
    return [z3.ULE(o.k, 20), z3.Or(o.k == 0, z3.Not(too_fine(o.k, o.century, i.burst, i.debt))),
            z3.ULE(i.burst << o.k, UNITS), z3.ULE(i.debt << o.k, UNITS),
            z3.Or(o.k == 20, too_fine(o.k + 1, o.century, i.burst, i.debt))]


RECORD = [('cap', 2**59 - 1), ('burst', 2**59 - 1), ('debt', 2**59 - 1), 'tokens', 'period_ns', 't0', 'base', 'mult', 'd', 'recip',
          ('norm', 63), 'span', ('lane_cap', 65535), ('quantum_ns', 2**32 - 1), ('empty', 1)]
RECORD = [(n, MAX) if isinstance(n, str) else n for n in RECORD]

CLAIMS = [
    Claim('rh_gcd divides both, and whatever divides both divides it; it ends', 'gcd', 'a b', 'g', greatest,
          ghosts=lambda i: [i.a == Poly.of('t') * Poly.of('x'), i.b == Poly.of('t') * Poly.of('y'),
                            i.a == Poly.of('a0'), i.b == Poly.of('b0')],
          cuts=(Cut('rh_gcd', any_pair, divides),), lemmas=gcd_lemmas, unit='bucket',
          broken=Broken(CURVE_H, 'while (b != 0)', 'while (b > 1)', given={'b': 3},
                        holds=lambda c: [implies(c.i.a == 3 * Poly.of('k') + 1, c.o.g == 1)])),
    Claim('a configuration is accepted exactly where every field is in range', 'accepts',
          ['tokens', 'period', 'burst', 'debt', ('lanes', 2**32 - 1), ('lines', 2**32 - 1), ('flags', 2**32 - 1)], 'ok g', accepted,
          unit='bucket', contracts={'rh_gcd': gcd_contract}, lemmas=in_range, no_wrap=('fault_of',),
          sample=lambda rng: valid(rng) + [edgy(rng, 2**59), edgy(rng, 2**59), edgy(rng, 2048), edgy(rng, 256), rng.randrange(3)],
          broken=Broken(CONFIG_C, '(cfg->tokens_per_period - 1) / cfg->period_ns >= RH_RATE_MAX',
                        '(cfg->tokens_per_period - 1) / cfg->period_ns > RH_RATE_MAX', given={'period': 1})),
    Claim('rh_curve_make has the rate in lowest terms, mult below 2^61, and the longest span of 2^62 units', 'make',
          ['tokens', 'period', ('shift', 20), 't0', 'base'], 'mult period span t0 base g', made,
          needs=lambda i: [i.tokens >= 1, i.period >= 1], when=lambda c: [c.i.tokens < NUMERATOR * c.o.g], powers={'shift': 2**20}, unit='bucket',
          contracts={'rh_gcd': gcd_contract, 'rh_divisor_make': remember_made, 'rh_muldiv': muldiv_contract(False),
                 'rh_curve_period': lambda machine, state, args: [(state, state.notes['of', 0])]},
          lemmas=lowest_terms, domain='every rate in range, k up to 20, every t0 and base',
          sample=lambda rng: valid(rng) + [rng.randrange(21), edgy(rng, MAX), edgy(rng, MAX)],
          broken=Broken(CURVE_H, '.mult = (tokens / g) << shift', '.mult = tokens << shift', given={'period': 6, 'shift': 0})),
    Claim('rh_curve_period is the period that the divisor was made of', 'period', 'period', 'same',
          lambda c: [c.o.same == c.i.period], needs=lambda i: [i.period != 0], mode=Bits, unit='bucket',
          contracts={'rh_div128': lambda machine, state, args: [(state, [0, 0])]}, domain='every period',
          broken=Broken(CURVE_H, 'c->period.d >> (c->period.norm & 63)', 'c->period.d >> (c->period.norm & 31)')),
    Claim('rh_curve_shift is the finest k for a century, the burst and the debt; burst and debt always fit', 'shift',
          'tokens period burst debt', 'k century', best_k, needs=lambda i: [z3.ULE(i.burst, UNITS), z3.ULE(i.debt, UNITS), i.period != 0],
          mode=Bits, unit='bucket', contracts={'rh_muldiv': any_word('century')}, cuts=(Cut('rh_curve_shift', any_k, not_too_coarse),),
          domain='every rate, burst and debt up to 2^58',
          sample=lambda rng: valid(rng) + [edgy(rng, UNITS), edgy(rng, UNITS)],
          broken=Broken(CURVE_H, 'burst > RH_UNITS_MAX >> k', 'burst > RH_UNITS_MAX', given={'tokens': 1, 'period': 10**9, 'debt': 0}, contracts={})),
    Claim('parked, quantum and common part make up the burst, no lane passes 16 bits, nothing wraps', 'rules',
          ['tokens', 'period', 'burst', 'debt', ('lanes', 1024), ('lines', 128), ('flags', 1), ('shift', 20), ('lanes_log2', 10)],
          'cap lane_cap debt burst quantum', rules_hold, mode=Bits, unit='bucket',
          needs=lambda i: [i.burst != 0, z3.ULE(i.burst, UNITS), z3.ULE(i.debt, UNITS), i.tokens != 0, i.period != 0] + fits(i),
          contracts={'rh_curve_make': nothing, 'rh_curve_within': any_word('within')},
          no_wrap=('rh_bucket_rules_make', 'rh_bucket_quantum'), cases=[{'lanes_log2': n} for n in range(11)],
          domain='every burst and debt up to 2^58, k up to 20, 1 to 1024 lanes',
          sample=lambda rng: valid(rng) + [1 + edgy(rng, UNITS - 1), edgy(rng, UNITS), 1, 1, rng.randrange(2), rng.randrange(21), rng.randrange(11)],
          broken=Broken(CONFIG_C, 'share < RH_LANE_CAP_MAX ? share : RH_LANE_CAP_MAX', 'share', given={'lanes_log2': 1, 'shift': 0})),
    Claim('rules written to a record are read back as they were', 'record', RECORD, ' '.join(n for n, _ in RECORD) + ' ok',
          lambda c: [getattr(c.o, n) == getattr(c.i, n) for n, _ in RECORD] + [c.o.ok == 1], mode=Bits, unit='bucket',
          domain='every value that fits its field', broken=Broken('bucket/word.h', 'r->lane_cap << 8', 'r->lane_cap << 7')),
]
