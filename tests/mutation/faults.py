# SPDX-License-Identifier: BSD-2-Clause
"""Small faults for C source: where each could be planted, and what it is called.

A fault is one edit of one token or statement inside a function's body. Comments,
strings and preprocessor lines are left alone, and so are faults that show hardly if at all:
what only costs time (injection points, backing off), how often a bounded loop
tries again, < for <= in a minimum or maximum, {0}.

Its name is file:function:n:before -> after, the n-th such edit in that function,
so it stays when lines move.
"""

import collections
import re

Fault = collections.namedtuple("Fault", "name file line begin end before after kind")
Token = collections.namedtuple("Token", "kind text at")

TOKEN = re.compile(
    r"(?P<comment>/\*.*?\*/|//[^\n]*)|(?P<pp>(?m:^)[ \t]*\#(?:\\\n|/\*.*?\*/|[^\n])*)"
    r"|(?P<space>\s+)|(?P<string>\"(?:\\.|[^\"\\])*\"|'(?:\\.|[^'\\])*')|(?P<number>\d\w*)|(?P<word>[A-Za-z_]\w*)"
    r"|(?P<op><<=|>>=|\.\.\.|->|\+\+|--|<<|>>|<=|>=|==|!=|&&|\|\||[-+*/%&|^]=|.)", re.S)
KEYWORDS = set("return break continue goto if else for while do switch case default sizeof struct enum union "
               "const static unsigned int char void bool _Alignas typedef".split())
TYPE = re.compile(r"(u?int\d+_t|uintptr_t|size_t|rh_[a-z]*\d+|rh_\w+|rheo_\w+_t|unsigned|int|char|void|bool|const"
                  r"|struct|enum)$")
SWAPS = {"<": ("<=", ">="), "<=": ("<", ">"), ">": (">=", "<="), ">=": (">", "<"), "==": ("!=",), "!=": ("==",),
         "&&": ("||",), "||": ("&&",), "<<": (">>",), ">>": ("<<",), "^": ("|",), "|": ("&",), "/": ("*",), "%": ("/",),
         "++": ("--",), "--": ("++",), "+=": ("-=",), "-=": ("+=",), "|=": ("&=",), "&=": ("|=",), "^=": ("|=",),
         ">>=": ("<<=",), "<<=": (">>=",), "!": ("",), "~": ("",)}
BINARY = {"+": ("-",), "-": ("+",), "*": ("/",), "&": ("|",)}
ORDERS = {"rh_load_acq": "rh_load_rlx", "rh_load_sc": "rh_load_acq", "rh_add_sc": "rh_add_rlx",
          "rh_swap_rel": "rh_swap_rlx", "rh_cas_rel": "rh_cas_rlx", "rh_cas_ar": "rh_cas_rlx",
          "rh_cas_sc": "rh_cas_ar"}
WORDS = {"true": "false", "false": "true", "UINT64_MAX": "0", "UINT32_MAX": "0"}
RELATIONS = {"<", "<=", ">", ">=", "==", "!=", "&&", "||", "!"}
SLOW_DOWN = ("RHEO_INJECT", "rh_backoff", "rh_pause")


def tokens_of(text):
    return [Token(m.lastgroup, m.group(), m.start()) for m in TOKEN.finditer(text)
            if m.lastgroup not in ("comment", "pp", "space")]


