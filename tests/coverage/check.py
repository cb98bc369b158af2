#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""
Compares what gcovr measured with the list of what is not reached.

        check.py UNREACHED.txt COVERAGE.json...

An entry of the list names a line by its file, function and text, so that it
survives lines that move; then which of the line's branches are not taken, as
gcov numbers them from 0, or `call` for a function that is never called; then
why, on lines that begin with white space:

        lib/room/file.c function 1,3: if (a || b)
                the reason

`sometimes` after the numbers says that a race may reach them. Fails where a
branch is not reached and not listed, or listed and reached or gone.
"""

import json
import re
import sys


def text_of(line):
    """A line of C without comments and spare white space."""
    return " ".join(re.sub(r"/\*.*?(\*/|$)", " ", line).split())


def functions_in(source):
    """The function that each line is in, by the style of this project: its name begins the line."""
    name, names = "-", []
    for line in source:
        begin = re.match(r"(\w+)\(", line)
        if begin and begin.group(1) not in ("_Static_assert", "__attribute__"):
            name = begin.group(1)
        names.append(name)
    return names


def merged(paths):
    """{file: ({first line of a function: times called}, {line: (times reached, {branch: times taken})})}"""
    files = {}
    for path in paths:
        for file in json.load(open(path))["files"]:
            functions, lines = files.setdefault(file["file"], ({}, {}))
            for f in file["functions"]:
                functions[f["lineno"]] = functions.get(f["lineno"], 0) + f["execution_count"]
            for line in file["lines"]:
                if line["gcovr/noncode"] or line["gcovr/excluded"]:
                    continue
                reached, branches = lines.get(line["line_number"], (0, {}))
                for i, branch in enumerate(line["branches"]):
                    branches[i] = branches.get(i, 0) + branch["count"]
                lines[line["line_number"]] = (reached + line["count"], branches)
    return files


def unreached_in(name, functions, lines):
    """{(file, function, text): branches not taken}, and how many lines and branches there are and are taken."""
    source = open(name).read().split("\n")
    names = functions_in(source)
    found = {}
    count = {"lines": 0, "reached lines": 0, "branches": 0, "taken": 0}
    never = {names[first - 1] for first, calls in functions.items() if calls == 0}
    for first, calls in functions.items():
        if calls == 0:
            found[(name, names[first - 1], text_of(source[first - 1]))] = {"call"}
    for number, (reached, branches) in lines.items():
        function = names[number - 1]
        missing = {str(i) for i, taken in branches.items() if taken == 0}
        count["lines"] += 1
        count["reached lines"] += reached > 0
        count["branches"] += len(branches)
        count["taken"] += len(branches) - len(missing)
        if missing and function not in never:
            found.setdefault((name, function, text_of(source[number - 1])), set()).update(missing)
    return found, count


def read_list(path):
    """{(file, function, text): (branches, sometimes)}; a malformed entry or one without a reason ends it all."""
    listed, last = {}, None
    for number, line in enumerate(open(path), 1):
        if not line.strip() or line.startswith("#"):
            continue
        if line[0].isspace():
            if last is None:
                sys.exit(f"{path}:{number}: a reason without an entry")
            last = None
            continue
        entry = re.fullmatch(r"(\S+) (\S+) ([0-9,]+|call)( sometimes)?: (.*)\n?", line)
        if entry is None or last is not None:
            sys.exit(f"{path}:{number}: not an entry" if entry is None else f"{path}:{number - 1}: no reason")
        last = entry.group(1, 2, 5)
        if last in listed:
            sys.exit(f"{path}:{number}: twice")
        listed[last] = (set(entry.group(3).split(",")), entry.group(4) is not None)
    return listed


def key_text(key, branches, sometimes=False):
    numbers = ",".join(sorted(branches, key=lambda b: (len(b), b)))
    return f"{key[0]} {key[1]} {numbers}{' sometimes' if sometimes else ''}: {key[2]}"


def main():
    listed = read_list(sys.argv[1])
    unreached, rows = {}, []
    for name, (functions, lines) in sorted(merged(sys.argv[2:]).items()):
        found, count = unreached_in(name, functions, lines)
        unreached.update(found)
        rows.append((name, count))
    total = {k: sum(count[k] for _, count in rows) for k in rows[0][1]}
    print(f"{'':28}{'lines':>7}{'reached':>9}{'branches':>10}{'taken':>7}{'listed':>8}")
    for name, count in rows + [("all", total)]:
        of_file = [e for k, e in listed.items() if name in ("all", k[0])]
        print(f"{name:28}{count['lines']:7}{count['reached lines']:9}{count['branches']:10}{count['taken']:7}"
              f"{sum(len(branches) for branches, _ in of_file):8}")

    faults = []
    for key, branches in unreached.items():
        more = branches - listed.get(key, (set(), False))[0]
        if more:
            faults.append(f"not reached, not listed: {key_text(key, more)}")
    for key, (branches, sometimes) in listed.items():
        gone = branches - unreached.get(key, set())
        if gone and not sometimes:
            faults.append(f"listed, but reached or no longer there: {key_text(key, gone)}")
    for fault in faults:
        print(fault)
    reachable = total["branches"] - sum(len(b - {"call"}) for b, _ in listed.values())
    print(f"coverage: {100 * total['reached lines'] / total['lines']:.1f} % of lines, "
          f"{100 * total['taken'] / total['branches']:.1f} % of {total['branches']} branches, "
          f"{100 * min(1, total['taken'] / reachable):.1f} % of the {reachable} that can be reached; "
          f"{len(faults)} faults")
    return 3 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
