# SPDX-License-Identifier: BSD-2-Clause
"""pkgconfig/headers.py, which reads the headers as text, finds what clang finds."""

import os
import re
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path[:0] = [os.path.join(ROOT, "pkgconfig"), os.path.join(ROOT, "examples", "ffi", "generate")]

import headers  # noqa: E402
import model  # noqa: E402


def words(text):
    return re.sub(r"\s+", " ", text).strip()


def as_text(header):
    for kind, value in headers.parts(header):
        if kind == "function":
            for param in value["params"]:
                yield "param", value["name"], words(param)
            yield "function", value["name"], value["returns"], words(" ".join(value["doc"]))
        elif kind == "struct":
            for row, told in value["rows"]:
                if row:
                    yield "field", value["name"], re.sub(r"\[\w+\]", "[]", row.rstrip(";")), told
        elif kind == "constants":
            for definition, _ in value["rows"]:
                yield "constant", definition.split()[0]
        elif kind == "status":
            for name, _, _ in value:
                yield "constant", "RHEO_" + name


def as_clang(known):
    for function in known["functions"]:
        for param in function["params"]:
            yield "param", function["name"], joined(param["type"], param["name"])
        if not function["params"]:
            yield "param", function["name"], "void"
        yield "function", function["name"], function["returns"], words(function["doc"])
    for struct in known["structs"]:
        for field in struct["fields"]:
            name = field["name"] + ("[]" if field["count"] else "")
            yield "field", struct["name"], joined(field["type"], name), field["doc"]
    for constant in known["constants"]:
        yield "constant", constant["name"]


def joined(type_, name):
    return type_ + ("" if type_.endswith("*") else " ") + name


text = {fact for header in headers.HEADERS for fact in as_text(header)}
clang = set(as_clang(model.model()))
for fact in sorted(text - clang):
    print("headers_agree: read as text only:", *fact, sep="\t")
for fact in sorted(clang - text):
    print("headers_agree: read by clang only:", *fact, sep="\t")
sys.exit(text != clang or len(text) < 300)
