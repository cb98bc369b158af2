# SPDX-License-Identifier: BSD-2-Clause
"""Two ways of seeing a machine word in z3. Constants are plain Python ints in both.

Bits: a bit vector. Exact for every operation; solved by bit-blasting, so good for shifts,
masks, sums and comparisons, hopeless for products of two unknown 64-bit words.

Ints: a mathematical integer between 0 and 2^w - 1. A sum or product that may leave that
range brings a fresh integer that counts the wraps; a shift or mask by a constant splits
the word in two. Products stay products, so that what is linear about them is decided by
linear arithmetic and the rest by lemmas that the proof names. Everything said about a
fresh integer is true of exactly one value of it, whatever the rest is: nothing is assumed.
"""

import z3

from ir import Unknown
from poly import Poly, both, either, implies, neg


def concrete(op, w, a, b):
    mask = (1 << w) - 1
    signed = (lambda x: x - (1 << w) if x >> (w - 1) else x)
    if op in ('udiv', 'urem') and b == 0:
        raise Unknown('division by zero')
    if op in ('shl', 'lshr', 'ashr') and b >= w:
        raise Unknown('shift of %d bits by %d' % (w, b))
    return {'add': lambda: a + b, 'sub': lambda: a - b, 'mul': lambda: a * b,
            'udiv': lambda: a // b, 'urem': lambda: a % b,
            'shl': lambda: a << b, 'lshr': lambda: a >> b, 'ashr': lambda: signed(a) >> b,
            'and': lambda: a & b, 'or': lambda: a | b, 'xor': lambda: a ^ b}[op]() & mask


PYTHON = {'eq': lambda a, b: a == b, 'ne': lambda a, b: a != b,
          'lt': lambda a, b: a < b, 'le': lambda a, b: a <= b,
          'gt': lambda a, b: a > b, 'ge': lambda a, b: a >= b}


def is_int(x):
    return isinstance(x, int) and not isinstance(x, bool)


class Domain:
    """What both have in common: constants are folded."""

    count = 0

    def fresh_name(self, name):
        Domain.count += 1
        return '%s!%d' % (name, Domain.count)

    def binary(self, op, w, a, b, state):
        if w == 1:
            return self.logic(op, a, b)
        if is_int(a) and is_int(b):
            return concrete(op, w, a, b)
        return self.operate(op, w, a, b, state)

    def logic(self, op, a, b):
        a, b = bool(a) if is_int(a) else a, bool(b) if is_int(b) else b
        if op == 'xor':
            if isinstance(b, bool):
                return neg(a) if b else a
            return z3.Xor(a, b)
        if isinstance(a, bool):
            a, b = b, a
        if isinstance(b, bool):
            return (a if b else False) if op == 'and' else (True if b else a)
        return both(a, b) if op == 'and' else either(a, b)

    def compare(self, predicate, w, a, b):
        if is_int(a) and is_int(b):
            if predicate[0] == 's':
                a, b = (x - (1 << w) if x >> (w - 1) else x for x in (a, b))
            return PYTHON[predicate if predicate in ('eq', 'ne') else predicate[1:]](a, b)
        return self.relate(predicate, w, a, b)


    def signed_fits(self, op, w, a, b):
        """Whether the result is that of signed arithmetic without overflow."""
        if is_int(a) and is_int(b):
            a, b = (x - (1 << w) if x >> (w - 1) else x for x in (a, b))
            return -(1 << (w - 1)) <= {'add': a + b, 'sub': a - b, 'mul': a * b}[op] < 1 << (w - 1)
        return self.signed_holds(op, w, a, b)

    def fits(self, op, w, a, b):
        """Whether the result is that of arithmetic without wrapping."""
        if is_int(a) and is_int(b):
            return 0 <= {'add': a + b, 'sub': a - b, 'mul': a * b, 'shl': a << min(b, w)}[op] < 1 << w
        return self.holds(op, w, a, b)


