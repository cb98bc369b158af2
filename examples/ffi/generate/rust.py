# SPDX-License-Identifier: BSD-2-Clause
"""Rust: rheo-sys' bindings.rs.

Besides what C has, three macros that pass lists on to a macro of the caller's,
so that nothing of them is typed by hand elsewhere: rheo_statuses (the wrapper's
errors), rheo_settings (its configurations), rheo_structs (the test of layouts).
"""

import re

SCALARS = {"int32_t": "i32", "uint32_t": "u32", "int64_t": "i64", "uint64_t": "u64"}
POINTEES = dict(SCALARS, void="c_void", char="c_char")

# Names of errors in Rust, with what each tells besides. A status that is missing
# here stops the generator.
RETRY = '#[doc = "When to try again, if nobody else asks; `u64::MAX`: unknown."] retry_after_ns: u64'
FIELD = '#[doc = "The first setting at fault, where that is known."] field: Option<&\'static str>'
ERRORS = {
    "REJ_RATE": ("RateLimited", RETRY),
    "REJ_OPEN": ("BreakerOpen", RETRY),
    "REJ_PROBE": ("BreakerHalfOpen", RETRY),
    "REJ_NEVER": ("NeverPasses", ""),
    "STALE": ("Stale", ""),
    "ERR_INVAL": ("InvalidArgument", FIELD),
    "ERR_NOSPC": ("NoSpace", ""),
    "ERR_VERSION": ("VersionMismatch", ""),
    "ERR_CORRUPT": ("Corrupt", ""),
}
NOT_SETTINGS = ("struct_size", "flags", "reserved")


def rust_type(c_type):
    """`const rheo_bucket_t **` as Rust spells it."""
    base, stars = re.fullmatch(r"(?:const )?(\w+) ?(\**)", c_type).groups()
    if not stars:
        return SCALARS[base]
    spelled = POINTEES.get(base, base)
    const = c_type.startswith("const ")
    for depth in range(len(stars)):
        spelled = ("*const " if const and depth == 0 else "*mut ") + spelled
    return spelled


def field_type(field):
    spelled = rust_type(field["type"])
    return "[%s; %d]" % (spelled, field["count"]) if field["count"] else spelled


def doc(text, names, indent=""):
    """A C comment as a doc comment; names that exist are links."""

    def linked(found):
        name = found.group(0)
        return "[`%s`]" % name if name in names else name

    text = re.sub(r"([*<>\[\]])", r"\\\1", text)
    text = re.sub(r"\b(?:rheo|RHEO)_\w+", linked, text)
    for line in text.split("\n"):
        yield (indent + "/// " + line.strip()).rstrip()


def sentence(text, instead):
    """The comment with a capital letter, unless it begins with a name."""
    if "_" in text.split(" ")[0]:
        return text
    return text[:1].upper() + text[1:] if text else instead


def struct_lines(struct, names):
    pointers = any("*" in field["type"] for field in struct["fields"])
    yield from doc(sentence(struct["doc"], "Laid out as in C."), names)
    yield "#[repr(C)]"
    yield "#[derive(Clone, Copy, Debug, %sPartialEq, Eq)]" % ("" if pointers else "Default, ")
    yield "#[non_exhaustive]"
    yield "pub struct %s {" % struct["name"]
    for field in struct["fields"]:
        yield from doc(sentence(field["doc"], "As in C."), names, "    ")
        yield "    pub %s: %s," % (field["name"], field_type(field))
    yield "}"
    yield ""


def opaque_lines(name):
    yield "/// Opaque; only ever behind a pointer that init or attach stored, which is not the memory's address."
    yield "#[repr(C)]"
    yield "#[derive(Debug)]"
    yield "pub struct %s {" % name
    yield "    _data: [u8; 0],"
    yield "    _marker: PhantomData<(*mut u8, PhantomPinned)>,"
    yield "}"
    yield ""


def function_lines(function, names):
    text = function["doc"].replace(function["name"] + ": ", "", 1)
    yield from doc(sentence(text, "As in C."), names, "    ")
    params = ", ".join("%s: %s" % (one["name"], rust_type(one["type"])) for one in function["params"])
    yield "    pub fn %s(%s) -> %s;" % (function["name"], params, rust_type(function["returns"]))


def macro_lines(name, told, arms):
    yield "/// " + told
    yield "#[macro_export]"
    yield "macro_rules! %s {" % name
    for pattern, body in arms:
        yield "    (%s) => {" % pattern
        yield "        $with! {"
        yield from ("            " + line for line in body)
        yield "        }"
        yield "    };"
    yield "}"
    yield ""


def status_list(model):
    for status in model["status"]:
        if status["name"] != "OK":
            name, tells = ERRORS[status["name"]]
            fields = " { %s }" % tells if tells else ""
            yield '%s%s = %d, "%s", "%s";' % (name, fields, status["value"], status["name"], status["text"])


def setting_list(struct, names):
    for field in struct["fields"]:
        if field["name"] not in NOT_SETTINGS and "*" not in field["type"]:
            told = "\n".join(line[4:] for line in doc(sentence(field["doc"], "As in C."), set()))
            yield '#[doc = "%s"] %s: %s;' % (told.replace("\\", "\\\\").replace('"', '\\"'), field["name"], field_type(field))


def lines(model):
    names = {one["name"] for kind in ("constants", "structs", "functions") for one in model[kind]} | set(model["opaque"])
    yield "// SPDX-License-Identifier: BSD-2-Clause"
    yield "// Made by examples/ffi/generate from the headers of rheo %s." % model["version"]
    yield ""
    yield "use core::ffi::c_void;"
    yield "use core::marker::{PhantomData, PhantomPinned};"
    yield "use std::os::raw::c_char;"
    yield ""
    for constant in model["constants"]:
        yield from doc(sentence(constant["doc"], "As in C."), names)
        yield "pub const %s: %s = %d;" % (constant["name"], SCALARS[constant["type"]], constant["value"])
    yield ""
    for name in model["opaque"]:
        yield from opaque_lines(name)
    for struct in model["structs"]:
        yield from struct_lines(struct, names)
    yield 'extern "C" {'
    for function in model["functions"]:
        yield from function_lines(function, names)
    yield "}"
    yield ""
    told = "Passes all statuses but `RHEO_OK` to the macro `$with`: name, what it tells, value, C's name, text."
    yield from macro_lines("rheo_statuses", told, [("$with:ident", status_list(model))])
    told = "Passes the settings of a configuration to the macro `$with`: documentation, name, type."
    configs = [struct for struct in model["structs"] if struct["name"].endswith("_config_t")]
    arms = [(struct["name"] + ", $with:ident", setting_list(struct, names)) for struct in configs]
    yield from macro_lines("rheo_settings", told, arms)
    told = "Passes all structs with the names of their fields to the macro `$with`."
    body = ["%s { %s }" % (one["name"], " ".join(field["name"] for field in one["fields"])) for one in model["structs"]]
    yield from macro_lines("rheo_structs", told, [("$with:ident", body)])
