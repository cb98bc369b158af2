#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Plants small faults in lib/ and reports how many of them the tests catch.

    mutate.py [--mutants N|all] [--seed N] [--folders "bucket breaker guard"] [--names FILE] [--work DIR] ...

Prints the score of each folder and the faults that survived; exit 1 where a
folder scores below --least percent, or equivalent.tsv is wrong. The same seed
takes the same faults, and goes on doing so for code that does not change.
"""

import argparse
import collections
import concurrent.futures
import hashlib
import json
import os
import queue
import re
import resource
import shutil
import subprocess
import sys
import time

from faults import faults_of, planted
from programs import PROGRAMS, BuildFailed, Builder

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))

# In the order of what they cost; the first that fails ends a fault's life.
Stage = collections.namedtuple("Stage", "name program arguments")
STAGES = [
    Stage("unit", "unit", ["{order}"]),
    Stage("property", "property", ["200"]),
    Stage("conformance", "conformance", ["{work}/cases"]),
    Stage("explore", "explore", ["--limit", "{executions}", "{scenarios}"]),
    Stage("checked", "checked", ["{order}"]),
    Stage("budget", "budget", ["{work}/budget.tsv"]),
]
SLACK = 10  # instructions: what loses a quick path costs more, and other faults are for the stages before to catch
SCENARIOS = {"bucket": "bucket. lanes. own. guard.", "breaker": "breaker. probe. own. guard.", "guard": "guard.",
             "counter": "counter. bucket."}  # of the explorer, by folder; else all
LONG_SUITE = "strict_regressions_from_issues"  # of the conformance cases: millions of calls, left out

Result = collections.namedtuple("Result", "fault outcome stage detail seconds")


class Bench:
    """The programs, how long each takes with a sound library, and what runs them."""

    def __init__(self, builder, stages, executions):
        self.b, self.stages, self.executions = builder, stages, executions
        builder.build_sound(sorted({s.program for s in stages}))
        self.copy_cases()
        self.set_budget()
        self.limits, self.orders = {}, {}
        self.time_unit_tests()
        for s in stages:
            before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
            ok, said = self.run(s, os.path.join(self.b.work, s.program), 60)
            spent = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - before
            if not ok:
                sys.exit("mutation: %s fails on the library as it is: %s" % (s.name, said))
            self.limits[s.name] = int(3 * spent) + 2
            print("mutation: %-11s passes on the library as it is, %.2f s" % (s.name, spent), flush=True)

    def copy_cases(self):
        at = os.path.join(self.b.work, "cases")
        shutil.copytree(os.path.join(self.b.tree, "tests/conformance/cases"), at, dirs_exist_ok=True)
        path = os.path.join(at, "limiter.json")
        with open(path, encoding="utf-8") as f:
            cases = json.load(f)
        cases["suites"] = [s for s in cases["suites"] if s["id"] != LONG_SUITE]
        with open(path, "w", encoding="utf-8") as f:
            json.dump(cases, f)

    def set_budget(self):
        """What each call of the sound library costs, as this compiler has it; without, where calls cannot be stepped."""
        if not any(s.program == "budget" for s in self.stages):
            return
        said = subprocess.run([os.path.join(self.b.work, "budget"), "/dev/null"], cwd=self.b.tree, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT).stdout.decode()
        rows = [r for r in (re.match(r"(.+?) +(own|shared) +(\d+) +\d+ +(\d+)/\d+ +(\d+)/", x) for x in said.splitlines()) if r]
        if not rows or "cannot be stepped" in said:
            print("mutation: budget SKIPPED, calls cannot be stepped through here")
            self.stages = [s for s in self.stages if s.program != "budget"]
        with open(os.path.join(self.b.work, "budget.tsv"), "w", encoding="utf-8") as f:
            for call, mode, instructions, locked, divisions in (r.groups() for r in rows):
                f.write("%s\t%s\t%d\t%s\t%s\n" % (call, mode, int(instructions) + SLACK, locked, divisions))

    def time_unit_tests(self):
        self.tests = []
        if not any(s.program == "unit" for s in self.stages):
            return
        out = subprocess.run([os.path.join(self.b.work, "unit")], cwd=self.b.tree, stdout=subprocess.PIPE,
                             stderr=subprocess.STDOUT).stdout.decode()
        for line in out.splitlines():
            part = line.split()
            if len(part) == 3 and "/" in part[0] and part[2].endswith(".c"):
                self.tests.append((float(part[1]), part[0], os.path.basename(part[2])))
        if "FAILED" in out or not self.tests or "%d tests" % len(self.tests) not in out:
            sys.exit("mutation: the unit tests fail on the library as it is:\n" + out[-2000:])
        self.tests.sort()

    def order_for(self, path):
        """A file of tests, the quick ones before the slow: first those of the source file itself, then of its folder."""
        folder, base = ("", "") if path is None else os.path.splitext(path)[0].split("/")[-2:]
        out = os.path.join(self.b.work, "order-%s-%s" % (folder, base))

        def far(test):
            return (not test[2].startswith((folder + "_" + base, base + "_test")), not test[2].startswith(folder),
                    test[0], test[1])

        if path not in self.orders:
            with open(out, "w", encoding="utf-8") as f:
                f.writelines(t[1] + "\n" for t in sorted(self.tests, key=far))
            self.orders[path] = out
        return out

    def run(self, stage, program, cpu, path=None):
        """Whether the stage passes, and the last that it said."""
        arguments = []
        for a in stage.arguments:
            if a == "{scenarios}":
                arguments += SCENARIOS.get(path.split("/")[0], "").split() if path else []
            else:
                arguments.append(a.format(order=self.order_for(path), work=self.b.work,
                                          executions=self.executions))
        memory = "" if PROGRAMS[stage.program].flavour == "checked" else "ulimit -v 4000000; "
        command = ["sh", "-c", "ulimit -c 0; ulimit -t %d; %sexec \"$@\"" % (cpu, memory), "sh", program]
        try:
            p = subprocess.run(command + arguments, cwd=self.b.tree, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                               stderr=subprocess.STDOUT, timeout=20 * cpu)
        except subprocess.TimeoutExpired:
            return False, "no end"
        lines = p.stdout.decode(errors="replace").strip().splitlines()
        told = [x for x in lines if "FAILED" in x or "BROKEN" in x] or lines[-1:] or [""]
        return p.returncode == 0, told[0] if p.returncode > 0 else "signal %d" % -p.returncode

    def judge(self, fault, cwd):
        """Plants the fault in the worker's copy and asks one stage after the other."""
        begin = time.monotonic()
        path = "lib/" + fault.file
        with open(os.path.join(self.b.tree, path), encoding="utf-8") as f:
            sound = f.read()
        with open(os.path.join(cwd, path), "w", encoding="utf-8") as f:
            f.write(planted(sound, fault))
        try:
            outcome, stage, detail = self.ask(fault, path, cwd)
        except BuildFailed as e:
            outcome, stage, detail = "not built", "", str(e)
        finally:
            with open(os.path.join(cwd, path), "w", encoding="utf-8") as f:
                f.write(sound)
        return Result(fault, outcome, stage, detail, time.monotonic() - begin)

    def ask(self, fault, path, cwd):
        built, linked = {}, {}
        for s in self.stages:
            flavour = PROGRAMS[s.program].flavour
            if s.program == "checked" and self.is_same(fault, path, cwd, built):
                return "same code", "", ""
            if flavour not in built:
                wanted = {x for t in self.stages if PROGRAMS[t.program].flavour == flavour
                          for x in self.b.sources(t.program)}
                built[flavour] = self.b.rebuild(flavour, path, cwd, wanted)
            instead, differs = built[flavour]
            if not differs:
                continue
            if s.program not in linked:
                linked[s.program] = os.path.join(cwd, s.program)
                self.b.link(s.program, instead, linked[s.program])
            ok, said = self.run(s, linked[s.program], self.limits[s.name], fault.file)
            if not ok:
                return "caught", s.name, said
        return "survived", "", ""

    def is_same(self, fault, path, cwd, built):
        """The same machine code is the same program; orders have to be the same for the explorer too."""
        if self.b.rebuild("product", path, cwd, self.b.lib)[1]:
            return False
        return fault.kind != "order" or not built.get("explore", (None, True))[1]


