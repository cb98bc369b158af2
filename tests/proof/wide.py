# SPDX-License-Identifier: BSD-2-Clause
"""base/wide.h: products, quotients, and division by a reciprocal. Both builds, with and without a 128-bit type."""

import z3

from domains import Bits, Word
from harness import ONE, Broken, Claim, Step, edgy
from poly import MAX, both, either, implies, product, same, times
from machine import Cut

PORTABLE = ('-DRHEO_NO_INT128',)
FILE = 'base/wide.h'


def wide(hi, lo):
    return hi * ONE + lo


def is_quotient(q, n, d):
    """q = floor(n / d)."""
    return [q * d <= n, n < q * d + d]


# --- contracts: what the proofs of callers may use of a callee proved here ----------


def mul_contract(machine, state, args):
    exact = machine.domain.binary('mul', 128, args[0], args[1], state)
    low = machine.domain.binary('and', 128, exact, MAX, state)
    return [(state, [machine.domain.binary('lshr', 128, exact, 64, state), low])]


def div_contract(machine, state, args):
    domain = machine.domain
    n = domain.glue([(args[1], 64), (args[0], 64)], state)
    state.duties.append((domain.compare('ne', 64, args[2], 0), 'no division by zero in rh_div128'))
    q = domain.binary('udiv', 128, n, args[2], state)
    machine.store(state, args[3], 8, domain.binary('urem', 128, n, args[2], state))
    low = domain.binary('and', 128, q, MAX, state)
    return [(state, [domain.binary('lshr', 128, q, 64, state), low])]


def any_quotient(machine, state, args):
    machine.store(state, args[3], 8, machine.domain.fresh('rest', 64, state))
    return [(state, [machine.domain.fresh('quotient', 64, state) for _ in range(2)])]


CONTRACTS = {'rh_mul': mul_contract, 'rh_div128': div_contract}


# --- long division ------------------------------------------------------------------------


def place(locals):
    return locals.get('i', 32)


def division_goes_on(locals, state):
    """With the bits of n from i on used: quotient * d + r * 2^i makes them up, and r < d."""
    domain, i = locals.machine.domain, place(locals)
    hi, lo, r, d = (domain.term(locals.get(n)) for n in ('retval+0', 'retval+8', 'r', 'd.addr'))
    n_hi, n_lo = domain.term(locals.get('n+0')), locals.get('n+8')
    used = domain.term(n_lo) - domain.term(domain.split(n_lo, i, state)[1])
    quotient = domain.term(domain.split(locals.get('retval+8'), i, state)[0])
    return [wide(hi, lo) * d + r * 2**i == wide(n_hi, used), r < d, lo == quotient * 2**i]


def any_partial_quotient(locals, state):
    domain, i = locals.machine.domain, place(locals)
    part = domain.fresh('part', 0, state, MAX >> i)
    locals.set('retval+8', Word(part.term * 2**i, part.most << i, i))
    locals.set('r', domain.fresh('r', 64, state))


LONG_DIVISION = Cut('rh_div128', any_partial_quotient, division_goes_on, turn=(('i', 32),))


# --- the reciprocal --------------------------------------------------------------------------


def apply_shift(machine, state, args):
    """rh_shl128 by a shift that is not known, of which the state knows the power of two."""
    hi, lo, n = args
    domain, power = machine.domain, state.notes['power', n.term.key()].term
    exact = domain.glue([(lo, 64), (hi, 64)], state).term * power
    shifted = domain.wrapped(exact, 0, (ONE * ONE - 1) << 63, 128, state)
    high, low = domain.split(shifted, 64, state)
    state.notes['shifted'] = (high.term, low.term, power)
    return [(state, [high, low])]


def make_contract(machine, state, args):
    """rh_divisor_make: d * 2^norm with its top bit set, and the reciprocal of that; *args[0] is the result."""
    domain, (result, d) = machine.domain, args
    state.duties.append((domain.compare('ne', 64, d, 0), 'a divisor that is not 0'))
    v, recip, norm = (domain.fresh(n, w, state) for n, w in (('divisor', 64), ('recip', 64), ('norm', 6)))
    power = domain.fresh('power', 0, state, 2**63)
    d = domain.term(d)
    state.facts.append(implies(d >= 1, both(v.term == d * power.term, power.term >= 1, v.term >= 2**63,
                                            *is_reciprocal(recip.term, v.term))))
    state.notes['power', norm.term.key()] = power
    for at, w, value in ((0, 8, v), (8, 8, recip), (16, 4, norm)):
        machine.store(state, result + at, w, value)
    return [(state, None)]


def is_reciprocal(recip, d):
    """recip = floor((2^128 - 1) / d) - 2^64."""
    return is_quotient(recip + ONE, ONE * ONE - 1, d)


