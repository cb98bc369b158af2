# SPDX-License-Identifier: BSD-2-Clause
"""What every claim goes through: proof, comparison with the machine code, a broken variant.

A claim says what a kernel (kernels/*.c) does with its words for every input that meets
`needs`. It is proved on the LLVM IR that clang makes of the shipped C; then the IR as run
here and the compiled C get the same random inputs. To see that a claim can fail, a change is
made to a copy of the C: z3 must find an input under which the claim is false, and the changed
C, compiled and called with it, must contradict the claim where the shipped C does not.
"""

import ctypes
import os
import random
import re
import shutil
import subprocess
import time
from types import SimpleNamespace

import z3

from domains import Bits, Ints, is_int
from ir import Module, Unknown
from machine import CUT, Machine, State
from poly import MAX, both, exact, neg, products_in, tidy, unknown

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
SECONDS = int(os.environ.get('PROOF_SECONDS', '120'))
SAMPLES = int(os.environ.get('PROOF_SAMPLES', '60'))
SEED = int(os.environ.get('PROOF_SEED', '1'))
ONE = 1 << 64


class Failure(Exception):
    """A claim that does not hold, or cannot be shown to."""


class Claim:
    def __init__(self, say, kernel, ins, outs, holds, broken, unit='wide', needs=lambda i: [], mode=Ints, domain='every input',
                 lemmas=lambda c: [], contracts=None, cuts=(), no_wrap=(), cases=({},), flags=(), sample=None, prune=True,
                 powers=None, ghosts=lambda i: [], when=lambda c: []):
        self.say, self.kernel, self.unit, self.flags = say, kernel, unit, tuple(flags)
        self.ins = [(n, MAX) if isinstance(n, str) else n for n in (ins.split() if isinstance(ins, str) else ins)]
        self.outs = outs.split()
        self.holds, self.needs, self.mode, self.lemmas = holds, needs, mode, lemmas
        self.contracts, self.cuts, self.no_wrap, self.cases = contracts or {}, cuts, no_wrap, cases
        self.broken, self.sample, self.domain, self.prune = broken, sample, domain, prune
        self.powers, self.ghosts, self.when, self.samples = powers or {}, ghosts, when, 0


class Step:
    """Something on the way: shown from what is known and from the tautologies given, then known."""

    def __init__(self, holds, *using):
        self.holds, self.using = holds, list(using)


class Broken:
    """One change to one file of the library: this text, found once, becomes that. Where it helps
    z3 to an input, some inputs are given."""

    def __init__(self, file, this, that, given=None, contracts=None, holds=None):
        self.file, self.this, self.that = file, this, that
        self.given, self.contracts, self.holds = given or {}, contracts, holds


# --- the C, as IR and as machine code -------------------------------------------


class Build:
    def __init__(self, out, clang):
        self.out, self.clang, self.modules, self.libraries, self.trees = out, clang, {}, {}, 0
        os.makedirs(out, exist_ok=True)

    def run(self, *command):
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode:
            raise Failure('%s: %s' % (command[-1], next((l for l in done.stderr.split('\n') if 'error' in l), done.stderr)))

    def options(self, tree, flags):
        return ['-std=c11', '-D_GNU_SOURCE', '-DRHEO_NO_RSEQ', '-fno-strict-aliasing', '-I' + tree + '/include', '-I' + tree + '/lib', *flags]

    def name(self, unit, flags, tree):
        return '%s/%s%s%s' % (self.out, unit, ''.join(flags), '' if tree == ROOT else '-' + os.path.basename(tree))

    def module(self, unit, flags=(), tree=ROOT):
        key = self.name(unit, flags, tree)
        if key not in self.modules:
            self.run(self.clang, '-S', '-emit-llvm', '-O0', '-fno-discard-value-names', *self.options(tree, flags),
                     '-o', key + '.ll', '%s/kernels/%s.c' % (HERE, unit))
            with open(key + '.ll') as f:
                self.modules[key] = Module(f.read())
        return self.modules[key]

    def library(self, unit, flags=(), tree=ROOT):
        key = self.name(unit, flags, tree)
        if key not in self.libraries:
            self.run(self.clang, '-shared', '-fPIC', '-O1', *self.options(tree, flags),
                     '-o', key + '.so', '%s/kernels/%s.c' % (HERE, unit))
            self.libraries[key] = ctypes.CDLL(key + '.so')
        return self.libraries[key]

    def changed(self, broken):
        """A copy of the library with the change made."""
        with open('%s/lib/%s' % (ROOT, broken.file)) as f:
            text = f.read()
        if text.count(broken.this) != 1:
            raise Failure('%s holds %r %d times: the broken variant is out of date'
                          % (broken.file, broken.this, text.count(broken.this)))
        self.trees += 1
        tree = '%s/broken-%d-%d' % (self.out, os.getpid(), self.trees)
        for folder in ('include', 'lib'):
            shutil.copytree('%s/%s' % (ROOT, folder), '%s/%s' % (tree, folder))
        with open('%s/lib/%s' % (tree, broken.file), 'w') as f:
            f.write(text.replace(broken.this, broken.that))
        return tree

    def native(self, claim, values, tree=ROOT):
        library = self.library(claim.unit, claim.flags, tree)
        ins = (ctypes.c_uint64 * max(len(values), 1))(*values)
        outs = (ctypes.c_uint64 * max(len(claim.outs), 1))()
        getattr(library, 'k_' + claim.kernel)(ins, outs)
        return list(outs)[:len(claim.outs)]


