# SPDX-License-Identifier: BSD-2-Clause
"""What Java has to know, as files: a line "==== NAME" begins each.

Native.java and native.c: every C function as a static native. A handle is a long;
a pointer to a struct is a byte[] (the verdict's, which is reused, an address);
where C stores one result, that is what the native returns, and a status below 0
is thrown. A function that is told the time has a twin, ...Now, that reads the
clock in the same crossing. Besides: configurations, records, the verdict, enums,
statuses and an exception for each of them.
"""

import html
import re
import textwrap

LICENCE = "// SPDX-License-Identifier: BSD-2-Clause\n"
NUMBERS = {
    "uint64_t": ("long", "jlong"),
    "int64_t": ("long", "jlong"),
    "uint32_t": ("int", "jint"),
    "int32_t": ("int", "jint"),
}
BY_ADDRESS = "rheo_verdict_t"

ENUMS = {
    "State": ("How a breaker stands.", r"RHEO_(CLOSED|OPEN|HALF_OPEN)"),
    "Outcome": ("How a call that was admitted ended.", r"RHEO_(SUCCESS|FAILURE|IGNORED)"),
    "Mode": ("Who decides: the breaker, or whoever forced it.", r"RHEO_(AUTO|FORCED_OPEN|FORCED_CLOSED|DISABLED)"),
    "Cause": ("What caused a breaker's transition.", r"RHEO_CAUSE_(\w+)"),
    "Level": ("What becomes of a bucket's tokens when it is reconfigured.", r"RHEO_BUCKET_(KEEP|SCALE|RESET)"),
}
ENUM_FIELDS = {"state": "State", "from_state": "State", "to_state": "State", "mode": "Mode", "from_mode": "Mode",
               "to_mode": "Mode", "cause": "Cause", "status": "Status", "shadow_status": "Status"}  # fmt: skip
BY_HAND = "InvalidArgument"  # it has a field more
HIDDEN = ("struct_size", "reserved")
# Times, of which any 64 bits may be one; all other _ns are durations, FOREVER where they are beyond a long.
INSTANTS = ("at_ns", "decided_ns", "time_ns", "published_ns")
ANY_BITS = ("jitter_seed", "flags", "breaker", "bucket")  # the last two are handles

# Both mean "not while the breaker is so": one type to catch, status() tells them apart.
EXCEPTIONS = {"REJ_RATE": "RateLimited", "REJ_OPEN": "BreakerOpen", "REJ_PROBE": "BreakerOpen", "REJ_NEVER": "NeverPasses",
              "ERR_INVAL": "InvalidArgument", "ERR_NOSPC": "NoSpace", "ERR_VERSION": "VersionMismatch"}  # fmt: skip


def camel(name):
    first, *rest = name.split("_")
    return first + "".join(part.title() for part in rest)


def pascal(name):
    return "".join(part.title() for part in name.lower().split("_"))


def java_name(name):  # rheo_bucket_try_acquire: bucketTryAcquire
    return camel(name[len("rheo_") :])


def class_name(struct):
    return pascal(re.fullmatch(r"rheo_(\w+)_t", struct).group(1))


def doc(text, indent=""):
    """A Javadoc comment of plain text."""
    text = html.escape(text.strip(), quote=False).replace("@", "&#64;").replace("*/", "*&#47;")
    return (
        "%s/** %s */" % (indent, text)
        if len(text) < 90 and "\n" not in text
        else "\n".join(
            [indent + "/**"] + [(indent + " * " + line).rstrip() for line in textwrap.wrap(text, 94)] + [indent + " */"]
        )
    )


def declared(type_, name):  # in C
    type_ = type_.rstrip()
    return type_ + ("" if type_.endswith("*") else " ") + name


