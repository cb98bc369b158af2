# SPDX-License-Identifier: BSD-2-Clause
"""What rheo's public headers say, as plain data: constants, structs, functions.

Read by clang, so that nothing here knows C's grammar; the values of macros and
the layout of structs come from a program that the C compiler builds.

    model()["constants"]  [{name, value, type, doc}]   type: int32_t, uint32_t, uint64_t
    model()["structs"]    [{name, size, doc, fields: [{name, type, count, offset, size, doc}]}]
                          count: elements of an array, 0 for what is none
    model()["opaque"]     [name]                       types of which there are only pointers
    model()["functions"]  [{name, returns, params: [{name, type}], doc, header}]
    model()["status"]     [{name, value, text}]        RHEO_STATUS_MAP, without the prefix
    model()["version"]    "0.1.0"

A type is C's spelling with one space between words and none before a star's:
"uint64_t", "const rheo_bucket_config_t *", "rheo_bucket_t **", "void *".
"""

import json
import os
import re
import subprocess
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))
INCLUDE = os.path.join(ROOT, "include")
HEADERS = ["version", "export", "status", "clock", "counter", "bucket", "breaker", "guard"]
CC = os.environ.get("CC", "cc")
CLANG = os.environ.get("CLANG", "clang")

# Macros that are not constants.
NOT_CONSTANTS = re.compile(r"RHEO_(API|BEGIN_DECLS|END_DECLS|\w+_H)$")


def run(command, **more):
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, universal_newlines=True, **more).stdout


def text_of(header):
    with open(os.path.join(INCLUDE, "rheo", header + ".h"), encoding="utf-8") as file:
        return file.read()


def comment_before(text, at):
    """The comment that ends right before offset `at`, without its stars; ""."""
    before = text[:at].rstrip()
    if not before.endswith("*/"):
        return ""
    begin = before.rindex("/*")
    if before[before.rfind("\n", 0, begin) + 1 : begin].strip():
        return ""  # it stands beside something else
    body = before[begin + 2 : -2]
    lines = [re.sub(r"^\s*\* ?", "", line).rstrip() for line in body.split("\n")]
    return "\n".join(lines).strip()


def comment_beside(text, at):
    """The comment on the line of offset `at`, after it, however many lines it goes on."""
    found = re.match(r"[^\n]*?;[ \t]*/\*(.*?)\*/", text[at:], re.S)
    return re.sub(r"\s+", " ", found.group(1)).strip() if found else ""


def syntax():
    """The declarations of the headers, each with the header that has it."""
    source = "#include <rheo/rheo.h>\n"
    tree = json.loads(
        run([CLANG, "-x", "c", "-std=c11", "-I" + INCLUDE, "-Xclang", "-ast-dump=json", "-fsyntax-only", "-"], input=source)
    )
    header = ""
    for node in tree["inner"]:
        place = node.get("loc", {})
        place = place.get("expansionLoc", place)
        header = os.path.basename(place.get("file", header))
        yield header.replace(".h", ""), node


def spelled(type_):
    return re.sub(r"\s+", " ", type_).strip()


def struct_of(header, name, node):
    text = text_of(header)
    fields = []
    for field in node["inner"]:
        if field["kind"] != "FieldDecl":
            continue
        type_, count = re.fullmatch(r"(.*?)\s*(?:\[(\d+)\])?", field["type"]["qualType"]).groups()
        fields.append(
            {
                "name": field["name"],
                "type": spelled(type_),
                "count": int(count or 0),
                "doc": comment_beside(text, field["range"]["begin"]["offset"]),
            }
        )
    at = text.index("typedef struct " + node["name"] + " {")
    return {"name": name, "doc": comment_before(text, at), "fields": fields}


def function_of(header, node):
    text = text_of(header)
    at = re.search(r"^RHEO_API [^;]*?\b" + node["name"] + r"\(", text, re.M).start()
    params = [part for part in node.get("inner", []) if part["kind"] == "ParmVarDecl"]
    return {
        "name": node["name"],
        "returns": spelled(node["type"]["qualType"].split("(")[0]),
        "params": [{"name": part["name"], "type": spelled(part["type"]["qualType"])} for part in params],
        "doc": comment_before(text, at),
        "header": header,
    }