# --- running a kernel -------------------------------------------------------------


class Run:
    """A kernel on some inputs known and some not."""

    def __init__(self, claim, module, given, contracts, cuts):
        domain = claim.mode()
        self.claim, self.state = claim, State()
        self.machine = Machine(module, domain, contracts, cuts, claim.no_wrap, claim.prune)
        self.inputs, words = {}, []
        for name, most in claim.ins:
            if name in given:
                word = given[name]
            else:
                word = z3.BitVec(name, 64) if claim.mode is Bits else self.integer(name, most)
                if claim.mode is Bits and most < MAX:
                    self.state.facts.append(z3.ULE(word, most))
            if name in claim.powers:
                self.inputs['two_' + name] = 1 << word if is_int(word) else self.power(name, word, claim.powers[name])
            words.append(word)
            self.inputs[name] = domain.term(word, 64)
        self.words = words
        self.ins = self.machine.allocate(self.state, 8 * len(words))
        self.out = self.machine.allocate(self.state, 8 * len(claim.outs))
        for n, word in enumerate(words):
            self.machine.store(self.state, self.ins + 8 * n, 8, word)
        self.i = self.state.notes['inputs'] = SimpleNamespace(**self.inputs)
        self.machine.assumed = claim.needs(self.i) + claim.ghosts(self.i)

    def integer(self, name, most):
        return self.machine.domain.fresh(name, 64, self.state, most)

    def power(self, name, word, most):
        """2 to an input that the integers know nothing else of, as i.two_<name>."""
        power = self.integer('two_' + name, most)
        self.state.facts.append(power.term >= 1)
        self.state.notes['power', word.term.key()] = power
        return power.term

    def paths(self):
        words = SimpleNamespace(**dict(zip((n for n, _ in self.claim.ins), self.words)))
        for state, result in self.machine.call('k_' + self.claim.kernel, [self.ins, self.out], self.state):
            if result is CUT:
                yield SimpleNamespace(i=self.i, o=None, w=words, state=state, machine=self.machine, cut=True)
                continue
            outs = [self.machine.load(state, self.out + 8 * n, 8) for n in range(len(self.claim.outs))]
            o = SimpleNamespace(**{n: self.machine.domain.term(v, 64) for n, v in zip(self.claim.outs, outs)})
            yield SimpleNamespace(i=self.i, o=o, w=words, state=state, machine=self.machine, words=outs, cut=False)


def decide(claim, known, goal, seconds, definitions=None, hunting=False):
    """(answer, solver) for: can the goal hold where all that is known does?"""
    conditions = [c for c in [*known, goal] if c is not True]
    if any(c is False for c in conditions):
        return z3.unsat, None
    if claim.mode is Ints:
        conditions = exact(conditions) if hunting else conditions if definitions is None else tidy(conditions, definitions)
    if claim.mode is Bits:
        turns = [('QF_BV', seconds)]
    elif hunting:
        turns = [('QF_LIA', 2), ('', seconds)] if not products_in(conditions) else [('', seconds)]
    else:  # linear arithmetic is quick or endless, by chance: whoever is quick first
        turns = [(engine, share * seconds) for share in (0.01, 0.03, 0.1, 0.2) for engine in ('QF_LIA', 2, 6)]
    for engine, share in turns:
        s = z3.SolverFor(engine) if isinstance(engine, str) and engine else z3.SimpleSolver() if engine else z3.Solver()
        if isinstance(engine, int):
            s.set('arith.solver', engine)
        s.set('timeout', int(1000 * share))
        s.add(*conditions)
        answer = s.check()
        if answer != z3.unknown:
            break
    return answer, s


