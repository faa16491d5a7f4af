"""A file that several processes may write at one moment: the first one's stands."""

from __future__ import annotations

import os
from pathlib import Path

from simblock_indexer.dedup.folder import hidden


def put_first(path: Path, text: str) -> bool:
    """Writes a file that appears whole; False where one is there, which stays."""
    written = hidden(path)
    try:
        written.write_text(text, "utf-8")
        os.link(written, path)
    except FileExistsError:
        return False
    except OSError:  # a file system without links
        if path.exists():
            return False
        written.replace(path)
    finally:
        written.unlink(missing_ok=True)
    return True
