# SPDX-License-Identifier: BSD-2-Clause
"""Runs a function of a Module on words of which some are unknown: one path after the other.

Each path that returns carries the conditions under which it is taken, and its duties: what
must hold so that C defines what happened on it (no signed overflow, no division by zero, no
shift too far, no access outside an object), and what the callers' contracts ask. Memory
is objects of known size with cells at known offsets. A loop is followed turn by turn, unless
it has a Cut: an invariant, by which one turn stands for all.
"""

import z3

from domains import is_int
from poly import neg
from ir import POINTER, Unknown

CUT = object()  # in place of a result: only the duties of this path count
TURNS = 1000  # of a loop that has no Cut


class Pointer:
    def __init__(self, memory, offset=0):
        self.memory, self.offset = memory, offset

    def __add__(self, n):
        return Pointer(self.memory, self.offset + n)

    def __eq__(self, other):
        return isinstance(other, Pointer) and (self.memory, self.offset) == (other.memory, other.offset)


class State:
    """What differs from path to path."""

    def __init__(self):
        self.cells = {}  # memory number -> {offset: (size, value)}
        self.path, self.duties = [], []
        self.facts, self.products, self.definitions = [], [], []
        self.splits, self.loops, self.notes = {}, {}, {}

    def copy(self):
        s = State()
        s.cells = {m: dict(c) for m, c in self.cells.items()}
        for name in ('path', 'duties', 'facts', 'products', 'definitions'):
            setattr(s, name, list(getattr(self, name)))
        s.splits, s.loops, s.notes = dict(self.splits), dict(self.loops), dict(self.notes)
        return s


class Cut:
    """The one loop of a function, with an invariant. holds(locals, state) is the invariant, a list of conditions;
    change(locals, state) gives what the loop changes arbitrary values, except for the locals
    named in turn: these are known numbers, and each of their values is looked at by itself."""

    def __init__(self, function, change, holds, turn=()):
        self.function = function
        self.change, self.holds, self.turn = change, holds, turn


