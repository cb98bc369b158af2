# SPDX-License-Identifier: BSD-2-Clause
"""The programs that run a library with a fault, and how to build them quickly.

A flavour is a way to compile; a program is made of the objects of one flavour.
All objects of the sound library and of the tests are built once, in a copy of
the sources that stays as it is however these change meanwhile. For a fault only
what includes the changed file is compiled again.
"""

import collections
import filecmp
import glob
import os
import shlex
import shutil
import subprocess

COMMON = "-std=c11 -D_GNU_SOURCE -w -pipe -Iinclude -Ilib -Itests -Itests/mutation"
SAN = "-fsanitize=address,undefined -fno-sanitize-recover=all"
FLAVOURS = {
    "plain": "-O1 -DGARBAGE_ROUNDS=60 -include tests/unit/inject.h",
    "explore": "-O1 -DRHEO_NO_CK -include tests/explore/atomic.h",
    "checked": "-O1 -DGARBAGE_ROUNDS=60 -DRHEO_NO_CK %s -include tests/unit/inject.h" % SAN,
    "product": "-O2 -fPIC -fvisibility=hidden",
}
Program = collections.namedtuple("Program", "flavour sources libs without")
PROGRAMS = {
    "unit": Program("plain", ["tests/unit/*.c", "tests/mutation/runner.c"], "", ""),
    "property": Program("plain", ["tests/property/*.c", "tests/mutation/hook.c"], "", ""),
    "conformance": Program("plain", ["tests/conformance/*.c", "tests/mutation/hook.c"], "-ljansson", ""),
    "explore": Program("explore", ["tests/explore/*.c"], "", "lib/port/ litmus.c outcomes.c program.c"),
    "checked": Program("checked", ["tests/unit/*.c", "tests/mutation/runner.c"], SAN, ""),
    "budget": Program("product", ["bench/budget.c"], "", ""),
}


class BuildFailed(Exception):
    pass


def run(command, cwd):
    r = subprocess.run(command, cwd=cwd, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if r.returncode != 0:
        raise BuildFailed("%s\n%s" % (shlex.join(command), r.stdout.decode(errors="replace")))


def copy_sources(top, tree):
    """Brings the copy up to date, touching only files that differ."""
    for folder in ("include", "lib", "tests", "bench"):
        kept = set()
        for at, folders, files in os.walk(os.path.join(top, folder)):
            folders[:] = [d for d in folders if d != "__pycache__"]
            to = os.path.join(tree, os.path.relpath(at, top))
            os.makedirs(to, exist_ok=True)
            for f in files:
                kept.add(os.path.join(to, f))
                if not os.path.exists(os.path.join(to, f)) or not filecmp.cmp(
                        os.path.join(at, f), os.path.join(to, f), shallow=False):
                    shutil.copyfile(os.path.join(at, f), os.path.join(to, f))
        for at, _, files in os.walk(os.path.join(tree, folder)):
            for f in files:
                if os.path.join(at, f) not in kept:
                    os.remove(os.path.join(at, f))


class Builder:
    def __init__(self, cc, top, work):
        self.cc, self.work, self.tree = shlex.split(cc), work, os.path.join(work, "tree")
        copy_sources(top, self.tree)
        port = "linux" if "linux" in subprocess.check_output(self.cc + ["-dumpmachine"]).decode() else "generic"
        self.lib = [s for s in self.find("lib/*/*.c")
                    if not os.path.basename(s).startswith("cpu_") or s.endswith("cpu_%s.c" % port)]
        probe = subprocess.run(self.cc + ["-ftrivial-auto-var-init=pattern", "-x", "c", "-c", "-o", "/dev/null", "-"],
                               input=b"int a;", stderr=subprocess.DEVNULL)
        # What a dropped assignment leaves unset is the same in every run.
        self.unset = ["-ftrivial-auto-var-init=pattern"] if probe.returncode == 0 else []
        stamp, flags = os.path.join(work, "flags"), "%s %s %s %s" % (cc, COMMON, FLAVOURS, self.unset)
        if not os.path.exists(stamp) or open(stamp, encoding="utf-8").read() != flags:
            shutil.rmtree(os.path.join(work, "obj"), ignore_errors=True)
            with open(stamp, "w", encoding="utf-8") as f:
                f.write(flags)
        self.readers = collections.defaultdict(lambda: collections.defaultdict(set))

    def find(self, pattern):
        return sorted(os.path.relpath(p, self.tree) for p in glob.glob(os.path.join(self.tree, pattern)))

    def sources(self, program):
        p = PROGRAMS[program]
        every = [s for pattern in p.sources for s in self.find(pattern)] + self.lib
        return [s for s in every if not any(s.endswith("/" + w) or s.startswith(w) for w in p.without.split())]

    def object(self, flavour, source):
        return os.path.join(self.work, "obj", flavour, source[:-2] + ".o")

    def compile(self, flavour, source, cwd, out, more=()):
        flags = FLAVOURS[flavour].split()
        if flavour != "product":
            flags += self.unset
        os.makedirs(os.path.dirname(out), exist_ok=True)
        run(self.cc + COMMON.split() + flags + ["-c", source, "-o", out, *more], cwd)

    def depends(self, out):
        with open(out[:-2] + ".d", encoding="utf-8") as f:
            return f.read().replace("\\\n", " ").split(":", 1)[1].split()

    def is_fresh(self, out):
        if not os.path.exists(out) or not os.path.exists(out[:-2] + ".d"):
            return False
        made = os.path.getmtime(out)
        return all(os.path.exists(os.path.join(self.tree, d)) and os.path.getmtime(os.path.join(self.tree, d)) <= made
                   for d in self.depends(out))

    def build_sound(self, programs):
        wanted = {(PROGRAMS[p].flavour, s) for p in programs for s in self.sources(p)}
        wanted |= {("product", s) for s in self.lib}
        for flavour, source in sorted(wanted):
            out = self.object(flavour, source)
            if not self.is_fresh(out):
                self.compile(flavour, source, self.tree, out, ["-MMD", "-MF", out[:-2] + ".d"])
            for d in self.depends(out):
                self.readers[flavour][os.path.normpath(d)].add(source)
        for p in programs:
            self.link(p, {}, os.path.join(self.work, p))

    def link(self, program, instead, out):
        p = PROGRAMS[program]
        objects = [instead.get(s) or self.object(p.flavour, s) for s in self.sources(program)]
        run(self.cc + objects + ["-o", out, "-pthread", *p.libs.split()], self.tree)

    def rebuild(self, flavour, path, cwd, wanted):
        """What of `wanted` reads the changed file, compiled again; and whether any object differs."""
        instead, differs = {}, False
        for source in sorted(self.readers[flavour][path] & set(wanted)):
            out = os.path.join(cwd, "obj", flavour, source[:-2] + ".o")
            self.compile(flavour, source, cwd, out)
            instead[source] = out
            differs = differs or not filecmp.cmp(out, self.object(flavour, source), shallow=False)
        return instead, differs
