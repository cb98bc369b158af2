# SPDX-License-Identifier: BSD-2-Clause
"""bucket/word.h and the words of lanes: what one step does with the word it finds. (Several threads: tests/explore.)"""

import z3

from curve import UNITS
from domains import Bits
from harness import Broken, Claim, edgy
from poly import MAX, implies, same

WORD, LANES = 'bucket/word.h', 'bucket/lanes.c'
TAKEN, REFUSED = 0, 1
NONE = z3.BitVecVal(0, 64)


def taken(c):
    """What curve.h says; published, until, now, end, earned and after as distances from spent, so that z3 need not
    add what cancels. What is taken begins at earned - level, at or above spent and earned - cap, and ends at or below
    earned but for debt: what the argument for P1 needs."""
    i, o = c.i, c.o

    def pick(condition, a, b):
        """One or the other, if this path of the code knows which."""
        if c.machine is None:
            return z3.If(condition, a(), b())
        return a() if c.machine.known(c.state, condition) else b() if c.machine.known(c.state, z3.Not(condition)) else z3.If(condition, a(), b())
    published, none = (lambda: i.published), (lambda: NONE)
    earned = pick(i.timed != 0, lambda: pick(i.now - i.published > 0, lambda: i.now, published), published)
    level = pick(earned > i.cap, lambda: i.cap, lambda: earned)
    debt = pick(i.bounded != 0, lambda: pick(i.until - earned < i.debt, lambda: i.until - earned, lambda: i.debt), lambda: i.debt)
    debt = pick(i.debt != 0, lambda: pick(debt > 0, lambda: debt, none), none)
    there = level + debt
    part = (lambda: pick(there > 0, lambda: there & ~(i.unit - 1), none))
    cost = pick(i.unit != 0, lambda: pick(there < i.cost, part, lambda: i.cost), lambda: i.cost)
    enough = z3.And(cost != 0, there >= cost)
    return [o.earned == earned, o.cost == cost, o.end == earned - level + cost,
            implies(enough, z3.And(o.answer == TAKEN, o.after == o.end)),
            implies(z3.Not(enough), z3.And(o.answer == REFUSED, o.after == 0)),
            level <= i.cap, level <= earned, implies(enough, z3.And(cost <= level + debt, debt <= i.debt, cost <= i.cost))]


TAKE = ['spent', 'published', ('cost', UNITS + 1), 'unit', ('cap', 2**59 - 1), ('debt', 2**59 - 1), 'until', ('bounded', 1),
        ('timed', 1), 'now']


def asked(rng):
    near = (lambda: rng.choice((1, -1)) * edgy(rng, 2**59) & MAX)
    return [edgy(rng, MAX), near(), edgy(rng, UNITS), rng.choice([0, 0, 1, 2**20]), edgy(rng, 2**58), rng.choice([0, edgy(rng, 2**58)]), near(),
            rng.randrange(2), rng.randrange(2), near()]


def moved(c):
    """As taken() has it, with published, after and skipped as distances from spent."""
    i, o = c.i, c.o
    level = z3.If(i.published > i.cap, i.cap, i.published)
    return [z3.If(level >= i.cost, z3.And(o.answer == TAKEN, o.skipped == i.published - level, o.after == i.published - level + i.cost),
                  z3.And(o.answer == REFUSED, o.after == 0, o.skipped == 0))]


def taken_now(c):
    """The same, or undone where the level passes the cap."""
    i, o = c.i, c.o
    return [same(o.answer == TAKEN, z3.And(i.published >= i.cost, i.published <= i.cap)), same(o.answer == REFUSED, i.published < i.cost),
            o.after == z3.If(o.answer == TAKEN, i.cost, NONE)]


def quick(rng):
    return [edgy(rng, MAX), rng.choice((1, -1)) * edgy(rng, 2**60) & MAX, edgy(rng, 2**59 - 1), edgy(rng, 2**59)]


def gave(c):
    """What comes back lifts the level to the cap at most."""
    i, o = c.i, c.o
    room = i.spent - (i.published - i.cap)
    return [o.given == z3.If(room <= 0, NONE, z3.If(z3.ULT(room, i.units), room, i.units)), o.spent == i.spent - o.given,
            implies(o.given != 0, i.published - o.spent <= i.cap)]


def parked(w):
    return w & 0xffff


def filling(w):
    return z3.Extract(16, 16, w)


def fills(w):
    return z3.Extract(63, 17, w)


def least(a, b):
    return z3.If(z3.ULT(a, b), a, b)


def lane_words(c):
    i, o = c.i, c.o
    return [o.parked == parked(i.word), parked(o.marked) == o.parked, filling(o.marked) == 1, fills(o.marked) == fills(i.word) + 1,
            parked(o.holding) == least(i.n, z3.BitVecVal(0xffff, 64)), filling(o.holding) == 0, fills(o.holding) == fills(i.word)]


def lane_taken(c):
    """Only parked tokens fall; the mark and the number of the fill stay."""
    i, o = c.i, c.o
    want = z3.If(i.upto != 0, least(parked(i.word), i.n), i.n)
    return [o.got == z3.If(z3.ULE(want, parked(i.word)), want, 0), parked(o.word) == parked(i.word) - o.got,
            z3.LShR(o.word, 16) == z3.LShR(i.word, 16)]