def positive_divisor(locals, state):
    return [locals.machine.domain.compare('ne', 64, locals.get('agg.result+0'), 0)]


def any_divisor(locals, state):
    locals.set('agg.result+0', locals.machine.domain.fresh('v', 64, state))
    locals.set('agg.result+16', locals.machine.domain.fresh('norm', 32, state), 32)


NORMALISING = Cut('rh_divisor_make', any_divisor, positive_divisor)


def remainder_stays_near(c):
    """Moeller and Granlund's bound. total is u / d to first order, in 2^-64: its whole part is q1, its
    fraction q0; what q1 + 1 leaves of u lies from max(-d, q0 + 1 - 2^64) to max(2^64 - d, q0) - 1."""
    (recip, _), (guess, d) = c.state.products[-2:]
    u1, u0, power = c.state.notes['shifted']
    n = wide(c.i.hi, c.i.lo)
    q1, q0 = c.machine.domain.fresh('q1', 256, c.state).term, c.machine.domain.fresh('q0', 64, c.state).term
    total = (recip + ONE) * u1 + u0
    gap, away = ONE * ONE - (recip + ONE) * d, ONE - d
    rest = wide(u1, u0) - (q1 + 1) * d
    return [
        total == wide(q1, q0),
        Step(n * power <= d * ONE - 1, product(c.i.d * ONE - 1 - n, power)),
        Step(both(wide(u1, u0) == n * power, u1 <= d - 1)),
        Step(both(gap >= 1, gap <= d)),
        Step(q1 < ONE, product(d - 1 - u1, recip + ONE)),
        Step(rest * ONE == u1 * gap + u0 * away + q0 * d - d * ONE, times(total, wide(q1, q0), d)),
        Step(u1 * gap <= (d - 1) * d, product(d - 1 - u1, gap), product(d - 1, d - gap)),
        Step(u0 * away <= (ONE - 1) * away, product(ONE - 1 - u0, away)),
        Step(either(rest <= away - 1, rest <= q0 - 1), product(away - q0, d), product(q0 - away, away)),
        Step(both(u1 * gap >= 0, u0 * away >= 0), product(u1, gap), product(u0, away)),
        Step(rest >= -d, product(q0, d)),
        Step(rest >= q0 + 1 - ONE, product(ONE - q0, ONE - 1 - d)),
        Step(either(guess == q1 + 1, guess == q1 + 1 - ONE)),
        Step(either(guess * d == q1 * d + d, guess * d == q1 * d + d - d * ONE),
             times(guess, q1 + 1, d), times(guess, q1 + 1 - ONE, d)),
        Step(either(*[c.o.q == q1 + k for k in (0, 1, 2)])),
        Step(both(*is_quotient(c.o.q, wide(u1, u0), d)), *[times(c.o.q, q1 + k, d) for k in (0, 1, 2)]),
        times(d, c.i.d * power, c.o.q),
        product(c.o.q * c.i.d - n - 1, power), product(n - c.o.q * c.i.d - c.i.d, power),
    ]


CLAIMS = [
    Claim('rh_mul is the 128-bit product', 'mul', 'a b', 'hi lo',
          lambda c: [wide(c.o.hi, c.o.lo) == c.i.a * c.i.b],
          broken=Broken(FILE, 'p >> 64', 'p >> 63', given={'b': 3})),
    Claim('rh_mul from halves is the 128-bit product', 'mul', 'a b', 'hi lo',
          lambda c: [wide(c.o.hi, c.o.lo) == c.i.a * c.i.b], flags=PORTABLE,
          no_wrap=('rh_mul:sums',),
          broken=Broken(FILE, '(hl >> 32) + (mid >> 32)', '(hl >> 32)', given={'b': MAX})),
    Claim('rh_add128 adds and carries', 'add128', 'hi lo b', 'hi lo',
          lambda c: [z3.Concat(c.o.hi, c.o.lo) == z3.Concat(c.i.hi, c.i.lo) + z3.ZeroExt(64, c.i.b)], mode=Bits,
          broken=Broken(FILE, '(lo < b)', '(lo <= b)')),
    Claim('rh_shl128 shifts across the middle', 'shl128', 'hi lo n', 'hi lo',
          lambda c: [z3.Concat(c.o.hi, c.o.lo) == z3.Concat(c.i.hi, c.i.lo) << z3.ZeroExt(64, c.i.n)], mode=Bits,
          needs=lambda i: [z3.ULT(i.n, 64)], domain='every input, n < 64',
          sample=lambda rng: [rng.getrandbits(64), rng.getrandbits(64), rng.randrange(64)],
          broken=Broken(FILE, 'a.lo >> (64 - n)', 'a.lo >> (63 - n)')),
    Claim('rh_less128 compares 128-bit numbers', 'less128', 'ah al bh bl', 'less',
          lambda c: [same(c.o.less == 1, z3.ULT(z3.Concat(c.i.ah, c.i.al), z3.Concat(c.i.bh, c.i.bl))), z3.ULE(c.o.less, 1)],
          mode=Bits, broken=Broken(FILE, 'a.hi != b.hi ?', 'a.hi < b.hi ?')),
]
for flags, cuts, this, that, given in (
        ((), (), '(uint64_t)(x - q * d)', '(uint64_t)(x - q)', {'d': 7}),
        (PORTABLE, (LONG_DIVISION,), 'carry || r >= d', 'r >= d', {'d': 2**63 + 3, 'hi': 2**63, 'lo': 5})):
    CLAIMS.append(
        Claim('rh_div128 gives quotient and rest' + (', bit by bit' if flags else ''), 'div128', 'hi lo d', 'qh ql rest',
              lambda c: [wide(c.o.qh, c.o.ql) * c.i.d + c.o.rest == wide(c.i.hi, c.i.lo), c.o.rest < c.i.d],
              needs=lambda i: [i.d >= 1], domain='every 128-bit number, every d > 0', flags=flags, cuts=cuts, prune=not cuts,
              broken=Broken(FILE, this, that, given=given)))
