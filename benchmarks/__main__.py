"""``python -m benchmarks``: all benchmarks, one after the other, each with the options given.

``python -m benchmarks recall pan13`` runs those named. Where the corpora lie is said to all by the
environment: XDG_CACHE_HOME, SIMBLOCK_CODE_CORPUS, SIMBLOCK_SHARED. ``code_recall`` is run only where it is named:
``quality`` has its clean functions and its evasions, and it alone has 500 renamed functions of each language.
"""

from __future__ import annotations

import subprocess
import sys

from benchmarks import gates

ALL = (
    "recall", "size_and_build", "stream_cost", "pan13", "quality", "quality.pairs",
    "code_size_and_build", "code_stream_cost", "code_rates", "clones", "redis_store", "serving",
    "dedup",
)  # fmt: skip
NAMED = (*ALL, "code_recall", "dedup_memory")
"""All that can be named."""


def main() -> int:
    """Runs each in a process of its own, so that none is measured with another's memory."""
    given = sys.argv[1:]
    names = [argument for argument in given if argument in NAMED] or ALL
    options = [argument for argument in given if argument not in NAMED]
    failed = 0
    for name in names:
        print(f"\n== {name}", flush=True)
        failed += (
            subprocess.run([sys.executable, "-m", f"benchmarks.{name}", *options], check=False).returncode
            != 0
        )
    return failed or gates.main()


if __name__ == "__main__":
    sys.exit(main())