class Function:
    """A function on both sides of the border."""

    def __init__(self, known, function, reads_clock):
        self.function, self.reads_clock = function, reads_clock
        self.handles = {name + " *" for name in known["opaque"]}
        outs = [p for p in function["params"] if self.is_out(p["type"])]
        self.out = outs[0] if len(outs) == 1 and function["returns"] == "int32_t" else None
        self.name = java_name(function["name"]) + ("Now" if reads_clock else "")
        self.java, self.jni, self.args, self.arrays = [], [], [], []
        for param in function["params"]:
            self.add(param["name"], param["type"])

    @staticmethod
    def is_out(type_):
        return type_.endswith("**") or type_ in ("uint64_t *", "uint32_t *")

    def add(self, name, type_):
        plain, own = type_.replace("const ", ""), camel(name)
        if self.reads_clock and name == "now_ns":
            self.args.append("rheo_now_ns()")
        elif self.out and name == self.out["name"]:
            self.args.append("&answer")
        elif plain in NUMBERS:
            self.passed(own, *NUMBERS[plain], "(%s)%s" % (plain, own))
        elif plain in self.handles or plain in ("void *", BY_ADDRESS + " *"):
            self.passed(own, "long", "jlong", "(%s)(uintptr_t)%s" % (plain, own))
        else:
            self.arrays.append((own, type_.startswith("const ")))
            self.passed(own, "byte[]", "jbyteArray", "(%s)(void *)%s_" % (type_, own))

    def passed(self, name, java, jni, arg):
        self.java.append("%s %s" % (java, name))
        self.jni.append("%s %s" % (jni, name))
        self.args.append(arg)

    def returns(self):
        if self.out:
            inner = self.out["type"][:-2].rstrip()
            return NUMBERS.get(inner, ("long", "jlong"))
        return NUMBERS.get(self.function["returns"], ("String", "jstring"))

    def declaration(self):
        return "  static native %s %s(%s);" % (self.returns()[0], self.name, ", ".join(self.java))

    def definition(self):
        jni = self.returns()[1]
        params = "".join(", " + param for param in self.jni)
        yield "JNIEXPORT %s JNICALL Java_rheo_Native_%s(JNIEnv *env, jclass type%s)" % (jni, self.name, params)
        yield "{"
        for name, _ in self.arrays:
            yield "\tvoid *%s_ = elements(env, %s);" % (name, name)
        if self.out:
            yield "\t%s = 0;" % declared(self.out["type"][:-1], "answer")
        yield "\t%s;\n" % declared(self.function["returns"], "result")
        yield "\t(void)env, (void)type;\n\tINSIDE();"
        yield "\tresult = %s(%s);" % (self.function["name"], ", ".join(self.args))
        for name, const in self.arrays:
            yield "\trelease(env, %s, %s_, %s);" % (name, name, "JNI_ABORT" if const else "0")
        if self.out:
            yield "\tif (result < 0)\n\t\traise(env, result, 0);"
        if jni == "jstring":
            yield "\treturn result ? (*env)->NewStringUTF(env, result) : NULL;"
        else:
            yield "\treturn (%s)%s%s;" % (jni, "(uintptr_t)" if self.out and self.out["type"].endswith("**") else "",
                                          "answer" if self.out else "result")  # fmt: skip
        yield "}\n"


def natives(known):
    functions = []
    for function in known["functions"]:
        functions.append(Function(known, function, False))
        if any(param["name"] == "now_ns" for param in function["params"]):
            functions.append(Function(known, function, True))
    yield "==== Native.java"
    yield LICENCE + "package rheo;\n"
    yield "/** The C library, function by function. Nothing here keeps anything alive: that is for the callers. */"
    yield "final class Native {\n  static {\n    Library.load();\n  }\n\n  private Native() {}\n"
    yield from (function.declaration() for function in functions)
    yield "}\n==== native.c"
    yield "/* SPDX-License-Identifier: BSD-2-Clause */\n/* Made from rheo's headers; included by rheo_jni.c. */\n"
    for function in functions:
        yield from function.definition()


def told(field):
    return field["doc"] or field["name"].replace("_", " ")


def reading(field, base="at + "):
    """The Java type of a field and the expression that reads it from `bytes`, where the struct begins at `base`."""
    name, type_, where = field["name"], field["type"], "%s%d" % (base, field["offset"])
    if field["count"]:
        size = field["size"] // field["count"]
        parts = ", ".join("bytes.getLong(%s%d)" % (base, field["offset"] + i * size) for i in range(field["count"]))
        return "List<Long>", "List.of(%s)" % parts
    java = "long" if type_.endswith("*") else NUMBERS[type_][0]
    value = "bytes.get%s(%s)" % (java.title(), where)
    if name in ENUM_FIELDS:
        return ENUM_FIELDS[name], "%s.of(%s)" % (ENUM_FIELDS[name], value)
    if java == "long" and name.endswith("_ns") and name not in INSTANTS:
        return java, "Struct.duration(%s)" % value
    return java, value


def fields_of(struct):
    return [field for field in struct["fields"] if field["name"] not in HIDDEN]


