"""Processes of a crew that do other than they should. They import little, as each test starts them anew."""

from __future__ import annotations

import os
import signal
import struct
import threading
from pathlib import Path


def makes_a_mistake(_, line):
    line.recv()
    line.send(ZeroDivisionError("our own"))


def dies(_, line):
    line.recv()
    os.kill(os.getpid(), signal.SIGKILL)


def answers_by_half(_, line):
    line.recv()
    os.write(line.fileno(), struct.pack("!i", 1 << 20) + b"half")


def heeds_nothing(_, line):
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    line.recv()
    os.kill(os.getppid(), signal.SIGINT)
    threading.Event().wait()


def says_whether_interruptions_are_blocked(_, line):
    while True:
        unit = line.recv()[1]
        line.send({"unit": unit, "blocked": signal.SIGINT in signal.pthread_sigmask(signal.SIG_BLOCK, set())})


def is_interrupted_half_way(root, line):
    """Works as it should, at a unit that takes long, of which Ctrl-C is given when half of it is there."""
    from simblock_indexer.dedup import engines
    from simblock_indexer.dedup.folder import Folder

    def half(root, _, unit):
        folder = Folder(root)
        with folder.making(folder.signed(unit)) as filled:
            (filled / "half.npy").touch()
            Path(root, "seen").touch()
            os.kill(os.getppid(), signal.SIGINT)
            threading.Event().wait(60)

    engines.run_unit = half
    engines._work(root, line)
