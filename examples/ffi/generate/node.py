# SPDX-License-Identifier: BSD-2-Clause
"""Node.js: four files, one after the other, each begun by a line "// file: NAME".

    native/calls.h        one function a C function, for Node-API
    lib/layout.js         where fields are, what calls take: the package's own
    lib/constants.js      constants and errors, for everybody
    lib/constants.d.ts    their types, and those of structs

Every call goes through one block of memory a thread, the box, because passing
values as such costs Node-API more than the call itself. It has 64-bit slots:

    slot 0        in: not 0 where C is to read the clock for now_ns; out: what the call returned
    slot 1 ...    the arguments in their order; what an out parameter points at
    slot 16 ...   the struct that a parameter points at, or a text that is returned
"""

import re

ARGUMENTS = 16  # slots before the struct
EVENTS = 16  # as many as a breaker keeps
BOX_BYTES = 8 * ARGUMENTS + 2048

# Statuses that are thrown. One that is neither here nor in NOT_THROWN stops the generator.
ERRORS = {
    "REJ_RATE": ("RateLimited", "Refused"),
    "REJ_OPEN": ("BreakerOpen", "Refused"),
    "REJ_PROBE": ("BreakerOpen", "Refused"),
    "REJ_NEVER": ("NeverPasses", "Refused"),
    "ERR_INVAL": ("InvalidArgument", "RheoError"),
    "ERR_NOSPC": ("NoSpace", "RheoError"),
    "ERR_VERSION": ("VersionMismatch", "RheoError"),
    "ERR_CORRUPT": ("Corrupt", "RheoError"),
}
NOT_THROWN = ("OK", "STALE")

RENAMED = {"tokens_per_period": "rate"}
HIDDEN = ("struct_size", "reserved")
REQUIRED = ("rate", "burst")
HEAD = ("// SPDX-License-Identifier: BSD-2-Clause", "// Made by generate/node.py from rheo's headers.")
NOT_CONSTANTS = re.compile(r"RHEO_(VERSION_\w+|PERMIT_NONE|FOREVER)$")


def camel(name):
    name = RENAMED.get(name, name)
    return re.sub(r"_(\w)", lambda found: found.group(1).upper(), name)


def title(struct):
    name = camel(struct["name"][len("rheo_") : -len("_t")])
    return name[0].upper() + name[1:]


def short(name):
    return re.sub(r"^rheo_|_t$", "", name)


def kind_of(type_, structs, opaque):
    """What a parameter is: u32, u64, i32, address, handle, struct, out32, out64, outhandle."""
    base, stars = re.fullmatch(r"(?:const )?(\w+) ?(\**)", type_).groups()
    scalar = {"int32_t": "i32", "uint32_t": "u32", "uint64_t": "u64"}.get(base)
    if not stars:
        return scalar
    if stars == "**":
        return "outhandle"
    if base == "void":
        return "address"
    if base in opaque:
        return "handle"
    return "struct" if base in structs else {"u32": "out32", "u64": "out64"}[scalar]


def kinds(function, known):
    structs = {struct["name"] for struct in known["structs"]}
    found = [kind_of(param["type"], structs, known["opaque"]) for param in function["params"]]
    assert None not in found and found.count("struct") <= 1 and len(found) < ARGUMENTS, function["name"]
    return found


def returned(function):
    return "text" if "*" in function["returns"] else kind_of(function["returns"], (), ())


# --- native/calls.h ---


def c_argument(kind, param, slot):
    if kind in ("i32", "u32", "u64"):
        return "s[%d].%s" % (slot, kind)
    if kind in ("handle", "address"):
        return "(void *)(uintptr_t)s[%d].u64" % slot
    if kind in ("out32", "out64"):
        return "&s[%d].u%s" % (slot, kind[3:])
    return "(void *)&s[STRUCT]" if kind == "struct" else "&" + param["name"]


