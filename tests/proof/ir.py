# SPDX-License-Identifier: BSD-2-Clause
"""Reads the text of LLVM IR as clang -O0 writes it: types, globals, functions, blocks, instructions.

Only what clang makes of this library is known. Anything else raises Unknown: a proof
about code that was not understood does not happen.
"""

import re


class Unknown(Exception):
    """The IR holds something that is not modelled."""


TOKEN = re.compile(r'[%@](?:"[^"]*"|[\w.$-]+)|c?"[^"]*"|-?\d+|[A-Za-z_][\w.]*|\.\.\.|[\[\]{}()<>,*=:!#|]')
ATTRIBUTES = {'noundef', 'zeroext', 'signext', 'nonnull', 'noalias', 'nocapture', 'readonly', 'writeonly',
              'immarg', 'returned', 'inreg', 'internal', 'dso_local', 'tail', 'inbounds', 'volatile',
              'nsw', 'nuw', 'exact', 'hidden', 'local_unnamed_addr'}


def int_type(n):
    return ('int', n)


POINTER = ('ptr',)


class Line:
    """The tokens of one line, read from left to right."""

    def __init__(self, text, module):
        self.text = text
        self.tokens = TOKEN.findall(text)
        self.at = 0
        self.module = module

    def peek(self):
        return self.tokens[self.at] if self.at < len(self.tokens) else None

    def next(self):
        token = self.peek()
        self.at += 1
        return token

    def accept(self, *tokens):
        if self.peek() in tokens:
            return self.next()
        return None

    def expect(self, token):
        if self.next() != token:
            raise Unknown('%r expected: %s' % (token, self.text))

    def flags(self):
        """Skips attributes; returns those that were there."""
        found = set()
        while True:
            token = self.peek()
            if token in ATTRIBUTES:
                found.add(self.next())
            elif token in ('align', 'dereferenceable', 'byval', 'sret'):
                self.next()
                if self.accept('('):
                    while not self.accept(')'):
                        self.next()
                else:
                    self.next()
                found.add(token)
            else:
                return found

    def list_of(self, parse, end):
        items = []
        if self.accept(end):
            return items
        while True:
            items.append(parse())
            if not self.accept(','):
                self.expect(end)
                return items

    def type(self):
        token = self.next()
        if token == 'ptr':
            base = POINTER
        elif token in ('void', 'label', 'metadata', 'opaque'):
            base = (token,)
        elif re.fullmatch(r'i\d+', token):
            base = int_type(int(token[1:]))
        elif token.startswith('%'):
            base = ('named', token)
        elif token == '{':
            base = ('struct', self.list_of(self.type, '}'))
        elif token == '[':
            n = int(self.next())
            self.expect('x')
            base = ('array', n, self.type())
            self.expect(']')
        else:
            raise Unknown('type %r: %s' % (token, self.text))
        while self.accept('*'):
            base = POINTER
        return base

    def value(self, kind):
        """An operand: ('local', name), ('int', n), ('global', name, offset) or ('undef',)."""
        token = self.next()
        if token.startswith('%'):
            return ('local', token)
        if token.startswith('@'):
            return ('global', token, 0)
        if re.fullmatch(r'-?\d+', token):
            return ('int', int(token) % (1 << kind[1]))
        if token in ('true', 'false'):
            return ('int', int(token == 'true'))
        if token in ('null', 'zeroinitializer'):
            return ('zero',)
        if token in ('undef', 'poison'):
            return ('undef',)
        if token == 'bitcast':
            self.expect('(')
            inner = self.typed()
            self.expect('to')
            self.type()
            self.expect(')')
            return inner[1]
        if token == 'getelementptr':
            self.flags()
            self.expect('(')
            base = self.type()
            self.expect(',')
            operands = self.list_of(self.typed, ')')
            if operands[0][1][0] != 'global' or any(i[1][0] != 'int' for i in operands[1:]):
                raise Unknown('constant: ' + self.text)
            offset = self.module.offset(base, [i[1][1] for i in operands[1:]])
            return ('global', operands[0][1][1], operands[0][1][2] + offset)
        raise Unknown('operand %r: %s' % (token, self.text))

    def typed(self):
        kind = self.type()
        self.flags()
        return kind, self.value(kind)