def owed(claim, path):
    """What must hold at the end of a path."""
    conditions = [c for c, _ in path.state.duties]
    if not path.cut:
        conditions += claim.holds(path)
    if claim.mode is Bits:
        conditions = [c if isinstance(c, bool) else z3.simplify(c) for c in conditions]
    return [c for c in conditions if c is not True and not (z3.is_expr(c) and z3.is_true(c))]


def prove(claim, build, say=None):
    """Raises Failure unless the claim holds on every path. Returns how many there were."""
    count = 0
    for case in claim.cases:
        run = Run(claim, build.module(claim.unit, claim.flags), case, claim.contracts, claim.cuts)
        for path in run.paths():
            count += 1
            conditions = owed(claim, path)
            if not conditions:
                continue
            steps, lemmas = [], claim.lemmas(path)
            known = run.machine.assumed + path.state.facts + path.state.path + ([] if path.cut else claim.when(path))
            for lemma in lemmas:
                if isinstance(lemma, Step):
                    answer, s = decide(claim, known + steps + lemma.using, neg(lemma.holds), SECONDS)
                    if answer != z3.unsat:
                        raise Failure('UNPROVED: %s: the step %s (%s)' % (claim.say, lemma.holds, answer))
                    steps.append(lemma.holds)
                else:
                    known = known + [lemma]
            known = known + steps
            # Bit vectors one by one: what is simple alone is not in a crowd. Integers share their lemmas.
            for goal in conditions if claim.mode is Bits else [both(*conditions)]:
                answer, s = decide(claim, known, neg(goal), SECONDS, definitions=None if steps else path.state.definitions)
                if answer != z3.unsat:
                    raise Failure('UNPROVED: %s (%s%s)%s' % (claim.say, answer, ', %s' % case if case else '',
                                                             describe(claim, path, s) if answer == z3.sat and s else ''))
    if count == 0:
        raise Failure('UNPROVED: %s: no path at all' % claim.say)
    return count


def number(model, term):
    """What a model says an input or output is."""
    if isinstance(term, int):
        return term
    if hasattr(term, 'parts'):
        return sum(n * model.eval(unknown(names), True).as_long() if names else n for names, n in term.parts.items())
    return model.eval(term, True).as_long()


def describe(claim, path, s):
    model = s.model()
    fails = (lambda c: not c if isinstance(c, bool) else not z3.is_true(model.eval(c, True)))
    lines = ['%s = %d' % (n, number(model, t)) for n, t in vars(path.i).items()]
    if not path.cut:
        lines += ['gives %s = %d' % (n, number(model, t)) for n, t in vars(path.o).items()]
        lines += ['false: %s' % str(c)[:300] for c in claim.holds(path) if fails(c)]
    lines += ['false: %s' % text for c, text in path.state.duties if fails(c)]
    return ''.join('\n    ' + line for line in lines)


# --- counterexamples ----------------------------------------------------------------


def numbers(claim, values, outs=()):
    """A claim's inputs and outputs as the claim reads them, all known."""
    term = (lambda v: z3.BitVecVal(v, 64)) if claim.mode is Bits else int
    ins = {n: term(v) for (n, _), v in zip(claim.ins, values)}
    ins.update(('two_' + n, 1 << ins[n]) for n in claim.powers)
    return SimpleNamespace(i=SimpleNamespace(**ins),
                           o=SimpleNamespace(**{n: term(v) for n, v in zip(claim.outs, outs)}),
                           state=None, machine=None, cut=False)


def known_true(claim, conditions):
    answer = both(*conditions)
    if not isinstance(answer, bool):
        answer = z3.simplify(answer)
        if not z3.is_true(answer) and not z3.is_false(answer):
            raise Failure('%s: not decided by numbers: %s' % (claim.say, answer))
        answer = z3.is_true(answer)
    return answer


def true_of(claim, values, outs):
    """Whether the claim holds of these numbers."""
    c = numbers(claim, values, outs)
    return not known_true(claim, claim.when(c)) or known_true(claim, claim.holds(c))


def needs_met(claim, values):
    return all(v <= most for (_, most), v in zip(claim.ins, values)) and \
        known_true(claim, claim.needs(numbers(claim, values).i))