def c_function(function, known):
    found = kinds(function, known)
    name = function["name"]
    call = "%s(%s)" % (
        name,
        ", ".join(c_argument(kind, param, 1 + i) for i, (kind, param) in enumerate(zip(found, function["params"]))),
    )
    yield from ("", "static napi_value", "call_%s(napi_env env, napi_callback_info info)" % short(name), "{")
    yield "\tunion slot *s = slots(env, info);"
    for param, kind in zip(function["params"], found):
        if kind == "outhandle":
            yield "\t%s%s = NULL;" % (param["type"][:-1], param["name"])
    yield ""
    for i, param in enumerate(function["params"]):
        if param["name"] == "now_ns":
            yield "\tif (s[0].u32 != 0)"
            yield "\t\ts[%d].u64 = rheo_now_ns();" % (1 + i)
    if returned(function) == "text":
        yield "\ttext(s, %s);" % call
    else:
        yield "\ts[0].%s = %s;" % (returned(function), call)
    for i, (param, kind) in enumerate(zip(function["params"], found)):
        if kind == "outhandle":
            yield "\ts[%d].u64 = (uintptr_t)%s;" % (1 + i, param["name"])
    yield from ("\treturn NULL;", "}")


def calls_h(known):
    yield "/* SPDX-License-Identifier: BSD-2-Clause */"
    yield "/* Made by generate/node.py from rheo's headers. */"
    yield ""
    yield from ("#define STRUCT %d /* its slot */" % ARGUMENTS, "#define BOX_BYTES %d" % BOX_BYTES)
    for function in known["functions"]:
        yield from c_function(function, known)
    yield from ("", "static const struct {", "\tconst char *name;", "\tnapi_callback call;", "} calls[] = {")
    for function in known["functions"]:
        yield '\t{ "%s", call_%s },' % (short(function["name"]), short(function["name"]))
    yield "};"


# --- lib/layout.js ---


def js_read(field):
    at = 2 * ARGUMENTS + field["offset"] // 4
    return {"int32_t": "i32[%d]", "uint32_t": "u32[%d]", "uint64_t": "wide(%d)"}[field["type"]] % at


def readable(struct):
    """Fields that JavaScript sees; none of a struct with pointers."""
    if any("*" in field["type"] for field in struct["fields"]):
        return []
    return [field for field in struct["fields"] if field["name"] not in HIDDEN]


def js_structs(known):
    yield from ("", "// Where each field is: [name, offset, size, C's type, elements, name in C].", "exports.structs = {")
    for struct in known["structs"]:
        yield "\t%s: {" % short(struct["name"])
        yield from ("\t\tsize: %d," % struct["size"], "\t\tfields: [")
        for field in struct["fields"]:
            yield '\t\t\t["%s", %d, %d, "%s", %d, "%s"],' % (
                camel(field["name"]),
                field["offset"],
                field["size"],
                field["type"],
                field["count"],
                field["name"],
            )
        yield from ("\t\t],", "\t},")
    yield "};"