class Locals:
    """A function's variables by name, as a Cut sees them."""

    def __init__(self, machine, env, state):
        self.machine, self.env, self.state = machine, env, state

    def place(self, name):
        name, _, offset = name.partition('+')
        if '%' + name not in self.env:
            raise Unknown('no variable %s: an invariant is out of date' % name)
        return self.env['%' + name] + int(offset or 0)

    def get(self, name, w=64):
        return self.machine.load(self.state, self.place(name), w // 8)

    def set(self, name, value, w=64):
        self.machine.store(self.state, self.place(name), w // 8, value)


class Machine:
    def __init__(self, module, domain, contracts=None, cuts=(), no_wrap=(), prune=True):
        self.module, self.domain = module, domain
        self.contracts = contracts or {}
        self.cuts = {c.function: c for c in cuts}
        self.no_wrap = no_wrap  # functions whose unsigned arithmetic must not wrap either
        self.sizes, self.globals = {}, {}
        self.assumed = []
        self.prune = prune
        self.solver, self.stack = z3.SolverFor('QF_BV'), []
        self.solver.set('timeout', 1000)
        self.count_loops = 0

    # --- memory ---------------------------------------------------------------

    def allocate(self, state, size):
        memory = len(self.sizes)
        self.sizes[memory] = size
        state.cells[memory] = {}
        return Pointer(memory)

    def check(self, state, pointer, size):
        if not isinstance(pointer, Pointer) or pointer.memory not in state.cells:
            raise Unknown('access through %r' % (pointer,))
        if pointer.offset < 0 or pointer.offset + size > self.sizes[pointer.memory]:
            state.duties.append((False, 'an access outside its object'))
        return state.cells[pointer.memory]

    def store(self, state, pointer, size, value):
        cells = self.check(state, pointer, size)
        for at in [at for at, (n, _) in cells.items() if at < pointer.offset + size and at + n > pointer.offset]:
            n, old = cells.pop(at)
            for k in range(n):  # what is not overwritten of a larger cell stays, byte by byte
                if not pointer.offset <= at + k < pointer.offset + size:
                    cells[at + k] = (1, self.part(state, old, n, k, 1))
        cells[pointer.offset] = (size, value)

    def part(self, state, value, n, k, size):
        if is_int(value):
            return value >> 8 * k & ((1 << 8 * size) - 1)
        if isinstance(value, Pointer):
            raise Unknown('a piece of a pointer')
        return self.domain.cut(value, 8 * n, 8 * k, 8 * size, state)

    def load(self, state, pointer, size):
        cells = self.check(state, pointer, size)
        exact = cells.get(pointer.offset)
        if exact and exact[0] == size:
            return exact[1]
        parts, at = [], pointer.offset
        while at < pointer.offset + size:
            found = [(o, n, v) for o, (n, v) in cells.items() if o <= at < o + n]
            if not found:  # padding, or never written: any value
                parts.append((self.domain.fresh('unset', 8, state), 8))
                at += 1
                continue
            o, n, v = found[0]
            take = min(o + n, pointer.offset + size) - at
            parts.append((v if take == n else self.part(state, v, n, at - o, take), 8 * take))
            at += take
        if len(parts) == 1:
            return parts[0][0]
        if all(is_int(v) for v, _ in parts):
            at, sum = 0, 0
            for v, w in parts:
                sum, at = sum | v << at, at + w
            return sum
        return self.domain.glue(parts, state)

    def copy_memory(self, state, to, source, size):
        if size == 0:
            return
        cells = self.check(state, source, size)
        self.check(state, to, size)
        inside = [(o, n, v) for o, (n, v) in cells.items() if source.offset <= o and o + n <= source.offset + size]
        target = state.cells[to.memory]
        for at in [at for at in target if to.offset <= at < to.offset + size]:
            del target[at]
        for o, n, v in inside:
            self.store(state, to + (o - source.offset), n, v)

    # --- values ---------------------------------------------------------------

    def value(self, operand, env, state, kind=None):
        tag = operand[0]
        if tag == 'local':
            return env[operand[1]]
        if tag == 'int':
            return operand[1]
        if tag == 'zero':
            kind = self.module.resolve(kind) if kind else ('ptr',)
            return [0] * len(kind[1]) if kind[0] == 'struct' else 0
        if tag == 'global':
            if operand[1] not in self.globals:
                self.globals[operand[1]] = len(self.sizes)
                self.sizes[len(self.sizes)] = 1 << 16
            memory = self.globals[operand[1]]
            state.cells.setdefault(memory, {})
            return Pointer(memory, operand[2])
        raise Unknown('operand %r' % (operand,))

    def feasible(self, state, condition):
        if not self.prune:
            return True
        known = [*self.assumed, *state.facts, *state.path]
        if self.domain.name == 'integers':
            s = z3.SolverFor('QF_LIA')
            s.set('timeout', 1000)
            s.add(*known, condition)
            return s.check() != z3.unsat
        # Paths share their beginnings: what the solver knows already stays.
        shared = 0
        while shared < min(len(known), len(self.stack)) and known[shared] is self.stack[shared]:
            shared += 1
        self.solver.pop(len(self.stack) - shared)
        for c in known[shared:]:
            self.solver.push()
            self.solver.add(c)
        self.stack = known
        self.solver.push()
        self.solver.add(condition)
        answer = self.solver.check()
        self.solver.pop()
        return answer != z3.unsat

    def known(self, state, condition):
        """Whether a path is known to go this way: by its conditions as they stand, or by what follows from them."""
        condition = z3.simplify(condition)
        if z3.is_true(condition) or z3.is_false(condition):
            return z3.is_true(condition)
        taken = [z3.simplify(c) for c in state.path]
        other = z3.simplify(z3.Not(condition))
        return any(c.eq(condition) for c in taken) or (not any(c.eq(other) for c in taken) and not self.feasible(state, other))

    def fork(self, state, condition):
        """(state, truth) for each way a condition can be."""
        if is_int(condition):
            condition = bool(condition)
        if not isinstance(condition, bool) and self.domain.name != 'integers':
            condition = z3.simplify(condition)
            if z3.is_true(condition) or z3.is_false(condition):
                condition = z3.is_true(condition)
        if isinstance(condition, bool):
            return [(state, condition)]
        ways = []
        for truth in (True, False):
            way = condition if truth else neg(condition)
            if self.feasible(state, way):
                ways.append((way, truth))
        out = []
        for way, truth in ways:
            s = state.copy() if len(ways) > 1 else state
            if len(ways) > 1:
                s.path.append(way)
            out.append((s, truth))
        return out

    # --- running --------------------------------------------------------------

    def call(self, name, args, state):
        """Yields (state, result) for each path through a function."""
        if name in self.contracts:
            yield from self.contracts[name](self, state, args)
            return
        f = self.module.function(name)
        if f is None:
            raise Unknown('a call of ' + name)
        env = {}
        for (kind, byval, local), value in zip(f.arguments, args):
            env[local] = value
            if byval:  # the callee has its own copy
                size = next(n for m, n in self.sizes.items() if m == value.memory) - value.offset
                env[local] = self.allocate(state, size)
                self.copy_memory(state, env[local], value, size)
        mine = set(state.cells)
        for s, r in self.steps(f, state, f.entry, None, 0, env):
            for m in [m for m in s.cells if m not in mine and m not in self.globals.values()]:
                del s.cells[m]
            yield s, r

    def steps(self, f, state, block, prev, at, env):
        while True:
            if at == 0 and block in f.heads:
                env['.turns'] = env.get('.turns', 0) + 1
                if f.name in self.cuts:
                    if len(f.heads) > 1:
                        raise Unknown('an invariant for %s, which has more loops than one' % f.name)
                    state = yield from self.arrive(f, self.cuts[f.name], state, env)
                    if state is None:
                        return
                elif env['.turns'] > TURNS:
                    raise Unknown('a loop in %s of more than %d turns' % (f.name, TURNS))
            step = f.blocks[block][at]
            op, result = step[0], step[1]
            if op == 'ret':
                yield state, None if step[3] is None else self.value(step[3], env, state, step[2])
                return
            if op == 'unreachable':
                state.duties.append((False, 'what cannot be reached'))
                yield state, CUT
                return
            if op == 'jump':
                block, prev, at = step[2], block, 0
                continue
            if op in ('branch', 'switch'):
                ways = self.ways(step, env, state)
                for s, target in ways[:-1]:
                    yield from self.steps(f, s, target, block, 0, dict(env))
                if not ways:
                    return
                (state, target), prev, at = ways[-1], block, 0
                block = target
                continue
            if op in ('call', 'cmpxchg') or (op == 'select' and step[2] == POINTER):
                for s, r in self.outcomes(step, env, state):
                    if r is CUT:
                        yield s, CUT
                        continue
                    after = dict(env)
                    after[result] = r
                    yield from self.steps(f, s, block, prev, at + 1, after)
                return
            env[result] = getattr(self, 'do_' + op)(step, env, state, prev, f)
            at += 1

    def ways(self, step, env, state):
        if step[0] == 'branch':
            return [(s, step[3] if truth else step[4])
                    for s, truth in self.fork(state, self.value(step[2], env, state))]
        w, value = step[2][1], self.value(step[3], env, state)
        out, rest = [], state
        for case, target in step[5]:
            left = None
            for s, truth in self.fork(rest, self.domain.compare('eq', w, value, case)):
                if truth:
                    out.append((s, target))
                else:
                    left = s
            if left is None:
                return out
            rest = left
        return out + [(rest, step[4])]

    def arrive(self, f, cut, state, env):
        """At the head of a loop with an invariant: owes it, forgets what the loop changes, assumes it."""
        here = Locals(self, env, state)
        turn = tuple(here.get(name, w) for name, w in cut.turn)
        state.duties += [(c, 'the invariant of ' + f.name) for c in cut.holds(here, state)]
        first = '.loop' not in env
        if first:
            env['.loop'] = self.count_loops = self.count_loops + 1
        else:
            self.unchanged(cut, state.loops[env['.loop']][0], state, env)
        yield state.copy(), CUT
        if first:
            state.loops[env['.loop']] = (state.copy(), set())
        base, turns = state.loops[env['.loop']]
        if turn in turns:
            return None
        turns.add(turn)
        fresh = base.copy()
        fresh.duties, fresh.loops = [], dict(state.loops)
        there = Locals(self, env, fresh)
        for (name, w), value in zip(cut.turn, turn):
            there.set(name, value, w)
        cut.change(there, fresh)
        fresh.path += cut.holds(there, fresh)
        return fresh

    def unchanged(self, cut, base, state, env):
        """The loop's body has changed nothing but what the Cut says."""
        probe = state.copy()
        there = Locals(self, env, probe)
        for name, w in cut.turn:
            there.set(name, there.get(name, w), w)
        cut.change(there, probe)
        for m, cells in base.cells.items():
            for o, cell in cells.items():
                same = state.cells[m].get(o) == cell if is_int(cell[1]) else state.cells[m].get(o, (0, 0))[1] is cell[1]
                if not same and probe.cells[m].get(o) is state.cells[m].get(o):
                    raise Unknown('the loop changes more than its invariant says')

    def outcomes(self, step, env, state):
        if step[0] == 'select':  # of addresses
            ways = self.fork(state, self.value(step[3], env, state))
            return [(s, self.value(step[4] if truth else step[5], env, s)) for s, truth in ways]
        if step[0] == 'call':
            _, _, kind, name, operands = step
            if name.startswith('@llvm.'):
                return [(state, self.intrinsic(name, operands, env, state))]
            args = [self.value(v, env, state, k) for k, v in operands]
            return self.call(name[1:], args, state)
        _, _, kind, pointer, expected, new = step
        pointer, expected, new = (self.value(x, env, state) for x in (pointer, expected, new))
        old = self.load(state, pointer, kind[1] // 8)
        out = []
        for s, same in self.fork(state, self.domain.compare('eq', kind[1], old, expected)):
            if same:
                self.store(s, pointer, kind[1] // 8, new)
            out.append((s, [old, same]))
        return out

    def intrinsic(self, name, operands, env, state):
        args = [self.value(v, env, state, k) for k, v in operands]
        if name.startswith('@llvm.memcpy') and is_int(args[2]):
            self.copy_memory(state, args[0], args[1], args[2])
        elif name.startswith('@llvm.memset') and is_int(args[2]) and is_int(args[1]):
            at = 0
            while at < args[2]:  # in words, as far as they go
                n = 8 if (args[0].offset + at) % 8 == 0 and at + 8 <= args[2] else \
                    4 if (args[0].offset + at) % 4 == 0 and at + 4 <= args[2] else 1
                self.store(state, args[0] + at, n, int.from_bytes(bytes([args[1]]) * n, 'little'))
                at += n
        else:
            raise Unknown(name)

    # --- one instruction each -------------------------------------------------

    def do_alloca(self, step, env, state, prev, f):
        return self.allocate(state, self.module.size(step[2]))

    def do_load(self, step, env, state, prev, f):
        kind, at = self.module.resolve(step[2]), self.value(step[3], env, state)
        if kind[0] == 'struct':
            return [self.load(state, at + self.module.field(kind, n), self.module.size(k)) for n, k in enumerate(kind[1])]
        value = self.load(state, at, self.module.size(kind))
        return self.domain.compare('ne', 8, value, 0) if step[2] == ('int', 1) else value

    def do_store(self, step, env, state, prev, f):
        kind = self.module.resolve(step[2])
        if kind[0] not in ('int', 'ptr'):
            raise Unknown('a store of an aggregate')
        self.store(state, self.value(step[4], env, state), self.module.size(kind), self.value(step[3], env, state))

    def do_gep(self, step, env, state, prev, f):
        base = self.value(step[3], env, state)
        indices = [self.value(v, env, state) for _, v in step[4]]
        if not all(is_int(i) for i in indices) or not isinstance(base, Pointer):
            raise Unknown('an address that is not known')
        signed = [i - (1 << k[1]) if i >> (k[1] - 1) else i for i, (k, _) in zip(indices, step[4])]
        return base + self.module.offset(step[2], signed)

    def do_binary(self, step, env, state, prev, f):
        _, _, op, nsw, kind, a, b = step
        w, a, b = kind[1], self.value(a, env, state), self.value(b, env, state)
        if nsw:
            state.duties.append((self.domain.signed_fits(op, w, a, b), 'no signed overflow in ' + f.name))
        if op in ('udiv', 'urem') and not is_int(b):
            state.duties.append((self.domain.compare('ne', w, b, 0), 'no division by zero in ' + f.name))
        if op in ('shl', 'lshr', 'ashr') and not is_int(b):
            state.duties.append((self.domain.compare('ult', w, b, w), 'no shift too far in ' + f.name))
        if (op in ('add', 'sub', 'mul') and w > 1 and f.name + ':sums' in self.no_wrap) or \
                (op in ('add', 'sub', 'mul', 'shl') and w > 1 and f.name in self.no_wrap):
            state.duties.append((self.domain.fits(op, w, a, b), 'no wrap in ' + f.name))
        return self.domain.binary(op, w, a, b, state)

    def do_icmp(self, step, env, state, prev, f):
        _, _, predicate, kind, a, b = step
        a, b = self.value(a, env, state), self.value(b, env, state)
        if isinstance(a, Pointer) or isinstance(b, Pointer):
            return (a == b) == (predicate == 'eq')
        w = kind[1] if kind[0] == 'int' else 64
        if w == 1:
            return self.domain.logic('xor', a, self.domain.logic('xor', b, predicate == 'eq'))
        return self.domain.compare(predicate, w, a, b)

    def do_select(self, step, env, state, prev, f):
        _, _, kind, c, a, b = step
        c, a, b = (self.value(x, env, state) for x in (c, a, b))
        if is_int(c) or isinstance(c, bool):
            return a if c else b
        if kind == ('int', 1):
            return z3.If(c, a, b)
        return self.domain.select(kind[1], c, a, b, state)

    def do_phi(self, step, env, state, prev, f):
        return self.value(step[3][prev], env, state)

    def do_cast(self, step, env, state, prev, f):
        _, _, op, kind, a, to = step
        a = self.value(a, env, state)
        if op == 'bitcast':
            return a
        w, n = kind[1], to[1]
        if w == 1:
            if is_int(a) or isinstance(a, bool):
                return int(a) * (1 if op == 'zext' else (1 << n) - 1)
            return self.domain.flag(n, a, state) if op == 'zext' else self.domain.select(n, a, (1 << n) - 1, 0, state)
        if is_int(a):
            if op == 'trunc':
                return bool(a & 1) if n == 1 else a & ((1 << n) - 1)
            return a | ((1 << n) - (1 << w) if op == 'sext' and a >> (w - 1) else 0)
        if op == 'trunc':
            return self.domain.lowest(a, w, state) if n == 1 else self.domain.cut(a, w, 0, n, state)
        return self.domain.widen(a, w, n, op == 'sext', state)

    def do_extract(self, step, env, state, prev, f):
        return self.value(step[2], env, state)[step[3]]

    def do_atomicrmw(self, step, env, state, prev, f):
        _, _, op, kind, pointer, value = step
        pointer, value = self.value(pointer, env, state), self.value(value, env, state)
        old = self.load(state, pointer, kind[1] // 8)
        new = value if op == 'xchg' else self.domain.binary(op, kind[1], old, value, state)
        self.store(state, pointer, kind[1] // 8, new)
        return old
