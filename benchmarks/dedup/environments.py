"""The environments of the tools: each in one of its own, as their requirements exclude one another.

``python -m benchmarks.dedup.environments`` makes those that are missing below ``SIMBLOCK_DEDUP_TOOLS``, with the Python
that runs it, as simblock is measured on. text-dedup alone needs 3.12: ``SIMBLOCK_DEDUP_PYTHON``, or python3.12.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

REQUIREMENTS = {
    "core": ("datasketch==2.0.0", "xxhash", "rensa==0.5.0", "gaoya==0.2.2", "FastSketchLSH==1.0.1", "orjson"),
    "daft": ("daft==0.7.26", "scipy", "pyarrow"),
    "datatrove": ("datatrove[processing]==0.10.1", "spacy", "orjson"),
    "textdedup": ("text-dedup==0.4.1",),
}
"""What is installed in each environment."""
NEWER = "textdedup"


def folder() -> Path:
    """Where the environments lie."""
    kept = os.environ.get("SIMBLOCK_DEDUP_TOOLS")
    cache_home = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return Path(kept) if kept else cache_home / "simblock-dedup-tools"


def python(environment: str) -> Path:
    """The interpreter of an environment, which is made where it is not there."""
    root = folder() / environment
    if not (root / "bin" / "python").exists():
        made = sys.executable
        if environment == NEWER and sys.version_info < (3, 12):
            made = os.environ.get("SIMBLOCK_DEDUP_PYTHON") or shutil.which("python3.12") or made
        subprocess.run([made, "-m", "venv", str(root)], check=True)
        pip = [root / "bin" / "pip", "install", "--quiet", "--no-input", *REQUIREMENTS[environment]]
        if subprocess.run(pip, check=False).returncode:
            shutil.rmtree(root)
            raise SystemExit(f"{environment}: its requirements cannot be installed with {made}")
    return root / "bin" / "python"


def main() -> None:
    for name in REQUIREMENTS:
        print(name, python(name))


if __name__ == "__main__":
    main()