def worker_folder(builder, i):
    cwd = os.path.join(builder.work, "worker%d" % i)
    shutil.rmtree(cwd, ignore_errors=True)
    shutil.copytree(os.path.join(builder.tree, "lib"), os.path.join(cwd, "lib"))
    for folder in ("include", "tests", "bench"):
        os.symlink(os.path.abspath(os.path.join(builder.tree, folder)), os.path.join(cwd, folder))
    return cwd


def all_faults(tree, folders):
    found = []
    for folder in folders:
        for name in sorted(os.listdir(os.path.join(tree, "lib", folder))):
            if name.endswith((".c", ".h")):
                with open(os.path.join(tree, "lib", folder, name), encoding="utf-8") as f:
                    found += faults_of("%s/%s" % (folder, name), f.read())
    return found


def line_of(tree, fault):
    with open(os.path.join(tree, "lib", fault.file), encoding="utf-8") as f:
        return f.read().splitlines()[fault.line - 1].strip()


def read_equivalents(path, tree):
    """name -> reason; and how many rows no longer say what is there."""
    reasons, stale = {}, 0
    folders = [d.name for d in os.scandir(os.path.join(tree, "lib")) if d.is_dir()]
    known = {f.name: f for f in all_faults(tree, folders)}
    with open(path, encoding="utf-8") as f:
        for n, row in enumerate(f, 1):
            if row.startswith("#") or not row.strip():
                continue
            name, line, reason = row.rstrip("\n").split("\t")
            if name not in known or line_of(tree, known[name]) != line or not reason:
                print("mutation: equivalent.tsv:%d is stale: %s" % (n, name))
                stale += 1
            reasons[name] = reason
    return reasons, stale