def config(struct, init):
    name, public = class_name(struct["name"]), "" if struct["name"] == "rheo_guard_config_t" else "public "
    yield LICENCE + "package rheo;\n"
    yield "/** Settings, with defaults to begin with; what is not allowed is found when something is made of them. */"
    yield "%sfinal class %s extends Struct {\n  static final int SIZE = %d;\n" % (public, name, struct["size"])
    yield "  /** All defaults. */\n  %s%s() {\n    super(SIZE);" % (public, name)
    yield "    Status.check(Native.%s(array, SIZE));\n  }" % init
    for field in fields_of(struct):
        java = "long" if field["type"].endswith("*") else NUMBERS[field["type"]][0]
        own, index = camel(field["name"]), "int index, " if field["count"] else ""
        where = "%d%s" % (field["offset"], " + index * 8" if index else "")
        value = "value" if field["name"] in ANY_BITS else 'InvalidArgument.unlessNegative("%s", value)' % field["name"]
        yield "\n%s" % doc(told(field), "  ")
        yield "  %s%s %s(%s%s value) {" % (public, name, own, index, java)
        yield "    bytes.put%s(%s, %s);\n    return this;\n  }" % (java.title(), where, value)
        yield "\n  /** What is set. */"
        yield "  %s%s %s(%s) {\n    return bytes.get%s(%s);\n  }" % (
            public, java, own, index.rstrip(", "), java.title(), where)  # fmt: skip
    yield "}\n"


def record(struct):
    name = class_name(struct["name"])
    read = [(camel(field["name"]), told(field)) + reading(field) for field in fields_of(struct)]
    yield LICENCE + "package rheo;\n\nimport java.nio.ByteBuffer;"
    if any(java.startswith("List") for _, _, java, _ in read):
        yield "import java.util.List;"
    yield "\n/**\n * What was seen at one moment.\n *"
    for own, text, _, _ in read:
        yield textwrap.fill(
            "@param %s %s" % (own, html.escape(text, quote=False)), 98, initial_indent=" * ", subsequent_indent=" *     "
        )
    yield " */\npublic record %s(" % name
    yield ",\n".join("    %s %s" % (java, own) for own, _, java, _ in read) + ") {"
    yield "  static final int SIZE = %d;\n" % struct["size"]
    yield "  static %s of(ByteBuffer bytes, int at) {\n    return new %s(" % (name, name)
    yield ",\n".join("        " + expression for _, _, _, expression in read) + ");\n  }\n}\n"


def verdict(struct):
    yield LICENCE + "package rheo;\n"
    yield doc("What a guard answered. Make one and use it again and again, in one thread at a time: C writes into its "
              "memory, and each question overwrites the last answer.")  # fmt: skip
    yield "public final class Verdict extends Struct {\n  static final int SIZE = %d;" % struct["size"]
    yield "\n  private final long address;\n"
    yield "  /** Nothing asked yet: all 0. */\n  public Verdict() {\n    super(Memory.allocate(SIZE));"
    yield "    address = Library.address(bytes);\n  }\n\n  long address() {\n    return address;\n  }"
    for field in fields_of(struct):
        java, expression = reading(field, "")
        yield "\n%s\n  public %s %s() {\n    return %s;\n  }" % (
            doc(told(field), "  "),
            java,
            camel(field["name"]),
            expression,
        )
    yield "}\n"


def enum(known, name):
    about, pattern = ENUMS[name]
    found = [(re.fullmatch(pattern, one["name"]), one) for one in known["constants"]]
    members = [(match.group(1), one) for match, one in found if match]
    assert [one["value"] for _, one in members] == list(range(len(members))), name
    yield "%spackage rheo;\n\n%s\npublic enum %s {" % (LICENCE, doc(about), name)
    # A comment on a whole list stands before its first constant.
    text = [
        doc(member.lower().replace("_", " ") if one["doc"][-1:] in ("", ".") else one["doc"], "  ") + "\n  " + member
        for member, one in members
    ]
    yield ",\n".join(text) + ";\n\n  private static final %s[] ALL = values();\n" % name
    yield "  static %s of(int value) {\n    if (value < 0 || value >= ALL.length) throw new Corrupt(Status.ERR_CORRUPT);" % name
    yield "    return ALL[value];\n  }\n}\n"


