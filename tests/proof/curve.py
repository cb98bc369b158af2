# SPDX-License-Identifier: BSD-2-Clause
"""bucket/curve.h: what is earned by a time, when a credit is earned, and how a curve goes on."""

from harness import ONE, Broken, Claim, edgy
from poly import MAX, Poly, both, either, implies, product, times
from wide import CONTRACTS, is_quotient, make_contract

FILE = 'bucket/curve.h'
SPAN, JUMP, UNITS = 2**62, 2**61, 2**58
CURVE = 'mult period t0 base'


# --- contracts of what wide.py proves, with the divisor that a struct was made of -----------


def muldiv_contract(up):
    def contract(machine, state, args):
        domain = machine.domain
        a, b, d = (domain.term(x) for x in args)
        q = domain.fresh('muldiv', 64, state)
        state.duties.append((domain.compare('ne', 64, args[2], 0), 'a divisor that is not 0'))
        if up:
            spec = both(either(q.term == MAX, q.term * d >= a * b), q.term * d - d < a * b)
        else:
            spec = both(q.term * d <= a * b, either(q.term == MAX, a * b < q.term * d + d))
        state.notes['muldiv'] = state.notes.get('muldiv', ()) + ((q.term, a),)
        state.facts.append(implies(d >= 1, spec))
        return [(state, q)]
    return contract


def make_and_note(machine, state, args):
    out = make_contract(machine, state, args)
    state.notes['of', machine.load(state, args[0], 8).term.key()] = args[1]
    return out


def divisor_of(machine, state, pointer):
    return state.notes['of', machine.load(state, pointer, 8).term.key()]


def period_contract(machine, state, args):
    return [(state, divisor_of(machine, state, args[0] + 24))]


def apply_contract(machine, state, args):
    pointer, hi, lo = args
    domain, d = machine.domain, machine.domain.term(divisor_of(machine, state, pointer))
    fits = domain.term(hi) < d
    n = domain.glue([(lo, 64), (hi, 64)], state)
    key = 'applied', n if isinstance(n, int) else n.term.key()
    if key not in state.notes:
        q = state.notes[key] = domain.fresh('applied', 64, state)
        state.duties.append((fits, 'a quotient that fits, for rh_divisor_apply'))
        state.facts.append(implies(fits, both(*is_quotient(q.term, domain.term(n), d))))
    state.notes['units'] = state.notes.get('units', ()) + (state.notes[key].term,)
    return [(state, state.notes[key])]


CURVES = dict(CONTRACTS, rh_divisor_make=make_and_note, rh_divisor_apply=apply_contract, rh_curve_period=period_contract,
              rh_muldiv=muldiv_contract(False), rh_muldiv_up=muldiv_contract(True))


def is_curve(i):
    return [i.mult >= 1, i.mult < 2**61, i.period >= 1]


def any_curve(rng):
    """mult, period, t0, base."""
    return [1 + edgy(rng, 2**61 - 2), 1 + edgy(rng, MAX - 1), edgy(rng, MAX), edgy(rng, MAX)]


def used(c):
    """The times since t0 that were multiplied by mult, and the units that this gave."""
    units = c.state.notes['units']
    spans = [b for a, b in c.state.products if isinstance(a, Poly) and a.key() == c.i.mult.key()]
    return list(zip(spans[-len(units):], units))


# --- what is earned ------------------------------------------------------------------------


def units_exact(c, units, t, span):
    """units = floor(mult * time / period), for the time since t0 that lies within the span."""
    i = c.i
    return [implies(t <= i.t0, units == 0),
            implies(both(t > i.t0, t - i.t0 <= span), both(*is_quotient(units, i.mult * (t - i.t0), i.period))),
            implies(both(t > i.t0, t - i.t0 > span), both(*is_quotient(units, i.mult * span, i.period))),
            units <= SPAN]