for flags, contracts in (((), {}), (PORTABLE, CONTRACTS)):
    how = ', portable' if flags else ''
    CLAIMS += [
        Claim('rh_muldiv is floor(a * b / d), or the largest word' + how, 'muldiv', 'a b d', 'q',
              lambda c: [c.o.q * c.i.d <= c.i.a * c.i.b, either(c.o.q == MAX, c.i.a * c.i.b < c.o.q * c.i.d + c.i.d)],
              needs=lambda i: [i.d >= 1], domain='every a, b, every d > 0', flags=flags, contracts=contracts,
              broken=Broken(FILE, 'uint64_t rem;\n\trh_u128 q = rh_div128(rh_mul(a, b), d, &rem);\n\n\treturn q.hi ? UINT64_MAX : q.lo',
                            'uint64_t rem;\n\trh_u128 q = rh_div128(rh_mul(a, b), d, &rem);\n\n\treturn q.lo', given={'d': 3, 'b': 2**40})),
        Claim('rh_muldiv_up is ceil(a * b / d), or the largest word' + how, 'muldiv_up', 'a b d', 'q',
              lambda c: [either(c.o.q == MAX, c.o.q * c.i.d >= c.i.a * c.i.b),
                         c.o.q * c.i.d - c.i.d < c.i.a * c.i.b],
              needs=lambda i: [i.d >= 1], domain='every a, b, every d > 0', flags=flags, contracts=contracts,
              broken=Broken(FILE, '\tif (rem)\n\t\tq = rh_add128(q, 1);', '\tif (!rem)\n\t\tq = rh_add128(q, 1);', given={'d': 3, 'b': 5})),
    ]
CLAIMS += [
    Claim('rh_divisor_make shifts d up to its top bit and loses nothing', 'divisor_make', 'd', 'd recip norm',
          lambda c: [c.o.d == c.i.d << c.o.norm, z3.LShR(c.o.d, c.o.norm) == c.i.d, c.o.d >> 63 != 0, z3.ULT(c.o.norm, 64)],
          needs=lambda i: [i.d != 0], mode=Bits, domain='every d > 0', contracts={'rh_div128': any_quotient},
          broken=Broken(FILE, 'while (!(v.d >> 63))', 'while (!(v.d >> 62))')),
    Claim('rh_divisor_make finds floor((2^128 - 1) / d) - 2^64 for the shifted d', 'divisor_make', 'd', 'd recip norm',
          lambda c: is_reciprocal(c.o.recip, c.o.d), needs=lambda i: [i.d >= 1], domain='every d > 0', contracts=CONTRACTS,
          cuts=(NORMALISING,), broken=Broken(FILE, '{~v.d, UINT64_MAX}', '{~v.d, 0}', given={'d': 2**40 + 1})),
    Claim('rh_divisor_apply is floor(n / d) for the divisor made of d', 'divisor_apply', 'd hi lo', 'q',
          lambda c: is_quotient(c.o.q, wide(c.i.hi, c.i.lo), c.i.d), needs=lambda i: [i.d >= 1, i.hi < i.d],
          domain='every d > 0, every n < 2^64 d', lemmas=remainder_stays_near,
          contracts={'rh_divisor_make': make_contract, 'rh_shl128': apply_shift},
          sample=lambda rng: (lambda d: [d, rng.randrange(d), rng.getrandbits(64)])(1 + edgy(rng, MAX - 1)),
          broken=Broken(FILE, 'q.hi += u.hi + 1;', 'q.hi += u.hi;', given={'d': 2**63 + 5}, contracts={})),
]
