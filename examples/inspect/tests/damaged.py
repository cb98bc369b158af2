# SPDX-License-Identifier: BSD-2-Clause
"""damaged.py INSPECT SEGMENT FOLDER: whatever is in a segment, the exit status is 0 or 1, soon, and never a signal."""

import os
import random
import subprocess
import sys
import threading
import time

INSPECT, SEGMENT, FOLDER = sys.argv[1:4]
NOW = "1006200000000"
FILE = os.path.join(FOLDER, "damaged")
HEADS = [128, 4096, 8192, 16384, 65280]
random.seed(1)
wrong = []
seen = {0: 0, 1: 0}


def look(what, *options):
    try:
        p = subprocess.run([INSPECT, "--now", NOW, *options, FILE], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=60)
    except subprocess.TimeoutExpired:
        wrong.append(f"{what}: it does not end")
        return None
    if p.returncode not in (0, 1):
        wrong.append(f"{what}: exit status {p.returncode}: {p.stderr[-2000:].decode(errors='replace')}")
    elif p.returncode == 1 and not p.stderr.startswith(b"rheo-inspect: "):
        wrong.append(f"{what}: no reason given")
    elif b"\x1b" in p.stdout:
        wrong.append(f"{what}: escapes in the output")
    else:
        seen[p.returncode] += 1
    return p


def write(content):
    with open(FILE, "wb") as f:
        f.write(content)


with open(SEGMENT, "rb") as f:
    sound = f.read()

# 200 mutations: bytes anywhere, words of the objects' own, blocks moved.
for i in range(200):
    content = bytearray(sound)
    for _ in range(random.choice([1, 3, 30, 300])):
        how = random.randrange(4)
        at = random.randrange(len(content))
        if how == 0:
            content[at] = random.randrange(256)
        elif how == 1:
            at = random.choice(HEADS) + 64 + 8 * random.randrange(400)
            content[at : at + 8] = random.choice([b"\xff" * 8, bytes(8), random.randbytes(8), b"\0" * 7 + b"\x80"])
        elif how == 2:
            at = random.choice(HEADS) + random.randrange(64)
            content[at] ^= 1 << random.randrange(8)
        else:
            to = random.randrange(0, len(content) - 4096, 128)
            head = random.choice(HEADS)
            content[to : to + 256] = content[head : head + 256]
    write(bytes(content[:65536]))
    look(f"mutation {i}", *random.choice([[], ["--json"], ["--reset", "#2"], ["--force-open", "8192"], ["--auto", "#3"]]))

# Cut at every place that is near something, and some more.
for at in sorted({h + d for h in HEADS for d in (0, 1, 63, 64, 65, 127, 128, 200, 255, 256, 400, 700, 1000, 2000)} | {random.randrange(65536) for _ in range(20)}):
    if at < len(sound):
        write(sound[:at])
        p = look(f"cut to {at}")
        # From the whole head on an object is known to be there.
        for h in HEADS:
            if p and h + 64 <= at < h + 256 and b"cut short" not in p.stdout:
                wrong.append(f"cut to {at}: nothing is said of the object at {h}")

for i in range(20):
    write(random.randbytes(random.choice([1, 63, 127, 128, 129, 4096, 100000])))
    look(f"random bytes {i}")
write(bytes(10000))
look("zeros")
with open(FILE, "wb") as f:
    f.truncate(1 << 40)
    f.seek(1 << 39)
    f.write(sound)
p = look("a hole of a terabyte")
if p and b"5 objects" not in p.stdout:
    wrong.append("objects behind a hole are not found")
# Another layout.
other = bytearray(sound)
other[128 + 8] = 99
write(bytes(other))
p = look("another version")
if p and (p.returncode != 1 or b"a version this one does not know" not in p.stdout or b"1 of 5 objects could not be read" not in p.stderr):
    wrong.append("another version is not recognised")
# More objects than anybody makes.
write(sound[65280:] * 5000)
p = look("5000 counters")
if p and (p.returncode != 1 or b"more than 4096" not in p.stderr):
    wrong.append("too many objects")

# A neighbour who writes while it is being read.
write(sound)
stop = threading.Event()


def meddle():
    with open(FILE, "r+b", buffering=0) as f:
        while not stop.is_set():
            at = random.choice(HEADS) + 8 * random.randrange(400)
            if at < len(sound) - 8:
                os.pwrite(f.fileno(), random.choice([random.randbytes(8), sound[at : at + 8], sound[at : at + 8]]), at)


thread = threading.Thread(target=meddle)
thread.start()
for i in range(30):
    look(f"a neighbour {i}", *random.choice([[], ["--json"]]))
stop.set()
thread.join()

# Cut while it is being read: long enough to be met at it.
met = 0
for i in range(60):
    write(b"")
    os.truncate(FILE, 60 << 20)
    p = subprocess.Popen([INSPECT, FILE], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    time.sleep(0.002 + 0.002 * (i % 20))
    os.truncate(FILE, 4096)
    err = p.communicate(timeout=60)[1]
    if p.returncode != 1:
        wrong.append(f"cut while read: exit status {p.returncode}: {err!r}")
    met += b"was cut short" in err
    if met == 3:
        break
if met == 0:
    wrong.append("cut while read: never met at it")

os.remove(FILE)
for line in wrong:
    print(f"rheo-inspect: damaged: {line}", file=sys.stderr)
print(f"rheo-inspect: {sum(seen.values())} damaged segments ({seen[0]} could be shown), {met} cut while read, {len(wrong)} wrong")
sys.exit(1 if wrong or seen[0] == 0 or seen[1] == 0 else 0)