class Function:
    def __init__(self, name, result, arguments, lines):
        self.name, self.result, self.arguments, self.lines = name, result, arguments, lines
        self.blocks, self.heads = None, ()


class Module:
    """One .ll file. Bodies are read when they are first run."""

    def __init__(self, text):
        self.types, self.functions = {}, {}
        lines = text.split('\n')
        i = 0
        while i < len(lines):
            line = lines[i]
            if re.match(r'%\S+ = type ', line):
                l = Line(line, self)
                name = l.next()
                l.at = 3
                self.types[name] = l.type()
            elif line.startswith('define '):
                end = next(k for k in range(i, len(lines)) if lines[k] == '}')
                self.define(line, lines[i + 1:end])
                i = end
            i += 1

    def define(self, head, body):
        l = Line(head, self)
        l.next()
        l.flags()
        result = l.type()
        name = l.next()[1:]
        l.expect('(')

        def argument():
            kind = l.type()
            return kind, 'byval' in l.flags(), l.next()
        self.functions[name] = Function(name, result, l.list_of(argument, ')'), body)

    def function(self, name):
        f = self.functions.get(name)
        if f is not None and f.blocks is None:
            f.blocks = self.read(f.lines)
            f.entry = next(iter(f.blocks))
            f.heads = self.heads(f)
        return f

    def heads(self, f):
        """The blocks that a loop comes back to."""
        order, heads = {name: n for n, name in enumerate(f.blocks)}, set()
        for name, block in f.blocks.items():
            last = block[-1]
            ways = {'jump': lambda: [last[2]], 'branch': lambda: last[3:5],
                    'switch': lambda: [last[4], *(to for _, to in last[5])]}.get(last[0], lambda: [])()
            heads.update(to for to in ways if order[to] <= order[name])
        return heads

    def read(self, lines):
        blocks, block, name, pending = {}, [], None, ''
        for line in lines:
            line = pending + line
            if line.rstrip().endswith('[') and 'switch' in line:
                pending = line
                continue
            if pending and ']' not in line.split('[', 1)[1]:
                pending = line
                continue
            pending = ''
            label = re.match(r'([\w.$-]+):', line)
            if label:
                name = '%' + label.group(1)
                block = blocks[name] = []
            elif line.strip() and not line.strip().startswith(';'):
                if name is None:
                    raise Unknown('a block without a name: ' + line)
                block.append(line)
        for name in blocks:
            blocks[name] = [self.instruction(line) for line in blocks[name]]
        return blocks

    def resolve(self, kind):
        while kind[0] == 'named':
            kind = self.types[kind[1]]
        return kind

    def align(self, kind):
        kind = self.resolve(kind)
        if kind[0] == 'int':
            return min(max(kind[1] // 8, 1), 16)
        if kind[0] == 'ptr':
            return 8
        if kind[0] == 'array':
            return self.align(kind[2])
        return max([self.align(k) for k in kind[1]], default=1)

    def size(self, kind):
        kind = self.resolve(kind)
        if kind[0] == 'int':
            return max(kind[1] // 8, 1)
        if kind[0] == 'ptr':
            return 8
        if kind[0] == 'array':
            return kind[1] * self.size(kind[2])
        if kind[0] != 'struct':
            raise Unknown('size of %r' % (kind,))
        return self.field(kind, len(kind[1]))

    def field(self, kind, n):
        """Where field n of a struct begins; the field after the last is its end."""
        at = 0
        for k in kind[1][:n]:
            at = -(-at // self.align(k)) * self.align(k) + self.size(k)
        alignment = self.align(kind[1][n]) if n < len(kind[1]) else self.align(kind)
        return -(-at // alignment) * alignment

    def offset(self, kind, indices):
        at = indices[0] * self.size(kind)
        for i in indices[1:]:
            kind = self.resolve(kind)
            if kind[0] == 'array':
                kind = kind[2]
                at += i * self.size(kind)
            else:
                at += self.field(kind, i)
                kind = kind[1][i]
        return at

    def instruction(self, text):
        l = Line(text.split(', !')[0], self)
        result = None
        if len(l.tokens) > 1 and l.tokens[1] == '=':
            result = l.next()
            l.next()
        l.flags()
        op = l.next()
        method = getattr(self, 'read_' + op, None)
        if method is None and op in BINARY:
            method = self.binary
        if method is None and op in CASTS:
            method = self.cast
        if method is None:
            raise Unknown('instruction: ' + text)
        return method(op, result, l)

    def binary(self, op, result, l):
        flags = l.flags()
        kind, a = l.typed()
        l.expect(',')
        return ('binary', result, op, 'nsw' in flags, kind, a, l.value(kind))

    def cast(self, op, result, l):
        kind, a = l.typed()
        l.expect('to')
        return ('cast', result, op, kind, a, l.type())

    def read_alloca(self, _, result, l):
        return ('alloca', result, l.type())

    def read_load(self, _, result, l):
        l.accept('atomic')
        l.flags()
        kind = l.type()
        l.expect(',')
        return ('load', result, kind, l.typed()[1])

    def read_store(self, _, result, l):
        l.accept('atomic')
        l.flags()
        kind, value = l.typed()
        l.expect(',')
        return ('store', None, kind, value, l.typed()[1])

    def read_getelementptr(self, _, result, l):
        l.flags()
        kind = l.type()
        l.expect(',')
        base = l.typed()[1]
        indices = []
        while l.accept(','):
            indices.append(l.typed())
        return ('gep', result, kind, base, indices)

    def read_icmp(self, _, result, l):
        predicate = l.next()
        kind, a = l.typed()
        l.expect(',')
        return ('icmp', result, predicate, kind, a, l.value(kind))

    def read_select(self, _, result, l):
        _, condition = l.typed()
        l.expect(',')
        kind, a = l.typed()
        l.expect(',')
        return ('select', result, kind, condition, a, l.typed()[1])

    def read_phi(self, _, result, l):
        kind = l.type()

        def one():
            l.expect('[')
            value = l.value(kind)
            l.expect(',')
            block = l.next()
            l.expect(']')
            return block, value
        ways = [one()]
        while l.accept(','):
            ways.append(one())
        return ('phi', result, kind, dict(ways))

    def read_call(self, _, result, l):
        l.flags()
        kind = l.type()
        name = l.next()
        l.expect('(')
        return ('call', result, kind, name, l.list_of(l.typed, ')'))

    def read_br(self, _, result, l):
        if l.accept('label'):
            return ('jump', None, l.next())
        _, condition = l.typed()
        l.expect(',')
        l.expect('label')
        yes = l.next()
        l.expect(',')
        l.expect('label')
        return ('branch', None, condition, yes, l.next())

    def read_switch(self, _, result, l):
        kind, value = l.typed()
        l.expect(',')
        l.expect('label')
        default = l.next()
        l.expect('[')
        cases = []
        while not l.accept(']'):
            case = l.typed()[1][1]
            l.expect(',')
            l.expect('label')
            cases.append((case, l.next()))
        return ('switch', None, kind, value, default, cases)

    def read_ret(self, _, result, l):
        kind = l.type()
        return ('ret', None, kind, None if kind == ('void',) else l.value(kind))

    def read_extractvalue(self, _, result, l):
        _, value = l.typed()
        l.expect(',')
        return ('extract', result, value, int(l.next()))

    def read_cmpxchg(self, _, result, l):
        pointer = l.typed()[1]
        l.expect(',')
        kind, expected = l.typed()
        l.expect(',')
        return ('cmpxchg', result, kind, pointer, expected, l.typed()[1])

    def read_atomicrmw(self, _, result, l):
        op = l.next()
        pointer = l.typed()[1]
        l.expect(',')
        kind, value = l.typed()
        return ('atomicrmw', result, op, kind, pointer, value)

    def read_unreachable(self, _, result, l):
        return ('unreachable', None)


BINARY = {'add', 'sub', 'mul', 'udiv', 'urem', 'sdiv', 'srem', 'shl', 'lshr', 'ashr', 'and', 'or', 'xor'}
CASTS = {'zext', 'sext', 'trunc', 'bitcast'}