def foreseen(c):
    """The same up to an eighth of the span past its end, and from there on the same: below 2^62 + 2^59."""
    i, span, past, units = c.i, c.o.span, c.o.past, c.o.units
    dt = i.t - i.t0
    return [implies(i.t <= i.t0, units == 0),
            implies(both(i.t > i.t0, dt <= span + past), both(*is_quotient(units, i.mult * dt, i.period))),
            implies(both(i.t > i.t0, dt > span + past), both(*is_quotient(units, i.mult * (span + past), i.period))),
            units <= SPAN + SPAN // 8]


def bounded(c):
    """mult times a time within the span is at most 2^62 periods."""
    out = []
    for dt, q in used(c):
        out += [product(c.state.notes['muldiv'][0][0] - dt, c.i.mult), product(q - SPAN - 1, c.i.period)]
    return out


def earned_lemmas(c):
    (dt, q), = used(c)
    return bounded(c) + [times(c.o.units, q, c.i.period), times(dt, c.i.t - c.i.t0, c.i.mult), times(dt, c.o.span, c.i.mult)]


def foreseen_lemmas(c):
    (dt, q), = used(c)
    i, span, past = c.i, c.o.span, c.o.past
    limit = c.state.notes['muldiv'][0][0]
    return [product(limit + past - dt, i.mult), product(limit - past * 8, i.mult), product(q - SPAN - SPAN // 8 - 1, i.period),
            times(c.o.units, q, i.period), times(dt, i.t - i.t0, i.mult), times(dt, span + past, i.mult)]


def between_lemmas(c):
    """What is earned from a to b, and of that what passes of the span."""
    (dtb, qb), (dta, qa) = used(c)[-2:]
    i = c.i
    return bounded(c) + [times(c.o.units, qb - qa, i.period), product(qa - qb - 1, i.period), product(dtb - dta, i.mult),
                         product(i.b - i.a - (dtb - dta), i.mult)]


def when_lemmas(c):
    (span, _), (dt, ahead) = c.state.notes['muldiv']
    (dt1, q1), (dt2, q2) = used(c)[-2:]
    i = c.i
    return bounded(c) + [times(ahead, i.ahead, i.period), product(dt - 1 - span, i.mult), product(JUMP - i.ahead, i.period),
                         times(dt1, dt, i.mult), product(i.ahead - 1 - q1, i.period),
                         product(dt - 1 - dt2, i.mult), product(q2 - i.ahead, i.period)]


def within_lemmas(c):
    span, *more = c.state.notes['muldiv']
    dt = more[0][0] if more else 0
    (dtb, qb), (dta, qa) = used(c)[-2:]
    i = c.i
    return bounded(c) + [times(c.o.units, qb - qa, i.period), product(dtb - dta, i.mult), product(qa - qb - 1, i.period),
                         product(dt - (dtb - dta), i.mult), product(qb - qa - 1 - i.most, i.period)]


def renewed(c):
    """Where the old curve earned at most 2^61 beyond what is published, the new one goes on exactly;
    else it begins 2^61 beyond."""
    i, o = c.i, c.o
    exact = o.eh * ONE + o.el
    ended = both(i.t > i.t0, i.t - i.t0 > o.span, i.behind >= o.end, i.behind <= SPAN)
    return [implies(both(ended, exact - i.behind <= JUMP), o.units == exact),
            implies(both(ended, exact - i.behind > JUMP), o.units == i.behind + JUMP),
            implies(ended, o.beyond == 0)]


def renew_lemmas(c):
    """whole periods, and what is left of one: r, which earns q. exact is what the old curve would have earned."""
    i, o = c.i, c.o
    m, p = i.mult, i.period
    exact = o.eh * ONE + o.el
    span = c.state.notes['muldiv'][0][0]
    out = bounded(c)
    divided = [v for k, v in c.state.splits.items() if k[0] == 'divided' and k[2] == p.key()]
    left, q = used(c)[-2]
    for whole, r in divided:
        out += [times(i.t - i.t0, whole.term * p + r.term, m), times(left, r.term, m), product(exact - whole.term * m - q - 1, p),
                product(whole.term * m + q - exact - 1, p)]
    return out + [product(p - 1 - span, m), product(JUMP - m, p)]


def waited(c):
    """After the wait the level is there, a nanosecond before it was not; where both lie within the span."""
    i, o = c.i, c.o
    within = both(o.in_debt == 1, i.now - i.t0 <= o.span, o.wait + i.now - i.t0 <= o.span)
    return [implies(both(within, o.wait != MAX), both(o.reached == 1, either(o.wait == 0, o.before == 0)))]


def wait_lemmas(c):
    (span, _), *more = c.state.notes['muldiv']
    if not more:
        return bounded(c)
    (dt, ahead), (dt1, q1), (dt2, q2) = more[0], *used(c)[-2:]
    m, p = c.i.mult, c.i.period
    return bounded(c) + [times(dt1, dt, m), product(ahead - 1 - q1, p), product(dt - 1 - dt2, m), product(q2 - ahead, p),
                         product(dt1 - dt, m)]


def waiting(rng):
    curve = any_curve(rng)
    curve[2] >>= 1
    cap = 1 + edgy(rng, UNITS - 1)
    return curve + [curve[2] + edgy(rng, 2**62), 1 + edgy(rng, cap - 1), cap, SPAN - cap + edgy(rng, 2 * cap)]


def renewable(rng):
    """A curve, a time past its span, and what is published then."""
    while True:
        mult, period, t0, base = any_curve(rng)
        span = min(SPAN * period // mult, MAX)
        if t0 + span + 1 < MAX:
            t = rng.randrange(t0 + span + 1, ONE)
            return [mult, period, t0, base, t, rng.randrange(mult * span // period, SPAN + 1)]


CLAIMS = [
    Claim('rh_curve_earned is base + floor(mult * time / period), exactly, at most 2^62 units on', 'earned',
          CURVE + ' t', 'credit units span', lambda c: units_exact(c, c.o.units, c.i.t, c.o.span),
          needs=is_curve, unit='bucket', contracts=CURVES, lemmas=earned_lemmas,
          domain='mult below 2^61, every period, t0, base, t', sample=lambda rng: any_curve(rng) + [edgy(rng, MAX)],
          broken=Broken(FILE, 'if (dt > c->span)\n\t\tdt = c->span;', '', given={'mult': 5, 'period': 3})),
    Claim('rh_curve_foreseen is the same exactly, an eighth of the span past its end, at most 2^62 + 2^59 units on', 'foreseen',
          CURVE + ' t', 'units span past', foreseen,
          needs=is_curve, unit='bucket', contracts=CURVES, lemmas=foreseen_lemmas,
          domain='mult below 2^61, every period, t0, base, t', sample=lambda rng: any_curve(rng) + [edgy(rng, MAX)],
          broken=Broken(FILE, 'dt = c->span + past;', 'dt = c->span;', given={'mult': 5, 'period': 3})),
    Claim('what is earned from a to b is at most ceil(mult * (b - a) / period), and not less than nothing', 'between',
          CURVE + ' a b', 'units',
          lambda c: [c.o.units * c.i.period - c.i.period < c.i.mult * (c.i.b - c.i.a), c.o.units <= SPAN],
          needs=lambda i: is_curve(i) + [i.a <= i.b], unit='bucket', contracts=CURVES, lemmas=between_lemmas,
          domain='mult below 2^61, every period, t0, base, a <= b',
          sample=lambda rng: any_curve(rng) + sorted([edgy(rng, MAX), edgy(rng, MAX)]),
          broken=Broken(FILE, 't > c->t0 ? t - c->t0 : 0;', 't - c->t0;', given={'mult': 5, 'period': 3, 't0': 7, 'base': 0})),
    Claim('rh_curve_when is the first nanosecond by which so many units are earned', 'when',
          CURVE + ' ahead', 't then before',
          lambda c: [either(c.o.t == MAX, c.o.then >= c.i.ahead), c.o.before < c.i.ahead, c.o.t > c.i.t0],
          needs=lambda i: is_curve(i) + [i.ahead >= 1, i.ahead <= JUMP, i.t0 < MAX], unit='bucket', contracts=CURVES,
          lemmas=when_lemmas, domain='mult below 2^61, every period, t0, base, 1 to 2^61 units ahead',
          sample=lambda rng: any_curve(rng) + [edgy(rng, JUMP)],
          broken=Broken(FILE, 'dt = rh_muldiv_up(', 'dt = rh_muldiv(', given={'mult': 5, 'period': 3, 't0': 0, 'base': 0})),
    Claim('rh_curve_within is a time that earns at most so many units, wherever it begins', 'within',
          CURVE + ' most a', 'dt units', lambda c: [c.o.units <= c.i.most],
          needs=lambda i: is_curve(i) + [i.most <= UNITS], unit='bucket', contracts=CURVES, lemmas=within_lemmas,
          domain='mult below 2^61, every period, t0, base, a, up to 2^58 units',
          sample=lambda rng: any_curve(rng) + [edgy(rng, UNITS), edgy(rng, MAX)],
          broken=Broken(FILE, 'rh_muldiv(units - 1,', 'rh_muldiv(units + 1,', given={'mult': 5, 'period': 3, 't0': 0, 'base': 0})),
    Claim('rh_curve_renew goes on exactly where the curve ended, or begins 2^61 units beyond what is published', 'renew',
          CURVE + ' t behind', 'units beyond end span eh el', renewed,
          needs=is_curve, unit='bucket', contracts=CURVES, lemmas=renew_lemmas,
          domain='mult below 2^61, every period, t0, base, t past the span, published from its end to 2^62',
          sample=renewable,
          broken=Broken(FILE, 'c.base += whole * c.mult;', 'c.base += whole * c.mult + 1;', given={'mult': 5, 'period': 3, 't0': 0, 'base': 0})),
    Claim('a wait is the shortest after which the level is there', 'wait', CURVE + ' now want cap spent',
          'wait reached before in_debt span', waited,
          needs=lambda i: is_curve(i) + [i.want >= 1, i.want <= i.cap, i.cap <= UNITS, i.spent <= 2 * SPAN, i.now >= i.t0],
          unit='bucket', contracts=CURVES, lemmas=wait_lemmas, sample=waiting,
          domain='mult below 2^61, every period, t0, base, now and the wait within the span, spent within 2^62, up to 2^58 units and debt',
          broken=Broken('bucket/bucket.c', 'l->earned - (uint64_t)l->level + level)', 'l->earned - (uint64_t)l->level + level + 1)',
                        given={'mult': 5, 'period': 3, 't0': 0, 'base': 0, 'now': 1, 'cap': 9})),
]
