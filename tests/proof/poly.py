# SPDX-License-Identifier: BSD-2-Clause
"""Polynomials over unknown integers, and conditions on them that z3 takes for linear.

Each product of unknowns is an unknown of its own to z3: what is linear about it is decided,
what is not has to be said (product(), times(), and what tidy() adds by itself). A condition
that holds for unknowns so freed holds for the real ones.

Conditions are Python's True and False where they are known, else z3's; on z3 words both()
and the rest are And and so on, so that claims on either read alike.
"""

import z3

MAX = (1 << 64) - 1
CONSTANTS = {}


def unknown(names):
    """z3's integer for a product of unknowns."""
    if names not in CONSTANTS:
        CONSTANTS[names] = z3.Int(' '.join(names))
    return CONSTANTS[names]


class Poly:
    """Numbers by product: {('a', 'b'): 3, (): 1} is 3ab + 1."""

    __slots__ = ('parts',)

    def __init__(self, parts):
        self.parts = parts

    @staticmethod
    def of(name):
        return Poly({(name,): 1})

    def __add__(self, other):
        parts = dict(self.parts)
        for names, n in (other.parts if isinstance(other, Poly) else {(): other}).items():
            parts[names] = parts.get(names, 0) + n
            if parts[names] == 0:
                del parts[names]
        return Poly(parts)

    def __mul__(self, other):
        if not isinstance(other, Poly):
            return Poly({names: n * other for names, n in self.parts.items()} if other else {})
        parts = {}
        for a, n in self.parts.items():
            for b, m in other.parts.items():
                names = tuple(sorted(a + b))
                parts[names] = parts.get(names, 0) + n * m
        return Poly({names: n for names, n in parts.items() if n})

    def __neg__(self):
        return self * -1

    def __sub__(self, other):
        return self + -other

    def __rsub__(self, other):
        return -self + other

    __radd__, __rmul__ = __add__, __mul__

    def key(self):
        return tuple(sorted(self.parts.items()))

    def z3(self):
        terms = [n if names == () else unknown(names) if n == 1 else n * unknown(names) for names, n in self.parts.items()]
        return z3.Sum(terms) if len(terms) > 1 else terms[0] if terms else z3.IntVal(0)

    def compare(self, other, relation):
        difference = self - other
        rest = difference.parts.get((), 0)
        if not any(difference.parts):
            return relation(rest, 0)
        left = Poly({names: n for names, n in difference.parts.items() if names})
        return marked(relation(left.z3(), z3.IntVal(-rest)), {names for names in left.parts if len(names) > 1})

    def __le__(self, other):
        return self.compare(other, lambda a, b: a <= b)

    def __lt__(self, other):
        return self.compare(other, lambda a, b: a < b)

    def __ge__(self, other):
        return self.compare(other, lambda a, b: a >= b)

    def __gt__(self, other):
        return self.compare(other, lambda a, b: a > b)

    def __eq__(self, other):
        return self.compare(other, lambda a, b: a == b)

    def __ne__(self, other):
        return self.compare(other, lambda a, b: a != b)

    __hash__ = None


# --- conditions -----------------------------------------------------------------


def marked(condition, products):
    """A condition of z3's, with the products that occur in it."""
    condition.products = products
    return condition


def products_in(conditions):
    out = set()
    for c in conditions:
        out |= getattr(c, 'products', set())
    return out


def both(*conditions):
    if any(c is False for c in conditions):
        return False
    open = [c for c in conditions if c is not True]
    return True if not open else open[0] if len(open) == 1 else marked(z3.And(open), products_in(open))


def neg(c):
    return not c if isinstance(c, bool) else marked(z3.Not(c), products_in([c]))


def either(*conditions):
    if any(c is True for c in conditions):
        return True
    open = [c for c in conditions if c is not False]
    return False if not open else open[0] if len(open) == 1 else marked(z3.Or(open), products_in(open))


def implies(a, b):
    return either(neg(a), b)


def same(a, b):
    """Both or neither."""
    return both(implies(a, b), implies(b, a))


# --- tautologies --------------------------------------------------------------------


def times(left, right, factor):
    """From left = right follows left * factor = right * factor."""
    return implies(left == right, left * factor == right * factor)


def product(a, b):
    """From a >= 0 and b >= 0 follows a * b >= 0."""
    return implies(both(a >= 0, b >= 0), a * b >= 0)


def signs(products):
    """What is true of each product of two unknowns, were they nothing, one at least, or the largest word."""
    out = []
    for names in products:
        if len(names) == 2:
            a, b = Poly.of(names[0]), Poly.of(names[1])
            out += [implies(a == 0, a * b == 0), implies(b == 0, a * b == 0),
                    implies(both(a >= 1, b >= 0), a * b >= b), implies(both(b >= 1, a >= 0), a * b >= a),
                    implies(both(a >= MAX, b >= 0), a * b >= MAX * b), implies(both(b >= MAX, a >= 0), a * b >= MAX * a)]
    return out


def multiplied(definitions, products):
    """Equations that hold by definition, each multiplied by what its unknowns are multiplied by elsewhere."""
    out = []
    for left, right in definitions:
        if any(len(names) > 1 for p in (left, right) if isinstance(p, Poly) for names in p.parts):
            continue
        mine = {n for p in (left, right) if isinstance(p, Poly) for names in p.parts for n in names}
        factors = {names[:i] + names[i + 1:] for names in products for i, n in enumerate(names) if n in mine}
        out += [left * Poly({f: 1}) == right * Poly({f: 1}) for f in factors]
    return [c for c in out if c is not True]


def tidy(conditions, definitions):
    """The conditions, with what is true of their products."""
    conditions = list(conditions)
    for _ in range(2):
        known = multiplied(definitions, products_in(conditions))
        fresh = products_in(known) - products_in(conditions)
        conditions += known
        if not fresh:
            break
    return conditions + signs(products_in(conditions))


def exact(conditions):
    """The conditions, with each product said to be one: no longer linear."""
    out = []
    for names in products_in(conditions):
        value = unknown(names[:1])
        for n in names[1:]:
            value = value * unknown((n,))
        out.append(unknown(names) == value)
    return list(conditions) + out
