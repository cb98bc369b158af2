#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Writes what a language has to know of rheo's C headers.

    generate.py model           everything, as JSON
    generate.py layout          offsets and sizes of every field, as C has them
    generate.py LANGUAGE        constants, structs and prototypes for it

A language is a module beside this file with a function `lines(model)`.
"""

import importlib
import json
import os
import sys

from model import layout, model


def main():
    here = os.path.dirname(os.path.abspath(__file__))
    languages = sorted(
        name[:-3] for name in os.listdir(here) if name.endswith(".py") and name not in ("generate.py", "model.py")
    )
    if len(sys.argv) != 2 or sys.argv[1] not in ["model", "layout"] + languages:
        sys.exit("generate.py: one of model, layout, " + ", ".join(languages))
    known = model()
    if sys.argv[1] == "model":
        print(json.dumps(known, indent=1))
    elif sys.argv[1] == "layout":
        print("\n".join(layout(known)))
    else:
        print("\n".join(importlib.import_module(sys.argv[1]).lines(known)))


main()
