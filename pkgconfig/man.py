#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Writes the manual pages: rheo(7), one of section 3 a header, and a link a call.

    man.py FOLDER       FOLDER/man7/rheo.7, FOLDER/man3/rheo_bucket.3, ...

What they say is what the headers say. Their date is SOURCE_DATE_EPOCH, else
that of the newest entry in pkgconfig/debian/changelog, so that the same sources
always make the same pages. FOLDER must be empty.
"""

import email.utils
import os
import re
import sys
import time

import headers
from mdoc import Marker, beside, code, comment

PAGES = {
    "bucket": ("rheo_bucket", "token bucket: a rate limit"),
    "breaker": ("rheo_breaker", "three-state circuit breaker"),
    "guard": ("rheo_guard", "a breaker and buckets, asked as one"),
    "counter": ("rheo_counter", "counts that many CPUs add to"),
    "status": ("rheo_status", "what a call returned"),
    "version": ("rheo_version", "the version of the library"),
    "clock": ("rheo_now_ns", "a monotonic time in nanoseconds"),
}
MONTHS = "January February March April May June July August September October November December".split()
EXAMPLE = "examples/limit_requests.c"


def root(path):
    with open(os.path.join(headers.ROOT, path), encoding="utf-8") as file:
        return file.read()


def date():
    when = os.environ.get("SOURCE_DATE_EPOCH")
    if not when:
        stamp = re.search(r"^ -- .*?>  (.*)$", root("pkgconfig/debian/changelog"), re.M).group(1)
        when = email.utils.parsedate_to_datetime(stamp).timestamp()
    day = time.gmtime(int(when))
    return "%s %d, %d" % (MONTHS[day.tm_mon - 1], day.tm_mday, day.tm_year)


def version():
    return ".".join(re.findall(r"#define RHEO_VERSION_\w+ (\d+)", root("include/rheo/version.h")))


def head(name, section, names, about):
    yield '.\\" SPDX-License-Identifier: BSD-2-Clause'
    yield ".Dd " + date()
    yield ".Dt %s %s" % (name.upper(), section)
    yield ".Os rheo " + version()
    yield ".Sh NAME"
    for one in names[:-1]:
        yield ".Nm %s ," % one
    yield ".Nm " + names[-1]
    yield ".Nd " + about


def see_also(own):
    yield ".Sh SEE ALSO"
    others = sorted((name, 3) for name, _ in PAGES.values() if name != own)
    others += [("rheo", 7)] if own != "rheo" else []
    for name, section in others:
        yield ".Xr %s %d%s" % (name, section, "" if (name, section) == others[-1] else " ,")


def argument(declaration):
    """The name of a parameter: of "rheo_bucket_t **bucket", bucket."""
    return re.search(r"(\w+)$", declaration).group(1)


def synopsis(functions):
    yield ".Sh SYNOPSIS"
    yield ".In rheo/rheo.h"
    for one in functions:
        yield ".Ft " + (one["returns"] if " " not in one["returns"] else '"%s"' % one["returns"])
        yield ".Fn %s %s" % (one["name"], " ".join('"%s"' % param for param in one["params"]))


def calls(functions, marker):
    yield ".Bl -tag -width Ds"
    for one in functions:
        arguments = [] if one["params"] == ["void"] else [argument(param) for param in one["params"]]
        yield " ".join([".It Fn", one["name"]] + arguments)
        told = list(one["doc"])
        assert told and told[0].startswith(one["name"] + ": "), one["name"]
        told[0] = told[0][len(one["name"]) + 2 :]
        told[0] = told[0][0].upper() + told[0][1:]
        yield from comment(told, marker)
    yield ".El"


def constants(groups, marker):
    if groups:
        yield ".Ss Constants"
    for at, group in enumerate(groups):
        yield from comment(group["doc"], marker, paragraph=at > 0)
        yield from beside([("#define " + definition, told) for definition, told in group["rows"]])


def structs(known, marker):
    if known:
        yield ".Ss Structures"
    for at, one in enumerate(known):
        yield from comment(one["doc"], marker, paragraph=at > 0)
        rows = [("    " + left, told) for left, told in one["rows"]]
        yield from beside([("typedef struct %s {" % one["name"][:-2], ""), *rows, ("} %s;" % one["name"], "")])


def status_list(rows):
    yield ".Bl -tag -width RHEO_ERR_CORRUPT -compact"
    for name, value, told in rows:
        yield ".It Dv RHEO_" + name
        yield "%s: %s." % (value.replace("-", "\\-"), told)
    yield ".El"


def page(header, marker):
    name, about = PAGES[header]
    parts = headers.parts(header)
    of = lambda wanted: [value for kind, value in parts if kind == wanted]
    functions = of("function")
    names = [name] + [one["name"] for one in functions if one["name"] != name]
    yield from head(name, 3, names, about)
    yield from synopsis(functions)
    yield ".Sh DESCRIPTION"
    told = False
    for kind, value in parts:
        if kind == "text":
            yield from comment(value, marker, told)
            told = True
        elif kind == "status":
            yield ".Pp"
            yield from status_list(value)
    if told:
        yield ".Ss Calls"
    yield from calls(functions, marker)
    yield from constants(of("constants"), marker)
    yield from structs(of("struct"), marker)
    if any(one["returns"] == "int32_t" for one in functions):
        yield ".Sh RETURN VALUES"
        yield "Calls that return"
        yield ".Vt int32_t"
        yield "return a status: 0 done, above 0 a policy said no, below 0 the caller erred and"
        yield "nothing was changed."
        yield "All of them are listed in"
        yield ".Xr rheo_status 3 ."
    yield from see_also(name)


def overview(marker):
    """rheo(7): what holds for every object, and a program."""
    (_, about), (_, rules) = headers.parts("rheo")[0], headers.parts("export")[-1]
    title, *rest = about
    yield from head("rheo", 7, ["rheo"], title.split(": ", 1)[1].rstrip("."))
    yield ".Sh SYNOPSIS"
    yield ".In rheo/rheo.h"
    yield ".Pp"
    yield ".Li cc -std=c11 program.c $(pkg-config --cflags --libs rheo)".replace("-", "\\-")
    yield ".Sh DESCRIPTION"
    while rest and not rest[0]:
        rest.pop(0)
    yield from comment(rest, marker)
    yield from constants([rules], marker)
    yield ".Ss Pages"
    yield ".Bl -tag -width rheo_breaker(3) -compact"
    for name, told in PAGES.values():
        yield ".It Xr %s 3" % name
        yield told
    yield ".El"
    yield ".Sh EXAMPLES"
    program = root(EXAMPLE)
    told = re.search(r"^/\*\n(.*?)\*/", program, re.S | re.M).group()
    yield from comment(headers.lines_of(told), marker)
    yield from code(program[program.index("#include <rheo") :].rstrip().expandtabs(4).split("\n"))
    yield from see_also("rheo")


def write(path, lines):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="ascii") as file:
        file.write("\n".join(lines) + "\n")


def main():
    if len(sys.argv) != 2:
        sys.exit("man.py: the folder to write to")
    functions = {header: [one["name"] for one in headers.functions(header)] for header in PAGES}
    marker = Marker({name for names in functions.values() for name in names}, {h: PAGES[h][0] for h in PAGES})
    write(os.path.join(sys.argv[1], "man7", "rheo.7"), overview(marker))
    for header, (name, _) in PAGES.items():
        write(os.path.join(sys.argv[1], "man3", name + ".3"), page(header, marker))
        for one in functions[header]:
            if one != name:
                os.symlink(name + ".3", os.path.join(sys.argv[1], "man3", one + ".3"))


main()
