# SPDX-License-Identifier: BSD-2-Clause
"""Prints what programs built against rheo rely on, a tab-separated line a fact:

    call       name, what it returns and takes
    constant   name, type, value
    size       struct, bytes, and whether it may grow ("grows") or is "fixed"
    field      struct, name, type, offset, bytes; what is reserved is free to be used
"""

import os
import re
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path[:0] = [os.path.join(ROOT, "pkgconfig"), os.path.join(ROOT, "examples", "ffi", "generate")]

import headers  # noqa: E402
from model import constants_and_layout  # noqa: E402


def type_of(declaration):
    """ "uint64_t *permit" and "uint64_t reserved[5];" without their names."""
    return re.sub(r"\w+(\[\w+\])?;?$", "", declaration).strip() if declaration != "void" else "void"


def field_of(declaration):
    return {"name": re.search(r"(\w+)(?:\[\w+\])?;$", declaration).group(1), "type": type_of(declaration)}


def facts():
    names, structs = [], []
    for header in headers.HEADERS:
        for kind, value in headers.parts(header):
            if kind == "function":
                yield "call", value["name"], "%s (%s)" % (value["returns"], ", ".join(map(type_of, value["params"])))
            elif kind == "status":
                names += ["RHEO_" + name for name, _, _ in value]
            elif kind == "constants":
                names += [definition.split()[0] for definition, _ in value["rows"]]
            elif kind == "struct":
                fields = [field_of(row) for row, _ in value["rows"] if row]
                fixed = any("Fixed at" in line for line in value["doc"])
                structs.append({"name": value["name"], "fields": fields, "fixed": fixed})
    constants = constants_and_layout([name for name in names if not name.startswith("RHEO_VERSION_")], structs)
    for constant in constants:
        yield "constant", constant["name"], constant["type"], constant["value"]
    for struct in structs:
        yield "size", struct["name"], struct["size"], "fixed" if struct["fixed"] else "grows"
        for field in struct["fields"]:
            if field["name"] != "reserved":
                yield "field", struct["name"], field["name"], field["type"], field["offset"], field["size"]


for fact in facts():
    print(*fact, sep="\t")