def js_verdict(known):
    """The one struct that is read on a request's path is read by straight code."""
    struct = next(one for one in known["structs"] if one["name"] == "rheo_verdict_t")
    yield from ("", "exports.verdictFields = ({ i32, u32, wide }) =>", "\tclass VerdictFields {", "\t\tconstructor() {")
    for field in readable(struct):
        if field["name"] != "permit":
            yield "\t\t\tthis.%s = %s;" % (camel(field["name"]), js_read(field))
    permit = next(field for field in struct["fields"] if field["name"] == "permit")
    yield from ("\t\t}", "\t};", "exports.VERDICT_PERMIT = %d; // its slot" % (ARGUMENTS + permit["offset"] // 8))


def js_calls(known):
    yield from ("", "// What each call returns and takes; now: which argument is now_ns, 0 for none.", "exports.calls = {")
    for function in known["functions"]:
        names = [returned(function)] + kinds(function, known)
        now = [i + 1 for i, param in enumerate(function["params"]) if param["name"] == "now_ns"]
        yield "\t%s: { now: %d, kinds: [%s] }," % (
            short(function["name"]),
            now[0] if now else 0,
            ", ".join('"%s"' % name for name in names),
        )
    yield "};"


def layout_js(known):
    yield from HEAD
    yield from ('"use strict";', "")
    for name, value in (("STRUCT", ARGUMENTS), ("BOX_BYTES", BOX_BYTES), ("EVENTS", EVENTS)):
        yield "exports.%s = %d;" % (name, value)
    for struct in known["structs"]:
        most = EVENTS if struct["name"] == "rheo_breaker_event_t" else 1
        assert most * struct["size"] <= BOX_BYTES - 8 * ARGUMENTS, struct["name"]
    yield from js_structs(known)
    yield from js_verdict(known)
    yield from js_calls(known)


# --- lib/constants.js ---


def constants(known):
    return [one for one in known["constants"] if not NOT_CONSTANTS.match(one["name"])]


def constants_js(known):
    yield from HEAD
    yield from ('"use strict";', "", 'const { known, RheoError, Refused } = require("./errors");', "")
    yield 'exports.VERSION = "%s";' % known["version"]
    for one in constants(known):
        yield "exports.%s = %d;" % (one["name"][len("RHEO_") :], one["value"])
    yield ""
    for name, base in dict.fromkeys(ERRORS.values()):
        yield "exports.%s = class %s extends %s {};" % (name, name, base)
    yield ""
    for status in known["status"]:
        name = ERRORS.get(status["name"], ("RheoError", ""))[0]
        yield 'known.set(%d, ["%s", "%s", %s]);' % (
            status["value"],
            status["name"],
            status["text"],
            name if name == "RheoError" else "exports." + name,
        )


# --- lib/constants.d.ts ---


def ts_docs(known):
    """Writes comments of C's, with names as they are in JavaScript."""
    fields = {field["name"] for struct in known["structs"] for field in struct["fields"]}
    named = {field: camel(field) for field in fields if "_" in field}

    def doc(text, indent):
        if text:
            text = re.sub(r"\bRHEO_(\w+)", r"\1", re.sub(r"\s+", " ", text))
            text = re.sub(r"\b[a-z_]+\b", lambda found: named.get(found.group(0), found.group(0)), text)
            yield indent + "/** %s */" % text

    return doc


def constants_d_ts(known):
    ts_doc = ts_docs(known)
    yield from HEAD
    yield ""
    for one in constants(known):
        yield from ts_doc(one["doc"], "")
        yield "export const %s: %d;" % (one["name"][len("RHEO_") :], one["value"])
    yield from ('export const VERSION: "%s";' % known["version"], "")
    yield "/** What goes wrong; `status` is C's, `code` its name. */"
    yield "export class RheoError extends Error {"
    yield from ("\treadonly status: number;", "\treadonly code: string;", "}")
    yield "/** A policy said no. */"
    yield "export class Refused extends RheoError {"
    yield "\t/** When to try again, if nobody else asks; Infinity: unknown or never. */"
    yield from ("\treadonly retryAfterNs: number;", "\t/** Where a guard refused. */", "\treadonly verdict?: VerdictFields;", "}")
    for name, base in dict.fromkeys(ERRORS.values()):
        texts = [status["text"] for status in known["status"] if ERRORS.get(status["name"], ("",))[0] == name]
        yield from ts_doc("; or: ".join(texts), "")
        yield "export class %s extends %s {%s}" % (
            name,
            base,
            "\n\t/** The argument or setting at fault, where that is known. */\n\treadonly field?: string;\n"
            if name == "InvalidArgument"
            else "",
        )
    for struct in known["structs"]:
        if not readable(struct):
            continue
        config = struct["name"].endswith("_config_t")
        name = "VerdictFields" if struct["name"] == "rheo_verdict_t" else title(struct)
        yield ""
        yield from ts_doc(struct["doc"].split(".")[0], "")
        yield "export interface %s {" % name
        for field in readable(struct):
            if struct["name"] == "rheo_verdict_t" and field["name"] == "permit":
                continue
            yield from ts_doc(field["doc"], "\t")
            named = camel(field["name"])
            if config:
                wide = " | bigint" if field["type"] == "uint64_t" else ""
                yield "\t%s%s: number%s;" % (named, "" if named in REQUIRED else "?", wide)
            else:
                yield "\treadonly %s: number%s;" % (named, "[]" if field["count"] else "")
        yield "}"


def lines(known):
    assert {status["name"] for status in known["status"]} == set(ERRORS) | set(NOT_THROWN)
    for name, made in (
        ("native/calls.h", calls_h),
        ("lib/layout.js", layout_js),
        ("lib/constants.js", constants_js),
        ("lib/constants.d.ts", constants_d_ts),
    ):
        yield "// file: " + name
        yield from made(known)