def constants_and_layout(names, structs):
    """Asks the C compiler for the value and type of each constant, and for each offset."""
    lines = ["#include <rheo/rheo.h>", "#include <inttypes.h>", "#include <stdio.h>", "int main(void) {"]
    for name in names:
        lines.append(
            'printf("%s\\t%%s\\t%%" PRId64 "\\t%%" PRIu64 "\\n", _Generic((%s), int: "int32_t", unsigned: "uint32_t", '
            'default: "uint64_t"), (int64_t)(%s), (uint64_t)(%s));' % (name, name, name, name)
        )
    for struct in structs:
        lines.append('printf("%s\\t%%zu\\n", sizeof(%s));' % (struct["name"], struct["name"]))
        for field in struct["fields"]:
            pair = (struct["name"], field["name"])
            lines.append('printf("%%zu\\t%%zu\\n", offsetof(%s, %s), sizeof(((%s *)0)->%s));' % (pair + pair))
    lines.append("return 0; }")
    with tempfile.TemporaryDirectory() as folder:
        source, program = os.path.join(folder, "ask.c"), os.path.join(folder, "ask")
        with open(source, "w", encoding="utf-8") as file:
            file.write("\n".join(lines))
        run([CC, "-std=c11", "-I" + INCLUDE, source, "-o", program])
        answers = iter(run([program]).splitlines())
    constants = []
    for name in names:
        _, type_, signed, unsigned = next(answers).split("\t")
        constants.append({"name": name, "type": type_, "value": int(signed if type_ == "int32_t" else unsigned)})
    for struct in structs:
        struct["size"] = int(next(answers).split("\t")[1])
        for field in struct["fields"]:
            field["offset"], field["size"] = map(int, next(answers).split("\t"))
    return constants


def model():
    structs, functions, opaque, records, enums = [], [], [], {}, []
    for header, node in syntax():
        if header not in HEADERS:
            continue
        name = node.get("name", "")
        if node["kind"] == "RecordDecl" and node.get("completeDefinition"):
            records[name] = node
        elif node["kind"] == "TypedefDecl" and name.startswith("rheo_"):
            tag = name[: -len("_t")]
            if tag in records:
                structs.append(struct_of(header, name, records[tag]))
            else:
                opaque.append(name)
        elif node["kind"] == "FunctionDecl":
            functions.append(function_of(header, node))
        elif node["kind"] == "EnumDecl":
            enums += [part["name"] for part in node["inner"] if part["kind"] == "EnumConstantDecl"]

    macros, docs = [], {}
    for header in HEADERS:
        text = text_of(header)
        for found in re.finditer(r"^#define (RHEO_\w+) +(\S[^\n]*)", text, re.M):
            name = found.group(1)
            if NOT_CONSTANTS.match(name) or name in macros:
                continue
            macros.append(name)
            beside = re.search(r"/\*(.*?)\*/", found.group(2))
            docs[name] = beside.group(1).strip() if beside else comment_before(text, found.start())
    status = [
        {"name": name, "value": int(value), "text": told}
        for name, value, told in re.findall(r'X\((\w+), (-?\d+), "([^"]*)"\)', text_of("status"))
    ]
    for one in status:
        docs["RHEO_" + one["name"]] = one["text"]
    enums = [name for name in enums if name != "RHEO_STATUS_AFTER_LAST"]
    constants = constants_and_layout(enums + macros, structs)
    for constant in constants:
        constant["doc"] = docs.get(constant["name"], "")
    number = {constant["name"]: constant["value"] for constant in constants}
    return {
        "version": ".".join(str(number["RHEO_VERSION_" + part]) for part in ("MAJOR", "MINOR", "PATCH")),
        "constants": constants,
        "status": status,
        "structs": structs,
        "opaque": opaque,
        "functions": functions,
    }


def layout(known):
    """One line a field: struct, field, offset, size; and one a struct: name, "", 0, size."""
    for struct in known["structs"]:
        yield "%s\t\t0\t%d" % (struct["name"], struct["size"])
        for field in struct["fields"]:
            yield "%s\t%s\t%d\t%d" % (struct["name"], field["name"], field["offset"], field["size"])
