# SPDX-License-Identifier: BSD-2-Clause
"""The headers' comments as mdoc(7): paragraphs, lists, code, and what is marked in them."""

import re
import textwrap

WIDTH = 72  # of what stands in the page as it is

OPENING, CLOSING = "([", ".,:;?!)]"
MARKED = re.compile(r"(?P<open>[(\[]*)(?P<word>[*\w.]+?)(?P<args>\(\w*\))?(?P<close>[.,:;?!)\]]*)(?P<rest>'s?)?$")
ENTITIES = {"\\": "\\e", "^": "\\(ha", "~": "\\(ti", "`": "\\(ga"}


def escaped(text):
    text = "".join(ENTITIES.get(char, char) for char in text)
    return "\\&" + text if text[:1] in (".", "'") else text


def escaped_word(word):
    """In running text: a sign before a number or by itself is a minus, and no name is hyphenated."""
    word = re.sub(r"^(\(?)-(?=$|\d)", r"\1\-", escaped(word))
    return "\\%" + word if "_" in word else word


def escaped_code(line):
    return escaped(line).replace("-", "\\-").replace("'", "\\(aq")


class Marker:
    """Knows which words of a comment are calls, types, constants, and other pages."""

    def __init__(self, calls, pages):
        self.calls, self.pages = calls, pages

    def macro(self, word, args):
        if word in self.calls or word.startswith("rheo_X_"):
            return ["Fn", word] + ([args[1:-1]] if args and len(args) > 2 else [])
        if args is not None:
            return None
        if word.endswith(".h") and word[:-2] in self.pages:
            return ["Xr", self.pages[word[:-2]], "3"]
        if re.fullmatch(r"rheo_\w+_t", word):
            return ["Vt", word]
        if re.fullmatch(r"RHEO_\w+|NULL|UINT\d+_MAX", word):
            return ["Dv", word]
        if re.fullmatch(r"\*[a-z]\w*", word):
            return ["Fa", word]
        return None

    def line(self, word):
        """The macro line of a word that is marked, or None."""
        quoted = re.fullmatch(r"(\(?)`(\w+)`(.*)", word)
        if quoted:
            word = quoted.group(1) + "*" + quoted.group(2) + quoted.group(3)
        found = MARKED.match(word)
        if not found:
            return None
        macro = self.macro(found.group("word"), found.group("args"))
        if not macro:
            return None
        if quoted:
            macro[1] = macro[1].lstrip("*")
        if found.group("rest"):
            if found.group("close"):
                return None
            macro += ["Ns", escaped(found.group("rest")).replace("\\&", "")]
        return "." + " ".join([macro[0]] + list(found.group("open")) + macro[1:] + list(found.group("close")))

    def text(self, text):
        """Running text, every sentence on lines of its own."""
        for sentence in re.split(r"(?<=[.?!])(?<!\.\.\.)\s+|(?<=[.?!][)\"])\s+", text.strip()):
            plain = []
            for word in sentence.split():
                line = self.line(word)
                if line is None:
                    plain.append(escaped_word(word))
                else:
                    yield from filled(plain)
                    plain = []
                    yield line
            yield from filled(plain)


def filled(words):
    if words:
        yield from textwrap.wrap(" ".join(words), 78, break_long_words=False, break_on_hyphens=False)


def literal(lines):
    yield ".Bd -literal"
    for line in lines:
        yield escaped_code(line)
    yield ".Ed"


def code(lines):
    """Lines as they are; a statement too long for a terminal is broken after a comma."""
    broken = []
    for line in lines:
        while len(line) > WIDTH and "/*" not in line and ", " in line[:WIDTH]:
            at = line.rindex(", ", 0, WIDTH) + 1
            indent = len(line) - len(line.lstrip()) + 8
            broken.append(line[:at])
            line = " " * indent + line[at:].lstrip()
        broken.append(line)
    return literal(broken)


def beside(rows):
    """C text, and its comments in a column to the right; one without text stands above what follows."""
    column = max([len(left) for left, told in rows if told], default=0) + 2
    lines = []
    for left, told in rows:
        if not told:
            lines.append(left)
            continue
        first, *more = commented(told, column if left.strip() else len(left))
        if not left.strip():
            lines.append("")
        lines += [left.ljust(column) + first.lstrip() if left.strip() else first] + more
    return literal(lines)


def commented(text, column):
    end = "\0*/"  # stays with the last word
    lines = textwrap.wrap("/* " + text + end, WIDTH, initial_indent=" " * column, subsequent_indent=" " * (column + 3),
                          break_long_words=False, break_on_hyphens=False)
    return [line.replace("\0", " ") for line in lines]


def blocks(lines):
    """A comment's lines, grouped: ("text" | "bullets" | "tags" | "code", lines or items)."""
    groups, group = [], []
    for line in lines + [""]:
        starts = group and bool(line.startswith(" ")) != bool(group[0].startswith(" "))
        if group and (not line or starts):
            groups.append(group)
            group = []
        if line:
            group.append(line)
    for group in groups:
        first = re.match(r"( *)((?:- )|(?:\S+ {2,}))?", group[0])
        indent, column = len(first.group(1)), len(first.group(0))
        if indent == 0:
            yield "text", " ".join(group)
            continue
        items, other = [], re.compile(r" {%d}(\S+) +(?=\S)" % indent)
        for line in group:
            begin = other.match(line)
            if line.startswith(" " * column) and line[column : column + 1].strip() and items:
                items[-1][1].append(line.strip())
            elif begin and first.group(2) and begin.end() == column:
                items.append((begin.group(1), [line[column:].strip()]))
            else:
                items = None
                break
        columns = items and any(re.search(r"\S {3,}\S", part) for _, text in items for part in text)
        if not items or columns:
            shift = min(indent, 5)  # of a tab, after the star
            yield "code", [re.sub(r"^(?: {8})+", lambda m: " " * (len(m.group()) // 2), line[shift:]) for line in group]
        elif all(tag == "-" for tag, _ in items):
            yield "bullets", [" ".join(text) for _, text in items]
        else:
            yield "tags", [(tag, " ".join(text)) for tag, text in items]


def comment(lines, marker, paragraph=False):
    """mdoc of a comment; paragraph: whether something stands before it."""
    for kind, value in blocks(lines):
        if kind == "text":
            if paragraph:
                yield ".Pp"
            yield from marker.text(value)
        elif kind == "bullets":
            yield ".Bl -bullet"
            for item in value:
                yield ".It"
                yield from marker.text(item)
            yield ".El"
        elif kind == "tags":
            yield ".Bl -tag -width %s" % max((tag for tag, _ in value), key=len)
            for tag, text in value:
                yield ".It Sy " + escaped(tag)
                yield from marker.text(text)
            yield ".El"
        else:
            yield from code(value)
        paragraph = True
