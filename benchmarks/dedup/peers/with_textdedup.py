"""text-dedup: its MinHash pass by the configuration of its documentation, at 0.8, the check for false positives on or
off (the variant), written to disk as it does."""

from __future__ import annotations

import logging
import os
import tempfile
from pathlib import Path

SCRATCH = tempfile.TemporaryDirectory()
os.environ |= {"HF_HOME": SCRATCH.name, "HF_HUB_OFFLINE": "1", "TQDM_DISABLE": "1"}

from datasets import load_from_disk  # noqa: E402 - where it caches is read when it is imported
from text_dedup import minhash  # noqa: E402
from text_dedup.config.base import load_config_from_toml  # noqa: E402
from timing import VARIANT, Found, Watch, main  # noqa: E402

CONFIGURATION = """
[input]
input_type = "local_files"
file_type = "json"
[input.read_arguments]
path = "json"
data_files = {files}
split = "train"
[algorithm]
algorithm_name = "minhash"
text_column = "text"
seed = 42
batch_size = 10000
num_proc = 1
num_perm = {permutations}
threshold = 0.8
false_positive_weight = 0.5
false_negative_weight = 0.5
hash_bits = 64
ngram_size = 5
check_false_positive = {check}
[output]
output_dir = "{folder}/output"
clean_cache = false
keep_index_column = true
[debug]
enable_profiling = false
"""


def dedup(files: list[str], watch: Watch) -> Found:
    logging.disable()
    path = Path(SCRATCH.name) / "config.toml"
    check = str(VARIANT != "unchecked").lower()
    told = CONFIGURATION.format(files=files, permutations=240, check=check, folder=SCRATCH.name)
    path.write_text(told.replace("'", '"'))
    config = load_config_from_toml(path)
    with watch.stage("all"):
        minhash.main(config)
        kept = set(load_from_disk(f"{SCRATCH.name}/output")["__INDEX__"])
    total = sum(Path(file).read_bytes().count(b"\n") for file in files)
    return Found([number for number in range(total) if number not in kept])


if __name__ == "__main__":
    main(dedup)
    SCRATCH.cleanup()
