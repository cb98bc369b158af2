# SPDX-License-Identifier: BSD-2-Clause
"""watched.py INSPECT SEGMENT: --watch on a terminal: frames, sizes, keys, signals, and the terminal afterwards."""

import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import time

INSPECT, SEGMENT = sys.argv[1:3]
ENTER, LEAVE = b"\x1b[?1049h\x1b[?25l", b"\x1b[?25h\x1b[?1049l"
failed = 0
ran = 0


def check(what, good, more=""):
    global failed, ran
    ran += 1
    if not good:
        failed += 1
        print(f"rheo-inspect: watch: FAILED: {what} {more!r}", file=sys.stderr)


class Terminal:
    def __init__(self, *options, rows=24, columns=80, env=None):
        self.master, slave = pty.openpty()
        self.slave = slave
        self.size(rows, columns)
        self.before = termios.tcgetattr(slave)
        self.output = b""

        def own_terminal():
            os.setsid()
            fcntl.ioctl(slave, termios.TIOCSCTTY, 0)
            for number in (signal.SIGINT, signal.SIGTERM):
                signal.signal(number, signal.SIG_DFL)

        self.process = subprocess.Popen([INSPECT, "--watch=0.2", *options, SEGMENT], stdin=slave, stdout=slave, stderr=slave,
                                        preexec_fn=own_terminal, env={**os.environ, "TERM": "xterm", "NO_COLOR": "", **(env or {})})

    def size(self, rows, columns):
        fcntl.ioctl(self.slave, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def read_until(self, done, seconds=20):
        """Reads until done(output), at most so long."""
        end = time.monotonic() + seconds
        while not done(self.output) and time.monotonic() < end:
            if select.select([self.master], [], [], 0.05)[0]:
                try:
                    self.output += os.read(self.master, 65536)
                except OSError:
                    break
        return done(self.output)

    def frames(self):
        """What was drawn, a list of lines each; the last one may be unfinished."""
        body = self.output.split(b"\x1b[H\x1b[2J")[-1]
        return [re.split(rb"\r+\n", frame) for frame in body.split(b"\x1b[H")[1:]]

    def ends(self, want):
        self.read_until(lambda _: self.process.poll() is not None)
        self.read_until(lambda output: LEAVE in output, 1)
        check("exit status", self.process.poll() == want, self.process.poll())
        check("it leaves its screen, once", self.output.count(LEAVE) == 1 and self.output.endswith(LEAVE), self.output[-80:])
        check("the terminal is as it was", termios.tcgetattr(self.slave) == self.before)
        os.close(self.master)
        os.close(self.slave)


def plain(line):
    return re.sub(rb"\x1b\[[0-9;]*[A-Za-z]", b"", line)


t = Terminal()
check("three frames", t.read_until(lambda _: len(t.frames()) >= 4))
check("it begins with a screen of its own", t.output.startswith(ENTER), t.output[:40])
check("no echo", not termios.tcgetattr(t.slave)[3] & termios.ECHO)
first, second, third = t.frames()[:3]
check("24 lines", all(len(f) == 24 for f in (first, second, third)), [len(f) for f in (first, second, third)])
check("80 columns", all(len(plain(line)) <= 80 for line in first + second + third))
check("says that there is more", plain(second[-1]) == b"...", second[-1])
check("no rates at first, for there is nothing to compare with", not any(re.search(rb"[0-9]\.[0-9]/s", line) for line in first))
check("then rates", any(b"0.0/s" in line for line in second) and any(b"0.0/s" in line for line in third))
check("nothing is erased but ends of lines", b"\x1b[2J" not in t.output.replace(ENTER + b"\x1b[H\x1b[2J", b""))
check("colour", any(b"\x1b[33mHALF_OPEN\x1b[0m" in line for line in second), second)

# Smaller, then large enough for all.
shown = len(t.frames())
t.size(10, 40)
check("a frame of the new size", t.read_until(lambda _: len(t.frames()) >= shown + 2))
small = t.frames()[-2]
check("10 lines of 40 columns", len(small) == 10 and all(len(plain(line)) <= 40 for line in small), small)
check("a full line keeps its last column", not any(len(plain(line)) == 40 and line.endswith(b"\x1b[K") for line in small), small)
shown = len(t.frames())
t.size(80, 200)
check("a frame of the next size", t.read_until(lambda _: len(t.frames()) >= shown + 2))
large = t.frames()[-2]
check("whole", any(b"#4  counter" in line for line in large) and plain(large[-1]) == b"" and len(large) < 80, large)
t.process.send_signal(signal.SIGINT)
t.ends(0)

t = Terminal(env={"NO_COLOR": "1"})
check("without colour", t.read_until(lambda _: len(t.frames()) >= 2))
check("none where NO_COLOR says so", not re.search(rb"\x1b\[[0-9]*m", t.output))
os.write(t.master, b"xq")
t.ends(0)

t = Terminal()
t.read_until(lambda _: len(t.frames()) >= 2)
os.write(t.master, b"\x03")
t.ends(0)

t = Terminal()
t.read_until(lambda _: len(t.frames()) >= 2)
t.process.send_signal(signal.SIGTERM)
t.ends(-signal.SIGTERM)

# Control-Z gives the terminal back, and takes it again.
t = Terminal()
t.read_until(lambda _: len(t.frames()) >= 2)
t.process.send_signal(signal.SIGTSTP)
check("it stops", t.read_until(lambda output: LEAVE in output))
for _ in range(100):
    with open(f"/proc/{t.process.pid}/stat") as stat:
        if stat.read().rsplit(")", 1)[1].split()[0] == "T":
            break
    time.sleep(0.02)
check("with the terminal as it was", termios.tcgetattr(t.slave) == t.before)
t.output = b""
t.process.send_signal(signal.SIGCONT)
check("it goes on", t.read_until(lambda output: ENTER in output and b"#0  bucket" in output))
t.process.send_signal(signal.SIGINT)
t.ends(0)

# The segment goes away.
os.rename(SEGMENT, SEGMENT + ".gone")
t = Terminal()
check("no segment", t.read_until(lambda output: b"No such file" in output))
t.process.wait()
check("is exit status 1", t.process.returncode == 1)
check("with the terminal as it was", termios.tcgetattr(t.slave) == t.before)
os.rename(SEGMENT + ".gone", SEGMENT)

# No terminal: frames one below the other, without escapes.
p = subprocess.Popen([INSPECT, "--watch=0.1", SEGMENT], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
text = b""
end = time.monotonic() + 20
while text.count(b"5 objects") < 3 and time.monotonic() < end:
    if select.select([p.stdout], [], [], 0.1)[0]:
        text += os.read(p.stdout.fileno(), 65536)
check("frames in a pipe", text.count(b"5 objects") >= 3)
p.send_signal(signal.SIGTERM)
p.wait()
check("no escapes in a pipe", b"\x1b" not in text)

# Nobody reads the pipe, nothing can be written: signals still end it, and errors do.
p = subprocess.Popen([INSPECT, "--watch=0.05", SEGMENT], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
fcntl.fcntl(p.stdout, fcntl.F_SETPIPE_SZ, 4096)
time.sleep(0.5)
p.send_signal(signal.SIGTERM)
try:
    check("a full pipe does not keep signals out", p.wait(10) == -signal.SIGTERM)
except subprocess.TimeoutExpired:
    check("a full pipe does not keep signals out", False)
    p.kill()
with open("/dev/full", "w") as full:
    p = subprocess.run([INSPECT, "--watch=0.05", SEGMENT], stdout=full, stderr=subprocess.PIPE, timeout=20)
check("a full disk is exit status 1", p.returncode == 1 and b"could not be written" in p.stderr, p)

print(f"rheo-inspect: {ran} checks of --watch, {failed} failed")
sys.exit(1 if failed or ran < 30 else 0)
