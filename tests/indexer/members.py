"""What processes of a crew do, and processes that do other than they should. They import little, as each test starts
them anew."""

from __future__ import annotations

import os
import signal
import struct
import threading
import time

from simblock.errors import InputError


def halves(number):
    """Works on numbers: halves even ones, and is slow about large ones."""
    if number % 2:
        raise InputError(f"{number} is odd")
    time.sleep(number / 1000)
    return number // 2


def worker(_):
    return os.getpid()


def is_mistaken(_):
    return 1 // 0


def is_blocked(_):
    return signal.SIGINT in signal.pthread_sigmask(signal.SIG_BLOCK, set())


def is_killed(_):
    os.kill(os.getpid(), signal.SIGKILL)


def answers_by_half(line):
    line.recv(), line.recv()
    os.write(line.fileno(), struct.pack("!i", 1 << 20) + b"half")


def heeds_nothing(line):
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    line.recv(), line.recv()
    os.kill(os.getppid(), signal.SIGINT)
    threading.Event().wait()


def half_a_unit(root, unit):
    """Makes half of a unit, gives Ctrl-C, and takes long for the rest."""
    from pathlib import Path

    from simblock_indexer.dedup.folder import Folder

    folder = Folder(root)
    with folder.making(folder.signed(unit.number)) as filled:
        (filled / "half.npy").touch()
        Path(root, "seen").touch()
        os.kill(os.getppid(), signal.SIGINT)
        threading.Event().wait(60)