def deposited(c):
    """(L1) Under its own mark alone; it adds its batch to what is left, and ends the mark."""
    i, o = c.i, c.o
    mine = z3.LShR(i.word, 16) == z3.LShR(i.mark, 16)
    kept = least(parked(i.word) + i.n, z3.BitVecVal(0xffff, 64))
    return [implies(mine, z3.And(parked(o.word) == kept, filling(o.word) == 0, fills(o.word) == fills(i.mark))),
            implies(z3.Not(mine), o.word == i.word)]


def lane(rng):
    return edgy(rng, 2**20) << 17 | rng.randrange(2) << 16 | edgy(rng, 0xffff)


def marked(rng):
    word = lane(rng)
    return [word, rng.choice([word, word - word % 2**16 + edgy(rng, 0xffff), lane(rng)]), edgy(rng, 0xffff)]


QUICK = ['spent', 'published', ('cap', 2**59 - 1), ('cost', 2**62)]

CLAIMS = [
    Claim('rh_level is the distance from spent to earned, at most the burst', 'level', 'earned spent burst', 'level',
          lambda c: [c.o.level <= c.i.burst, c.o.level <= c.i.earned - c.i.spent,
                     z3.Or(c.o.level == c.i.burst, c.o.level == c.i.earned - c.i.spent)],
          Broken('bucket/curve.h', 'return level > (int64_t)burst', 'return (uint64_t)level > burst'),
          needs=lambda i: [z3.ULE(i.burst, 2**63 - 1)], mode=Bits, unit='bucket', domain='every earned and spent, burst below 2^63'),
    Claim('rh_later is the one ahead, however both have wrapped', 'later', 'a b', 'c',
          lambda c: [c.o.c - c.i.a >= 0, c.o.c - c.i.b >= 0, z3.Or(c.o.c == c.i.a, c.o.c == c.i.b)],
          Broken('bucket/curve.h', '(int64_t)(a - b) > 0 ? a : b', 'a > b ? a : b'),
          needs=lambda i: [i.a - i.b != 1 << 63], mode=Bits, unit='bucket', domain='every two credits less than 2^63 apart'),
    Claim('a cost in units is cost * 2^k, or more than any burst', 'units', [('k', 20), 'cost'], 'units',
          lambda c: [z3.If(z3.ULE(c.i.cost, z3.LShR(z3.BitVecVal(UNITS, 64), c.i.k)),
                           z3.And(c.o.units == c.i.cost << c.i.k, z3.LShR(c.o.units, c.i.k) == c.i.cost, z3.ULE(c.o.units, UNITS)),
                           c.o.units == UNITS + 1)],
          Broken('bucket/bucket.c', 'n > RH_UNITS_MAX >> self.shift ? RH_UNITS_MAX + 1', 'n > RH_UNITS_MAX ? RH_UNITS_MAX + 1'),
          mode=Bits, unit='bucket', domain='every cost, k up to 20'),
    Claim('a decision takes the piece from max(spent, earned - cap) on, ending at earned or within the debt; or writes nothing, for '
          'less is there', 'take', TAKE, 'answer end cost earned after', taken,
          Broken(WORD, 'earned = rh_later(ask->now, earned);', 'earned = ask->now;', given={'timed': 1, 'bounded': 0, 'debt': 0}),
          mode=Bits, unit='bucket', sample=asked, domain='every spent, published, now, until and unit; cost up to 2^58, cap and debt below 2^59'),
    Claim('in one try, by published credit: all of the cost or nothing, the piece from max(spent, earned - cap) on', 'move', QUICK,
          'answer after skipped', moved, Broken(WORD, 'earned - (uint64_t)level + cost)))', 'spent + cost)))'), mode=Bits, unit='quick', sample=quick,
          domain='every spent and published, cap below 2^59, cost up to 2^62'),
    Claim('the same for a level not above the cap, and nothing done for one that is', 'take_now', QUICK, 'answer after', taken_now,
          Broken(WORD, '!rh_likely(level <= cap)', 'false'), mode=Bits, unit='quick', sample=quick,
          domain='every spent and published, cap below 2^59, cost up to 2^62'),
    Claim('what is given back lifts no level above the cap', 'give', ['spent', 'published', ('cap', 2**59 - 1), 'units'], 'given spent', gave,
          Broken(WORD, '(int64_t)(spent - (earned - cap))', '(int64_t)(spent - earned)'),
          mode=Bits, unit='bucket', domain='every spent, published and number of units, cap below 2^59'),
    Claim('a lane keeps its tokens when marked, its number when filled', 'lane', 'word n', 'parked marked holding', lane_words,
          Broken(LANES, '(n < RH_PARKED_MASK ? n : RH_PARKED_MASK)', 'n'), mode=Bits, unit='bucket'),
    Claim('taking from a lane lowers what is parked, by what is taken, and nothing else', 'lane_take',
          ['word', 'n', ('upto', 1)], 'got word', lane_taken,
          Broken(LANES, 'want == 0 || want > there', 'want == 0'), mode=Bits, unit='bucket',
          sample=lambda rng: [lane(rng), edgy(rng, 0xffff), rng.randrange(2)]),
    Claim('a deposit is made under its own mark alone, and adds its batch', 'deposit', ['word', 'mark', ('n', 0xffff)], 'word', deposited,
          Broken(LANES, '\t\tif ((w ^ mark) & ~RH_PARKED_MASK)\n\t\t\tbreak;\n', ''), mode=Bits, unit='bucket', sample=marked),
]