def statuses(known):
    yield "%spackage rheo;\n\n/** What C answers: 0 done, above 0 a policy's no, below 0 the caller's error. */" % LICENCE
    yield "public enum Status {"
    yield ",\n".join(
        '%s\n  %s(%d, "%s")' % (doc(s["text"], "  "), s["name"], s["value"], s["text"]) for s in known["status"]
    ) + ";\n"
    yield "  private final int code;\n  private final String text;\n"
    yield "  Status(int code, String text) {\n    this.code = code;\n    this.text = text;\n  }\n"
    yield "  /** The number C has for it. */\n  public int code() {\n    return code;\n  }\n"
    yield "  /** One line for people. */\n  public String text() {\n    return text;\n  }\n"
    yield "  static Status of(int code) {\n    return switch (code) {"
    yield from ("      case %d -> %s;" % (s["value"], s["name"]) for s in known["status"])
    yield '      default -> throw new IllegalStateException("status " + code);\n    };\n  }\n'
    yield "  static int check(int code) {\n    if (code < 0) throw of(code).exception(0);\n    return code;\n  }\n"
    yield "  RheoException exception(long retryAfterNs) {\n    return switch (this) {"
    for one, name in thrown(known):
        yield "      case %s -> new %s(this%s);" % (one["name"], name, ", retryAfterNs" if one["value"] > 0 else "")
    yield "      default -> throw new IllegalStateException(name());\n    };\n  }\n}\n"


def thrown(known):
    for one in known["status"]:
        if one["name"] not in ("OK", "STALE"):
            yield one, EXCEPTIONS.get(one["name"], pascal(re.sub("^(REJ|ERR)_", "", one["name"])))


def exceptions(known):
    for name in dict.fromkeys(name for _, name in thrown(known)):
        if name == BY_HAND:
            continue
        of = [one for one, its in thrown(known) if its == name]
        base, more, told = (
            ("Refused", ", long retryAfterNs", "retryAfterNs") if of[0]["value"] > 0 else ("RheoException", "", "null")
        )
        yield "==== %s.java" % name
        yield "%spackage rheo;\n\n%s" % (LICENCE, doc("Thrown where " + ", or ".join(one["text"] for one in of) + "."))
        yield "public final class %s extends %s {\n  private static final long serialVersionUID = 1;\n" % (name, base)
        yield "  %s(Status status%s) {\n    super(status, %s);\n  }\n}" % (name, more, told)


def constants(known):
    named = {"BUCKET_START_EMPTY", "BREAKER_PROBE_TIMEOUT_CANCELS", "GUARD_BUCKETS", "GUARD_SHADOW", "GUARD_LEAN", "BY_NOBODY",
             "BY_BREAKER", "BY_BUCKET", "PERMIT_NONE", "VERSION_MAJOR", "VERSION_MINOR", "VERSION_PATCH"}  # fmt: skip
    yield "==== Rheo.java"
    yield "%spackage rheo;\n\n/** Constants, the clock and the library's version. */\npublic final class Rheo {" % LICENCE
    for one in known["constants"]:
        if one["name"][len("RHEO_") :] in named:
            java, value = NUMBERS[one["type"]][0], one["value"]
            yield "%s\n  public static final %s %s = %d;\n" % (
                doc(one["doc"] or one["name"], "  "),
                java,
                one["name"][len("RHEO_") :],
                value,
            )
    yield '  /** The version these classes were made for. */\n  public static final String VERSION = "%s";\n' % known["version"]
    yield "  /** No limit, never, or unknown, wherever a duration is returned. */"
    yield "  public static final long FOREVER = Long.MAX_VALUE;\n\n  private Rheo() {}\n"
    yield "  /** The monotonic time that calls use which are not told one. */"
    yield "  public static long nowNs() {\n    return Native.nowNs();\n  }\n"
    yield "  /** The version of the C library that is running. */"
    yield "  public static String version() {\n    return Native.versionString();\n  }\n}\n"


def lines(known):
    yield from natives(known)
    yield from constants(known)
    for struct in known["structs"]:
        yield "==== %s.java" % class_name(struct["name"])
        if struct["name"].endswith("_config_t"):
            yield from config(struct, java_name(struct["name"][: -len("_t")] + "_init"))
        elif struct["name"] == BY_ADDRESS:
            yield from verdict(struct)
        else:
            yield from record(struct)
    for name in ENUMS:
        yield "==== %s.java" % name
        yield from enum(known, name)
    yield "==== Status.java"
    yield from statuses(known)
    yield from exceptions(known)