class Reader:
    """Walks the tokens of a file once; knows functions, statements, casts."""

    def __init__(self, path, text):
        self.path, self.text = path, text
        self.t = tokens_of(text)
        self.partner = self.match()
        self.seen = collections.Counter()
        self.faults = []

    def match(self):
        """Brackets with their partners, and for each token the bracket it is in."""
        partner, stack, self.within = {}, [], []
        for i, t in enumerate(self.t):
            self.within.append(stack[-1] if stack else -1)
            if t.kind == "op" and t.text in "([{":
                stack.append(i)
            elif t.kind == "op" and t.text in ")]}":
                partner[i] = stack.pop()
                partner[partner[i]] = i
        return partner

    def word(self, i):
        return self.t[i].text if 0 <= i < len(self.t) else ""

    def functions(self):
        """(name, first token of the body, last) of each function."""
        i = 0
        while i < len(self.t):
            if self.word(i) == "{":
                last = self.partner[i]
                if self.word(i - 1) == ")":
                    yield self.word(self.partner[i - 1] - 1), i, last
                i = last
            elif self.word(i) == "(":
                i = self.partner[i]
            i += 1

    def is_cast(self, close):
        begin = self.partner[close]
        if self.word(begin - 1) == "sizeof" or close == begin + 1:
            return False
        return all(TYPE.match(t.text) or t.text == "*" for t in self.t[begin + 1:close])

    def is_operand(self, i):
        t = self.t[i]
        if t.text == ")":
            return not self.is_cast(i) and self.word(self.partner[i] - 1) not in ("if", "for", "while", "switch")
        if t.text == "]" or t.kind == "number":
            return True
        return t.kind == "word" and t.text not in KEYWORDS and not (
            TYPE.match(t.text) and (self.word(i + 1) == "*" or self.word(i - 1) == "struct"))

    def of_tries(self, i):
        """Whether token i belongs to a bound on tries, which is arbitrary."""
        near = [self.word(k) for k in (i + 1, i - 1)]
        if any(w.endswith("_TRIES") for w in near):
            return True
        while i > 0 and self.word(i) not in ("{", "}", "for"):
            i -= 1
        if self.word(i) != "for":
            return False
        return any(t.text.endswith("_TRIES") for t in self.t[i:self.partner[i + 1]])

    def is_extreme(self, i):
        """a < b ? a : b, a > b ? a - b : 0 and their like: where both are equal both say the same."""
        def until(k, step, ends):
            parts = []
            while self.word(k) not in ends:
                if self.word(k) in (")", "]") if step < 0 else ("(", "[") and k in self.partner:
                    other = self.partner[k]
                    parts += [t.text for t in self.t[min(k, other):max(k, other) + 1]][::step]
                    k = other
                else:
                    parts.append(self.word(k))
                k += step
            return " ".join(parts[::step]), k

        def same(a, b):
            return [re.sub(r"\( (u?int\d+_t|size_t) \)", "", x).strip() for x in a] == list(b)

        before = ("", ";", ",", "=", "(", "{", "[", "?", ":", "return", "&&", "||")
        ends = ("", ";", ",", ")", "}", "]", "?", ":", "&&", "||")
        left, _ = until(i - 1, -1, before)
        right, k = until(i + 1, 1, ends)
        if self.word(k) != "?":
            return False
        first, k = until(k + 1, 1, ends)
        second, _ = until(k + 1, 1, ends)
        ends_equal = [(left, right), (right, left), (left + " - " + right, "0"), ("0", right + " - " + left)]
        return any(same((first, second), e) for e in ends_equal)

    def add(self, first, last, after, kind, before=None):
        begin, end = self.t[first].at, self.t[last].at + len(self.t[last].text)
        label = "%s -> %s" % (before or self.text[begin:end], "not " + before if before == "condition" else after or "nothing")
        label = " ".join(label.split())
        key = (self.function, label)
        self.seen[key] += 1
        name = "%s:%s:%d:%s" % (self.path, self.function, self.seen[key], label)
        self.faults.append(Fault(name, self.path, self.text.count("\n", 0, begin) + 1, begin, end,
                                 self.text[begin:end], after, kind))

    def at_token(self, i):
        t = self.t[i]
        if t.kind == "op":
            choices = SWAPS.get(t.text, ())
            if t.text in BINARY and self.is_operand(i - 1):
                choices = BINARY[t.text]
            if t.text in ("++", "--") and (self.of_tries(i) or self.word(i + 2).endswith("_TRIES")):
                choices = ()
            if len(choices) == 2 and (self.of_tries(i) or self.is_extreme(i)):
                choices = choices[1:]
            for c in choices:
                self.add(i, i, c, "operator")
        elif t.kind == "number":
            self.at_number(i)
        elif t.text in ORDERS:
            self.add(i, i, ORDERS[t.text], "order")
        elif t.text in WORDS:
            self.add(i, i, WORDS[t.text], "constant")
        elif t.text == "return" and self.word(i + 2) == ";" and self.word(i + 1).startswith("RHEO_"):
            self.add(i + 1, i + 1, "RHEO_ERR_INVAL" if self.word(i + 1) == "RHEO_OK" else "RHEO_OK", "return")
        elif t.text in ("if", "while") and self.word(i + 1) == "(":
            last = self.partner[i + 1]
            if not any(x.text in RELATIONS for x in self.t[i + 2:last]):
                inside = self.text[self.t[i + 2].at:self.t[last].at]
                self.add(i + 2, last - 1, "!(%s)" % inside, "condition", before="condition")

    def at_number(self, i):
        m = re.match(r"(0x[0-9a-fA-F]+|\d+)(\w*)$", self.t[i].text)
        n = int(m.group(1), 0)
        if self.of_tries(i) or self.word(i - 2).endswith("tries") and self.word(i - 1) == "=" or (self.word(i - 1), self.word(i), self.word(i + 1)) == ("{", "0", "}"):
            return
        form = "0x%x" if m.group(1).startswith("0x") else "%d"
        for k in (n + 1, n - 1):
            if k >= 0:
                self.add(i, i, form % k + m.group(2), "constant")

    def starts_statement(self, i):
        p = self.word(i - 1)
        if self.word(self.within[i]) != "{":
            return False
        if p in (";", "}", "else", "do"):
            return True
        if p == "{":
            q = self.word(i - 2)
            return q not in ("=", ",", "{") and not (q == ")" and self.is_cast(i - 2))
        return p == ")" and self.word(self.partner[i - 1] - 1) in ("if", "for", "while")

    def at_statement(self, i, last):
        first = self.t[i]
        if not self.starts_statement(i):
            return
        end = i
        while end <= last and self.word(end) != ";":
            end = self.partner[end] if self.word(end) in ("(", "[", "{") else end
            end += 1
        if first.text in ("break", "continue"):
            self.add(i, end - 1, "", "drop", before=first.text)
            return
        if first.kind == "word" and (first.text in KEYWORDS or self.t[i + 1].kind == "word" or self.word(i + 1) == "*"):
            return
        if first.kind != "word" and first.text not in ("*", "++", "--"):
            return
        inside = {x.text for x in self.t[i:end]}
        if first.text in SLOW_DOWN and not inside & {"++", "="}:
            return
        head = i
        while self.word(head) not in ("=", "(", "++", "--", ";") and not self.word(head).endswith("="):
            head += 1
        named = self.text[first.at:self.t[head].at].strip()
        self.add(i, end - 1, "", "drop", before=named + (" (...)" if self.word(head) == "(" else " = ..."))

    def read(self):
        for self.function, first, last in self.functions():
            i = first + 1
            while i < last:
                self.at_statement(i, last)
                if self.word(i) in ("RHEO_INJECT", "_Static_assert") or (
                        self.word(i) in SLOW_DOWN and self.word(i + 2) not in ("retries",)):
                    i = self.partner[i + 1]
                self.at_token(i)
                i += 1
        return self.faults


def faults_of(path, text):
    return Reader(path, text).read()


def planted(text, f):
    """The file with the fault in it; the lines stay where they are."""
    lines = f.before.count("\n") - f.after.count("\n")
    return text[:f.begin] + f.after + "\n" * lines + text[f.end:]