def chosen(faults, options):
    if options.names:
        with open(options.names, encoding="utf-8") as f:
            names = {line.split("\t")[0].rstrip("\n") for line in f}
        return [f for f in faults if f.name in names]
    by_folder = collections.defaultdict(list)
    for f in faults:
        by_folder[f.file.split("/")[0]].append(f)
    if options.mutants == "all":
        return faults
    each = -(-int(options.mutants) // len(by_folder))
    picked = []
    for of_folder in by_folder.values():
        of_folder.sort(key=lambda f: hashlib.sha256(("%s %s" % (options.seed, f.name)).encode()).digest())
        picked += of_folder[:each]
    return picked


def judge_all(bench, faults, jobs, reasons, log):
    free = queue.Queue()
    for i in range(jobs):
        free.put(worker_folder(bench.b, i))

    def one(fault):
        cwd = free.get()
        try:
            return bench.judge(fault, cwd)
        finally:
            free.put(cwd)

    results = []
    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        for r in pool.map(one, faults):
            results.append(r)
            log.write("%s\t%s\t%s\t%.1f\t%s\n" % (r.fault.name, r.outcome, r.stage, r.seconds, r.detail.split("\n")[0]))
            log.flush()
            if r.outcome == "survived" and r.fault.name not in reasons:
                print("survived: lib/%s:%d: %s\n    %s" % (r.fault.file, r.fault.line, r.fault.name,
                                                        line_of(bench.b.tree, r.fault)), flush=True)
    return results


def report(results, reasons, least):
    good = True
    print("%-8s %8s %10s %10s %10s %8s %8s %7s" % ("lib/", "planted", "not built", "same code", "equivalent", "caught",
                                                  "survived", "score"))
    for folder in sorted({r.fault.file.split("/")[0] for r in results}):
        of = [r for r in results if r.fault.file.startswith(folder + "/")]
        count = collections.Counter("equivalent" if r.outcome == "survived" and r.fault.name in reasons else r.outcome
                                    for r in of)
        counted = count["caught"] + count["survived"]
        score = 100.0 * count["caught"] / counted if counted else 0.0
        print("%-8s %8d %10d %10d %10d %8d %8d %6.1f%%" % (folder, len(of), count["not built"], count["same code"],
              count["equivalent"], count["caught"], count["survived"], score))
        good = good and score >= least
    by = collections.Counter(r.stage for r in results if r.outcome == "caught")
    print("caught by: " + ", ".join("%s %d" % (s.name, by[s.name]) for s in STAGES if by[s.name]))
    for r in results:
        if r.fault.name in reasons and r.outcome == "caught":
            print("mutation: not equivalent: %s is caught by %s: %s" % (r.fault.name, r.stage, r.detail))
            good = False
    return good


def main():
    o = argparse.ArgumentParser()
    o.add_argument("--mutants", default="150")
    o.add_argument("--seed", default="1")
    o.add_argument("--folders", default="bucket breaker guard")
    o.add_argument("--names", help="a file of faults, a line each; a log of an earlier run will do")
    o.add_argument("--stages", default=",".join(s.name for s in STAGES))
    o.add_argument("--executions", default="1000", help="of each of the explorer's scenarios")
    o.add_argument("--least", type=float, default=95)
    o.add_argument("--jobs", type=int, default=1)
    o.add_argument("--cc", default="cc")
    o.add_argument("--work", default=os.path.join(TOP, "build/mutation"))
    o = o.parse_args()
    begin = time.monotonic()
    work = os.path.abspath(o.work)
    os.makedirs(work, exist_ok=True)
    builder = Builder(o.cc, TOP, work)
    reasons, stale = read_equivalents(os.path.join(HERE, "equivalent.tsv"), builder.tree)
    faults = chosen(all_faults(builder.tree, o.folders.split()), o)
    bench = Bench(builder, [s for s in STAGES if s.name in o.stages.split(",")], o.executions)
    for f in faults:
        bench.order_for(f.file)  # before there are threads
    print("mutation: %d faults, seed %s" % (len(faults), o.seed), flush=True)
    with open(os.path.join(work, "log.tsv"), "w", encoding="utf-8") as log:
        results = judge_all(bench, faults, o.jobs, reasons, log)
    good = report(results, reasons, o.least)
    print("mutation: %.0f s; %s" % (time.monotonic() - begin, "all folders at %g %% or more" % o.least if good and not stale
                                    else "BELOW WHAT IS ASKED"))
    return 0 if good and not stale and results else 1


if __name__ == "__main__":
    sys.exit(main())