class Bits(Domain):
    name, logic_name = 'bit vectors', 'QF_BV'

    def fresh(self, name, w, state):
        return z3.BitVec(self.fresh_name(name), w)

    def term(self, x, w):
        return z3.BitVecVal(x, w) if is_int(x) else x

    def operate(self, op, w, a, b, state):
        a, b = self.term(a, w), self.term(b, w)
        return {'add': lambda: a + b, 'sub': lambda: a - b, 'mul': lambda: a * b,
                'udiv': lambda: z3.UDiv(a, b), 'urem': lambda: z3.URem(a, b),
                'shl': lambda: a << b, 'lshr': lambda: z3.LShR(a, b), 'ashr': lambda: a >> b,
                'and': lambda: a & b, 'or': lambda: a | b, 'xor': lambda: a ^ b}[op]()

    def relate(self, predicate, w, a, b):
        a, b = self.term(a, w), self.term(b, w)
        if predicate[0] == 'u':
            return {'ult': z3.ULT, 'ule': z3.ULE, 'ugt': z3.UGT, 'uge': z3.UGE}[predicate](a, b)
        return PYTHON[predicate if predicate in ('eq', 'ne') else predicate[1:]](a, b)

    def select(self, w, c, a, b, state):
        return z3.If(c, self.term(a, w), self.term(b, w))

    def flag(self, w, c, state):
        """A truth value as a word."""
        return z3.If(c, z3.BitVecVal(1, w), z3.BitVecVal(0, w))

    def lowest(self, x, w, state):
        return z3.Extract(0, 0, x) == 1

    def widen(self, x, w, to, signed, state):
        return z3.SignExt(to - w, x) if signed else z3.ZeroExt(to - w, x)

    def cut(self, x, w, at, n, state):
        """n bits of a word from bit `at` on."""
        return z3.Extract(at + n - 1, at, x)

    def glue(self, parts, state):
        """One word from (value, width) pairs, the lowest first."""
        return z3.Concat(*[self.term(v, w) for v, w in reversed(parts)])

    def signed_holds(self, op, w, a, b):
        a, b = self.term(a, w), self.term(b, w)
        if op == 'add':
            return z3.And(z3.BVAddNoOverflow(a, b, True), z3.BVAddNoUnderflow(a, b))
        if op == 'sub':
            return z3.And(z3.BVSubNoOverflow(a, b), z3.BVSubNoUnderflow(a, b, True))
        return z3.And(z3.BVMulNoOverflow(a, b, True), z3.BVMulNoUnderflow(a, b))

    def holds(self, op, w, a, b):
        a, b = self.term(a, w), self.term(b, w)
        if op == 'add':
            return z3.BVAddNoOverflow(a, b, False)
        if op == 'sub':
            return z3.UGE(a, b)
        if op == 'shl':
            return z3.LShR(a << b, b) == a
        return z3.BVMulNoOverflow(a, b, False)


class Word:
    """An integer with what is known of it: bounds, zero bits at its end, the halves it was made of."""

    def __init__(self, term, most, zeros=0, halves=None):
        self.term, self.most, self.zeros, self.halves = term, most, zeros, halves


