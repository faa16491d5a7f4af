"""zstd: the standard library's from Python 3.14 on, its backport before. Imported on first use."""

from __future__ import annotations

import sys

if sys.version_info >= (3, 14):
    from compression.zstd import (
        DecompressionParameter,
        ZstdDecompressor,
        ZstdError,
        ZstdFile,
        compress,
        decompress,
    )
else:
    from backports.zstd import (
        DecompressionParameter,
        ZstdDecompressor,
        ZstdError,
        ZstdFile,
        compress,
        decompress,
    )

__all__ = ["ZstdError", "ZstdFile", "compress", "decompress", "decompressor"]


def decompressor(window: int) -> ZstdDecompressor:
    """An incremental decompressor of one frame, whose window is at most ``1 << window`` bytes."""
    return ZstdDecompressor(options={DecompressionParameter.window_log_max: window})
