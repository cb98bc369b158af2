# SPDX-License-Identifier: BSD-2-Clause
"""What Python has to know of rheo's C headers: the module rheo/_generated.py.

Enumerations, constants and records for people; tables of structs and functions
from which both back ends declare the C library.
"""

import re

ENUMS = (
    (
        "Status",
        ("OK", "REJ_*", "STALE", "ERR_*"),
        "",
        "What a call returned: 0 done, above 0 a policy's no, below 0 an error.",
    ),
    ("State", ("CLOSED", "OPEN", "HALF_OPEN"), "", "A breaker's state."),
    ("Mode", ("AUTO", "FORCED_OPEN", "FORCED_CLOSED", "DISABLED"), "", "A breaker's mode, for force."),
    ("Outcome", ("SUCCESS", "FAILURE", "IGNORED"), "", "How a call that was admitted ended."),
    ("Cause", ("CAUSE_*",), "CAUSE_", "What caused a transition of a breaker."),
    (
        "Level",
        ("BUCKET_KEEP", "BUCKET_SCALE", "BUCKET_RESET"),
        "BUCKET_",
        "What reconfigure does with a bucket's level.",
    ),
)
NOT_CONSTANTS = re.compile(r"VERSION_(MAJOR|MINOR|PATCH)$")
NOT_SHOWN = ("struct_size", "reserved")
# Structs with pointers in them, and the verdict, which has a class of its own.
NOT_RECORDS = ("rheo_guard_config_t", "rheo_verdict_t", "rheo_counter_config_t")


def one_line(text):
    return re.sub(r"\s+", " ", text).strip()


def comment(text):
    return "  # " + one_line(text) if text else ""


def class_name(struct):
    return "".join(part.capitalize() for part in struct[len("rheo_") : -len("_t")].split("_"))


def matches(name, patterns):
    return any(name.startswith(one[:-1]) if one.endswith("*") else name == one for one in patterns)


def enums(constants):
    taken = set()
    for title, patterns, prefix, text in ENUMS:
        yield from ("", "", "class %s(IntEnum):" % title, '    """%s"""' % text, "")
        for name, constant in constants.items():
            if matches(name, patterns):
                taken.add(name)
                doc = constant["doc"] if constant["doc"] != title + "s." else ""  # a heading in the C header
                yield "    %s = %d%s" % (name[len(prefix) :], constant["value"], comment(doc))
    yield from ("", "")
    for name, constant in constants.items():
        if name not in taken and not NOT_CONSTANTS.match(name):
            yield "%s = %d%s" % (name, constant["value"], comment(constant["doc"]))


def shown(struct):
    return [field for field in struct["fields"] if field["name"] not in NOT_SHOWN]


def records(structs):
    for struct in structs:
        if struct["name"] in NOT_RECORDS:
            continue
        yield from ("", "", "class %s(NamedTuple):" % class_name(struct["name"]), '    """%s."""' % struct["name"], "")
        for field in shown(struct):
            kind = "tuple[int, ...]" if field["count"] else "int"
            yield "    %s: %s%s" % (field["name"], kind, comment(field["doc"]))


def settings(struct):
    yield from (
        "",
        "",
        "class BreakerSettings(TypedDict, total=False):",
        '    """What a breaker can be told; the rest is default."""',
        "",
    )
    for field in shown(struct):
        yield "    %s: int%s" % (field["name"], comment(field["doc"]))


def verdict(struct):
    yield from (
        "",
        "",
        "class VerdictFields:",
        '    """The fields of %s, read from C\'s struct when asked for."""' % struct["name"],
        "",
    )
    yield from ('    __slots__ = ("_raw",)', "", "    def __init__(self, raw: Any) -> None:", "        self._raw = raw")
    for field in shown(struct):
        yield from ("", "    @property", "    def %s(self) -> int:" % field["name"])
        if field["doc"]:
            yield '        """%s"""' % one_line(field["doc"])
        yield "        return int(self._raw.%s)" % field["name"]


def tables(model):
    yield from ("", "", "# For the back ends: C's declarations as data.")
    yield "OPAQUE: tuple[str, ...] = (%s)" % "".join('"%s", ' % name for name in model["opaque"])
    yield "STRUCTS: dict[str, tuple[tuple[str, str, int], ...]] = {"
    for struct in model["structs"]:
        yield '    "%s": (' % struct["name"]
        for field in struct["fields"]:
            yield '        ("%s", "%s", %d),' % (field["name"], field["type"], field["count"])
        yield "    ),"
    yield "}"
    yield "FUNCTIONS: dict[str, tuple[str, tuple[str, ...]]] = {"
    for function in model["functions"]:
        types = "".join('"%s", ' % param["type"] for param in function["params"])
        yield '    "%s": ("%s", (%s)),' % (function["name"], function["returns"], types)
    yield "}"


def lines(model):
    constants = {constant["name"][len("RHEO_") :]: constant for constant in model["constants"]}
    structs = {struct["name"]: struct for struct in model["structs"]}
    yield "# SPDX-License-Identifier: BSD-2-Clause"
    yield '"""Made from the C headers by generate.py; not to be edited."""'
    yield from ("", "from __future__ import annotations", "", "from enum import IntEnum")
    yield from ("from typing import Any, NamedTuple, TypedDict", "", 'VERSION = "%s"' % model["version"])
    yield from enums(constants)
    yield "STATUS_TEXT: dict[int, str] = {"
    for status in model["status"]:
        yield '    %d: "%s",' % (status["value"], status["text"])
    yield "}"
    yield from records(model["structs"])
    yield from settings(structs["rheo_breaker_config_t"])
    yield from verdict(structs["rheo_verdict_t"])
    yield from tables(model)
