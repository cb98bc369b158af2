# SPDX-License-Identifier: BSD-2-Clause
"""rheo/generated.rb: what the ffi gem has to know, and constants."""

# The class of the error for each status, under Rheo. STALE is an answer, no error.
ERRORS = {
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


def ffi_type(type_):
    if type_ == "const char *":
        return ":string"
    if type_.endswith("*"):
        return ":pointer"
    return ":" + type_[: -len("_t")]


def class_name(struct):
    parts = struct[len("rheo_") : -len("_t")].split("_")
    return "".join(part.capitalize() for part in parts)


def field_line(field, last):
    type_ = ffi_type(field["type"])
    if field["count"]:
        type_ = "[%s, %d]" % (type_, field["count"])
    return ":%s, %s%s" % (field["name"], type_, "" if last else ",")


def lines(model):
    yield "# SPDX-License-Identifier: BSD-2-Clause"
    yield "# frozen_string_literal: true"
    yield ""
    yield "# rheo %s for the ffi gem, made from the C headers." % model["version"]
    yield ""
    yield 'require "ffi"'
    yield ""
    yield "module Rheo"
    yield '  VERSION = "%s"' % model["version"]
    for constant in model["constants"]:
        if not constant["name"].startswith("RHEO_VERSION_"):
            yield "  %s = %d" % (constant["name"][len("RHEO_") :], constant["value"])
    yield ""
    yield "  Status = Struct.new(:name, :text, :error)"
    yield "  STATUSES = {"
    for one in model["status"]:
        error = ERRORS[one["name"]]
        yield '    %d => Status.new("%s", "%s", %s),' % (one["value"], one["name"], one["text"], ":" + error if error else "nil")
    yield "  }.freeze"
    yield ""
    yield "  # The C functions and structs as they are."
    yield "  module C"
    yield "    extend FFI::Library"
    for struct in model["structs"]:
        yield ""
        yield "    class %s < FFI::Struct" % class_name(struct["name"])
        yield "      layout("
        for field in struct["fields"]:
            yield "        " + field_line(field, field is struct["fields"][-1])
        yield "      )"
        yield "    end"
    yield ""
    yield "    STRUCTS = {"
    for struct in model["structs"]:
        yield '      "%s" => %s,' % (struct["name"], class_name(struct["name"]))
    yield "    }.freeze"
    yield ""
    yield "    FUNCTIONS = ["
    for function in model["functions"]:
        params = ", ".join(ffi_type(part["type"]) for part in function["params"])
        yield "      [:%s, [%s], %s]," % (function["name"], params, ffi_type(function["returns"]))
    yield "    ].freeze"
    yield "  end"
    yield "end"
