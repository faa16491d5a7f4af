"""Draws the picture of the README from a run of the demo: ``make picture``."""

from __future__ import annotations

import io
import sys
from pathlib import Path

from rich.console import Console
from rich.terminal_theme import MONOKAI

from simblock import demo

WIDTH = 96


def main() -> int:
    console = Console(record=True, width=WIDTH, file=io.StringIO(), highlight=False, color_system="truecolor")
    code = demo.run(console)
    Path(sys.argv[1]).write_text(console.export_svg(title="simblock demo", theme=MONOKAI), "utf-8")
    return code


if __name__ == "__main__":
    sys.exit(main())