def counterexample(claim, build):
    """An input under which the broken variant breaks the claim: found by z3, shown by the compiled C."""
    b = claim.broken
    tree = build.changed(b)
    contracts = claim.contracts if b.contracts is None else b.contracts
    try:
        module = build.module(claim.unit, claim.flags, tree)
        begin = time.time()
        given = dict(next(iter(claim.cases)), **b.given)
        run = Run(claim, module, given, contracts, ())
        tried = 0
        for path in run.paths():
            known = run.machine.assumed + path.state.facts + path.state.path + claim.when(path)
            wanted = owed(claim, path) if b.holds is None else b.holds(path)
            answer, s = decide(claim, known, neg(both(*wanted)), 20, hunting=True)
            if answer == z3.sat:
                tried += 1
                model = s.model()
                values = [number(model, run.inputs[n]) for n, _ in claim.ins]
                outs = build.native(claim, values, tree)
                if not true_of(claim, values, outs):
                    return values, outs, build.native(claim, values)
            if time.time() - begin > SECONDS:
                break
        raise Failure('NOT CAUGHT: %s with %r for %r (%d inputs tried)' % (claim.say, b.that, b.this, tried))
    finally:
        shutil.rmtree(tree, ignore_errors=True)
        for end in ('.ll', '.so'):
            if os.path.exists(build.name(claim.unit, claim.flags, tree) + end):
                os.remove(build.name(claim.unit, claim.flags, tree) + end)


# --- the model against the machine ------------------------------------------------------


def edgy(rng, most):
    """A number, as often as not at an edge."""
    n = rng.getrandbits(64) >> rng.randrange(64)
    if rng.randrange(3) == 0:
        n = (1 << rng.randrange(65)) + rng.randrange(-2, 3)
    return n % (most + 1)


def compare(claim, build, rng):
    """The IR as it is run here gives what the compiled C gives, and the claim holds of it."""
    agreed = tried = 0
    while agreed < SAMPLES and tried < 40 * SAMPLES:
        tried += 1
        values = claim.sample(rng) if claim.sample else [edgy(rng, most) for _, most in claim.ins]
        if not needs_met(claim, values):
            continue
        given = {n: v for (n, _), v in zip(claim.ins, values)}
        run = Run(claim, build.module(claim.unit, claim.flags), given, {}, ())
        paths = [p for p in run.paths()]
        outs = build.native(claim, values)
        mine = [p.words for p in paths]
        if mine != [outs]:
            raise Failure('MODEL: %s(%s) is %s here and %s in C' % (claim.kernel, values, mine, outs))
        if not all(c is True for c, _ in paths[0].state.duties) or not true_of(claim, values, outs):
            raise Failure('FALSE: %s: %s gives %s' % (claim.say, values, outs))
        agreed += 1
    if agreed == 0:
        raise Failure('MODEL: %s: no input met the needs' % claim.kernel)
    return agreed


def shown(names, values):
    return ', '.join('%s %d' % (n, v) if v < 1 << 32 else '%s 0x%x' % (n, v) for n, v in zip(names, values))


def check(claim, build):
    """Proves a claim and compares with the machine code; prints what came out. Returns whether all is well."""
    begin = time.time()
    try:
        paths = prove(claim, build)
        claim.samples = compare(claim, build, random.Random('%d %s' % (SEED, claim.say)))
        print('proved: %s [%s; %s, %d paths] %.1f s' % (claim.say, claim.domain, claim.mode.name, paths, time.time() - begin), flush=True)
        return True
    except Exception as e:  # whatever keeps a claim from being shown is a failure of it
        print('FAILED: %s: %s' % (claim.kernel, e if isinstance(e, (Failure, Unknown)) else repr(e)), flush=True)
        return False


def catch(claim, build):
    """Breaks the code and refutes the claim of it. Returns whether that was done."""
    begin = time.time()
    try:
        values, outs, right = counterexample(claim, build)
        if not true_of(claim, values, right):
            raise Failure('FALSE: %s: the shipped C gives %s' % (claim.say, right))
        print('caught: %s: "%s" for "%s": %s: %s instead of %s; %.1f s' % (
            claim.broken.file, one_line(claim.broken.that), one_line(claim.broken.this), shown([n for n, _ in claim.ins], values),
            shown(claim.outs, outs), shown(claim.outs, right), time.time() - begin), flush=True)
        return True
    except Exception as e:  # whatever keeps a claim from being shown is a failure of it
        print('FAILED: %s: %s' % (claim.kernel, e if isinstance(e, (Failure, Unknown)) else repr(e)), flush=True)
        return False


def one_line(text):
    return re.sub(r'\s+', ' ', text).strip()