class Ints(Domain):
    name, logic_name = 'integers', 'QF_LIA'

    def fresh(self, name, w, state, most=None):
        word = Word(Poly.of(self.fresh_name(name)), (1 << w) - 1 if most is None else most)
        state.facts += [word.term >= 0, word.term <= word.most]
        return word

    def define(self, state, left, right):
        """An equation that some value of what is new in it makes true."""
        state.facts.append(left == right)
        state.definitions.append((left, right))

    def word(self, x):
        if not is_int(x):
            return x
        return Word(x, x, (x & -x).bit_length() - 1 if x else 4096)

    def term(self, x, w=None):
        return x if is_int(x) else x.term

    def pack(self, word):
        return word.term if is_int(word.term) else word

    def wrapped(self, exact, least, most, w, state, zeros=0):
        """exact modulo 2^w, where exact lies in [least, most]."""
        if least >= 0 and most < 1 << w:
            return Word(exact, most, zeros)
        key = ('wrapped', exact.key(), w)
        if key in state.splits:
            return state.splits[key]
        turns = Poly.of(self.fresh_name('turns'))
        word = self.fresh('sum', w, state)
        state.facts += [turns >= least >> w, turns <= most >> w]
        self.define(state, word.term, exact - turns * (1 << w))
        word.zeros = min(zeros, w)
        state.splits[key] = word
        return word

    def split(self, x, n, state):
        """The word x as high * 2^n + low."""
        if is_int(x):
            return x >> n, x & ((1 << n) - 1)
        if x.most < 1 << n:
            return 0, x
        if x.halves and x.halves[0] == n:
            return x.halves[1], x.halves[2]
        key = ('split', x.term.key(), n)
        if key not in state.splits:
            high = self.fresh('high', 0, state, x.most >> n)
            low = 0 if x.zeros >= n else self.fresh('low', n, state)
            self.define(state, x.term, high.term * (1 << n) + self.term(low))
            high.zeros = max(x.zeros - n, 0)
            if not is_int(low):
                low.zeros = min(x.zeros, n)
            state.splits[key] = (high, low)
        return state.splits[key]

    def operate(self, op, w, a, b, state):
        if op == 'add' and is_int(b) and b >> (w - 1):
            op, b = 'sub', (1 << w) - b
        if op in ('add', 'or') and (is_int(a) and a == 0 or is_int(b) and b == 0):
            return b if is_int(a) else a
        if op in ('shl', 'lshr', 'and', 'xor'):
            return self.by_constant(op, w, a, b, state)
        a, b = self.word(a), self.word(b)
        if op == 'add':
            sum = self.wrapped(a.term + b.term, 0, a.most + b.most, w, state, min(a.zeros, b.zeros))
            return self.with_halves(sum, a, b)
        if op == 'sub':
            return self.wrapped(a.term - b.term, -b.most, a.most, w, state, min(a.zeros, b.zeros))
        if op == 'or':
            if b.zeros < a.zeros:
                a, b = b, a
            if a.most >> b.zeros:
                raise Unknown('or of words that overlap')
            return self.with_halves(Word(a.term + b.term, a.most + b.most, a.zeros), a, b)
        if op == 'mul':
            return self.product(w, a, b, state)
        if op in ('udiv', 'urem'):
            return self.divide(op, a, b, state)
        raise Unknown('%s on integers' % op)

    def with_halves(self, sum, a, b):
        if a.zeros < b.zeros:
            a, b = b, a
        if 0 < a.zeros <= 128 and b.most < 1 << a.zeros and a.halves and a.halves[0] == a.zeros:
            sum.halves = (a.zeros, a.halves[1], self.pack(b))
        return sum

    def product(self, w, a, b, state):
        exact = a.term * b.term
        state.products.append((a.term, b.term))
        if not is_int(a.term) and not is_int(b.term):
            state.facts += [exact >= 0, exact <= a.most * b.term, exact <= b.most * a.term,
                            exact >= a.most * b.term + b.most * a.term - a.most * b.most]
        return self.wrapped(exact, 0, a.most * b.most, w, state, a.zeros + b.zeros)

    def divide(self, op, a, b, state):
        if is_int(b.term) and b.term & (b.term - 1) == 0 and b.term:
            high, low = self.split(self.pack(a), b.term.bit_length() - 1, state)
            return high if op == 'udiv' else low
        key = ('divided', *[t if is_int(t) else t.key() for t in (a.term, b.term)])
        if key not in state.splits:
            q = self.fresh('quotient', 0, state, a.most)
            r = self.fresh('rest', 0, state, max(b.most - 1, 0))
            state.facts.append(implies(b.term >= 1, both(
                q.term * b.term + r.term == a.term, r.term < b.term, q.term <= a.term, r.term <= a.term,
                q.term * b.term >= q.term)))
            state.splits[key] = (q, r)
        return state.splits[key][0 if op == 'udiv' else 1]

    def by_constant(self, op, w, a, b, state):
        if op in ('and', 'xor') and is_int(a):
            a, b = b, a
        if not is_int(b):
            return self.by_power(op, w, self.word(a), b, state)
        if is_int(a):
            return concrete(op, w, a, b)
        if op == 'shl':
            if a.most << b < 1 << w:
                return Word(a.term * (1 << b), a.most << b, a.zeros + b, (b, a, 0))
            low = self.split(a, w - b, state)[1]
            return low << b if is_int(low) else Word(low.term * (1 << b), low.most << b, low.zeros + b, (b, low, 0))
        if op == 'lshr':
            return self.split(a, b, state)[0]
        if op == 'xor':
            if b != (1 << w) - 1:
                raise Unknown('xor on integers')
            return Word(b - a.term, b)
        if b == 0:
            return 0
        low = (b & -b).bit_length() - 1
        if b >> low & ((b >> low) + 1):
            raise Unknown('mask %x on integers' % b)
        part = self.split(a, b.bit_length(), state)[1]
        return part if low == 0 else self.binary('shl', w, self.split(part, low, state)[0], low, state)

    def by_power(self, op, w, a, n, state):
        """A shift by an unknown of which the state knows the power of two."""
        if op == 'xor':  # any word
            return self.fresh('xor', w, state)
        power = state.notes.get(('power', n.term.key()))
        if power is None or op not in ('shl', 'lshr'):
            raise Unknown('%s by an unknown on integers' % op)
        if op == 'lshr':
            return self.divide('udiv', a, power, state)
        return self.wrapped(a.term * power.term, 0, a.most * power.most, w, state)

    def signed(self, x, w):
        """x as a signed number: (number, conditions under which it is right)."""
        if is_int(x):
            return [(x - (1 << w) if x >> (w - 1) else x, True)]
        if x.most < 1 << (w - 1):
            return [(x.term, True)]
        return [(x.term, x.term < 1 << (w - 1)), (x.term - (1 << w), x.term >= 1 << (w - 1))]

    def either_way(self, a, b, w, relation):
        """A relation of two words as signed numbers."""
        return either(*[both(ca, cb, relation(x, y)) for x, ca in self.signed(a, w) for y, cb in self.signed(b, w)])

    def relate(self, predicate, w, a, b):
        relation = PYTHON[predicate if predicate in ('eq', 'ne') else predicate[1:]]
        if predicate[0] == 's':
            return self.either_way(a, b, w, relation)
        return relation(self.term(a), self.term(b))

    def select(self, w, c, a, b, state):
        a, b = self.word(a), self.word(b)
        word = self.fresh('chosen', 0, state, max(a.most, b.most))
        state.facts += [implies(c, word.term == a.term), implies(neg(c), word.term == b.term)]
        return word

    def flag(self, w, c, state):
        return self.select(w, c, 1, 0, state)

    def lowest(self, x, w, state):
        return self.term(self.split(x, 1, state)[1]) == 1

    def widen(self, x, w, to, signed, state):
        if not signed or x.most < 1 << (w - 1):
            return x
        return self.select(to, x.term < 1 << (w - 1), x, Word(x.term + (1 << to) - (1 << w), (1 << to) - 1), state)

    def cut(self, x, w, at, n, state):
        """n bits of a word from bit `at` on."""
        if at:
            x = self.split(x, at, state)[0]
        return self.split(x, n, state)[1]

    def glue(self, parts, state):
        """One word from (value, width) pairs, the lowest first."""
        at, sum = 0, 0
        for value, w in parts:
            sum = self.binary('or', 4096, self.binary('shl', 4096, value, at, state), sum, state)
            at += w
        return sum

    def signed_holds(self, op, w, a, b):
        way = {'add': lambda x, y: x + y, 'sub': lambda x, y: x - y, 'mul': lambda x, y: x * y}[op]
        return self.either_way(a, b, w, lambda x, y: both(way(x, y) >= -(1 << (w - 1)), way(x, y) < 1 << (w - 1)))

    def holds(self, op, w, a, b):
        a, b = self.term(a), self.term(b)
        if op == 'shl':
            if not is_int(b):
                raise Unknown('a shift by an unknown that must not wrap')
            return a * (1 << b) < 1 << w
        r = {'add': lambda: a + b, 'sub': lambda: a - b, 'mul': lambda: a * b}[op]()
        return both(r >= 0, r < 1 << w)
