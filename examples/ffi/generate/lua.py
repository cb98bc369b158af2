# SPDX-License-Identifier: BSD-2-Clause
"""rheo/generated.lua: what LuaJIT's ffi has to know, and tables of names and values."""

# What an error of each status is called. STALE is an answer, no error.
KINDS = {
    "OK": None,
    "REJ_RATE": "RateLimited",
    "REJ_OPEN": "BreakerOpen",
    "REJ_PROBE": "BreakerOpen",
    "REJ_NEVER": "NeverPasses",
    "STALE": None,
    "ERR_INVAL": "InvalidArgument",
    "ERR_NOSPC": "NoSpace",
    "ERR_VERSION": "VersionMismatch",
    "ERR_CORRUPT": "Corrupt",
}


def literal(constant):
    return "%dULL" % constant["value"] if constant["type"] == "uint64_t" else "%d" % constant["value"]


def declaration(type_, name, count=0):
    return type_ + ("" if type_.endswith("*") else " ") + name + ("[%d]" % count if count else "")


def cdef(model):
    for name in model["opaque"]:
        yield "typedef struct %s %s;" % (name[: -len("_t")], name)
    # A struct's fields may point to another struct's objects only, which are named above.
    for struct in model["structs"]:
        yield "typedef struct %s {" % struct["name"][: -len("_t")]
        for field in struct["fields"]:
            yield "  %s;" % declaration(field["type"], field["name"], field["count"])
        yield "} %s;" % struct["name"]
    for function in model["functions"]:
        params = ", ".join(declaration(part["type"], part["name"]) for part in function["params"])
        yield "%s(%s);" % (declaration(function["returns"], function["name"]), params or "void")


def lines(model):
    yield "-- SPDX-License-Identifier: BSD-2-Clause"
    yield "-- rheo %s for LuaJIT, made from the C headers." % model["version"]
    yield "local cdef = [["
    yield from cdef(model)
    yield "]]"
    yield "return {"
    yield "  cdef = cdef,"
    yield '  version = "%s",' % model["version"]
    yield "  constants = {"
    for constant in model["constants"]:
        yield "    %s = %s," % (constant["name"][len("RHEO_") :], literal(constant))
    yield "  },"
    yield "  status = {"
    for one in model["status"]:
        kind = KINDS[one["name"]]
        yield '    [%d] = { name = "%s", text = "%s"%s },' % (
            one["value"],
            one["name"],
            one["text"],
            ', kind = "%s"' % kind if kind else "",
        )
    yield "  },"
    yield "  structs = {"
    for struct in model["structs"]:
        yield "    %s = {" % struct["name"]
        for field in struct["fields"]:
            yield '      { name = "%s", type = "%s", count = %d },' % (field["name"], field["type"], field["count"])
        yield "    },"
    yield "  },"
    yield "}"
