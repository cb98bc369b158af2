# SPDX-License-Identifier: BSD-2-Clause
"""What the public headers say, read as text: nothing but Python is needed.

    parts(header)   the header from top to bottom, as (kind, value) pairs:
        ("text", lines)         a comment that stands by itself
        ("constants", group)    {doc: lines, rows: [(definition, comment)]}
        ("status", rows)        [(name, value, text)], of RHEO_STATUS_MAP
        ("struct", struct)      {name, doc: lines, rows: [(declaration, comment)]}; declaration "" is a remark
        ("function", function)  {name, returns, params: [declaration], doc: lines}

The headers keep to one form (a comment, then what it is about), and the tests
compare what is read here with what clang reads. A form not known is an error.
"""

import os
import re

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
HEADERS = ["version", "export", "status", "clock", "counter", "bucket", "breaker", "guard"]

COMMENT = r"/\*.*?\*/"
TOKEN = re.compile(
    r"(?P<comment>^/\*.*?\*/\n)"
    r"|(?P<function>^RHEO_API [^;]*;\n)"
    r"|(?P<struct>^typedef struct \w+ \{\n.*?^\} \w+;\n)"
    r"|(?P<opaque>^typedef struct \w+ \w+;\n)"
    r"|(?P<status>^#define RHEO_STATUS_MAP\(X\)(?:[^\n]*\\\n)+[^\n]*\n)"
    r"|(?P<constant>^#define RHEO_\w+ [^\n]*\n)"
    r"|(?P<skipped>^enum \{\n.*?^\};\n|^RHEO_(?:BEGIN|END)_DECLS\n|^#[^\n]*\n)"
    r"|(?P<empty>\n)",
    re.S | re.M,
)
NOT_CONSTANTS = re.compile(r"#define RHEO_(API|BEGIN_DECLS|END_DECLS|\w+_H)\b")


def read(header):
    with open(os.path.join(ROOT, "include", "rheo", header + ".h"), encoding="utf-8") as file:
        return file.read()


def lines_of(comment):
    """A comment's lines without its stars, aligned as the reader of the header sees them."""
    first, *more = [line.expandtabs(8).rstrip() for line in comment.strip()[2:-2].split("\n")]
    assert all(line.startswith(" *") or not line.strip() for line in more), comment
    lines = [first.strip()] + [line[3:] for line in more]
    while lines and not lines[0]:
        lines.pop(0)
    while lines and not lines[-1]:
        lines.pop()
    return lines


def one_line(comment):
    return re.sub(r"\s+", " ", comment.strip()[2:-2]).strip()


def rows_of(body):
    """(declaration, comment) of each line; a comment by itself has the declaration ""."""
    rows = []
    for found in re.finditer(r"\s*(?:([^;/]+;)[ \t]*)?(%s)?" % COMMENT, body, re.S):
        declaration, comment = found.groups()
        if declaration or comment:
            rows.append((declaration or "", one_line(comment) if comment else ""))
    return rows


def struct_of(text, doc):
    name, body, type_ = re.fullmatch(r"typedef struct (\w+) \{\n(.*?)\} (\w+);\n", text, re.S).groups()
    assert type_ == name + "_t", type_
    return {"name": type_, "doc": doc, "rows": rows_of(body)}


def function_of(text, doc):
    text = re.sub(r"\s+", " ", text)
    returns, name, params = re.fullmatch(r"RHEO_API (.*?)(\w+)\((.*)\); ?", text).groups()
    return {"name": name, "returns": returns.strip(), "params": params.split(", "), "doc": doc}


def parts(header):
    text, known = read(header), []
    doc, group = None, None
    at = re.search(r"^#define RHEO_%s_H\n" % header.upper(), text, re.M).end()
    end = text.rindex("#endif")
    while at < end:
        found = TOKEN.match(text, at)
        if not found or (found.end() > end):
            raise ValueError("%s.h: not understood: %r" % (header, text[at : at + 60]))
        at = found.end()
        kind, value = found.lastgroup, found.group()
        if kind != "constant":
            group = None
        if kind == "comment" or kind == "empty":
            if doc and doc[0]:  # nothing followed the comment directly
                known.append(("text", doc))
            doc = lines_of(value) if kind == "comment" else None
            continue
        about, doc = doc or [], None
        if kind == "function":
            known.append(("function", function_of(value, about)))
        elif kind == "struct":
            known.append(("struct", struct_of(value, about)))
        elif kind == "status":
            known.append(("text", about))
            known.append(("status", re.findall(r'X\((\w+), (-?\d+), "([^"]*)"\)', value)))
        elif kind == "constant" and not NOT_CONSTANTS.match(value):
            definition, comment = re.fullmatch(r"#define (.*?)\s*(%s)?\n" % COMMENT, value, re.S).groups()
            if group is None:
                group = {"doc": about, "rows": []}
                known.append(("constants", group))
            group["rows"].append((definition, one_line(comment) if comment else ""))
        elif about:
            known.append(("text", about))
    return known


def functions(header):
    return [value for kind, value in parts(header) if kind == "function"]
