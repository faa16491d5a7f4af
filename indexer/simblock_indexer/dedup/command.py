"""``simblock-index dedup``: its options, and what it prints."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from simblock.errors import UsageError
from simblock_indexer import parameters as p
from simblock_indexer.dedup.options import MIB, Cut, DedupOptions, Scope, Sketch
from simblock_indexer.readers import ReadOptions

if TYPE_CHECKING:
    from simblock_indexer.dedup.running import Staged

_SIZE = re.compile(r"(\d{1,15}(?:\.\d+)?)\s*([KMGT]?)(?:i?B)?", re.IGNORECASE)
_UNITS = {"": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30, "T": 1 << 40}
_LEAST = 256 * MIB
"""What a process needs."""
_USUAL = 2048 * MIB

Inputs = Annotated[
    list[str],
    typer.Argument(
        metavar="INPUT",
        help="JSONL (also .gz and .zst) or Parquet: files, folders of them, quoted globs, or URLs of these.",
        show_default=False,
    ),
]
Out = Annotated[
    Path,
    typer.Option(
        "--out", metavar="DIR", help="Where what is kept goes, and why the rest is not: a new folder."
    ),
]
ScopeOption = Annotated[
    Scope,
    typer.Option(
        "--scope",
        metavar="document|passage|both",
        help="What is compared: documents, passages of them, or both.",
    ),
]
Threshold = Annotated[
    float,
    typer.Option(
        "--threshold",
        metavar="SHARE",
        help="From which similarity on documents are near-copies (Jaccard, of 5 words in a row); for passages, from "
        "which share of its tokens on a document is dropped.",
    ),
]
MaxCopies = Annotated[
    int,
    typer.Option("--max-copies", metavar="N", help="So many documents of each cluster are kept, at most."),
]
Keep = Annotated[
    str,
    typer.Option(
        "--keep",
        metavar="RULE",
        help="Which are kept: first (in the order of the inputs), longest, newest (see --date-field), most:COLUMN, "
        "least:COLUMN, or prefer:COLUMN=A,B by the order of values.",
    ),
]
DateField = Annotated[
    str, typer.Option("--date-field", metavar="NAME", help="The column that --keep newest goes by.")
]
MinPassage = Annotated[
    int,
    typer.Option("--min-passage", metavar="N", help="The shortest passage that counts, in words or lexemes."),
]
CutOption = Annotated[
    Cut,
    typer.Option(
        "--cut",
        metavar="drop|redact|list",
        help="What becomes of passages in more than --max-copies documents, and of protected ones where the policy "
        "names no gentler action: the document is dropped, the passage cut out, or it is only listed.",
    ),
]
SketchOption = Annotated[
    Sketch,
    typer.Option(
        "--sketch",
        metavar="one-permutation|permutations",
        help="How documents are sketched to find candidates; permutations are those of datasketch, and take longer.",
    ),
]
Against = Annotated[
    list[str] | None,
    typer.Option(
        "--against",
        metavar="INDEX",
        help="An index of protected works: what holds their passages is dropped, redacted or listed. May be given "
        "several times.",
    ),
]
PolicyFile = Annotated[
    Path | None,
    typer.Option(
        "--policy", metavar="FILE", envvar="SIMBLOCK_POLICY", help="The policy that says which passages."
    ),
]
State = Annotated[
    Path | None,
    typer.Option(
        "--state",
        metavar="DIR",
        help="What earlier deliveries kept: this one is compared with it, and added to it. Made where it is missing.",
    ),
]
Memory = Annotated[
    str | None,
    typer.Option(
        "--memory",
        metavar="SIZE",
        help="What all processes of this machine may hold together of passages, such as 8G; by default 2G each. More of "
        "them lies on disk. All else is bounded by the size of a unit, whatever is given here.",
    ),
]
Workers = Annotated[
    int | None,
    typer.Option(
        "--workers",
        metavar="N",
        min=1,
        help="Processes; by default one a core, and one where there is little to read. The outcome is the same.",
    ),
]
Work = Annotated[
    Path | None,
    typer.Option(
        "--work",
        metavar="DIR",
        help="Where stages keep what they make meanwhile: by default a hidden folder in --out.",
    ),
]
StageOption = Annotated[
    str | None,
    typer.Option(
        "--stage",
        metavar="sign|join|cluster|verify|write",
        help="One stage alone, for schedulers: each call has the same inputs and options, and sees the same folders.",
    ),
]
ShardOption = Annotated[
    str | None,
    typer.Option("--shard", metavar="I/N", help="Of a stage only share I of N, counted from 0."),
]
Engine = Annotated[
    str,
    typer.Option(
        "--engine", metavar="local|ray", help="What runs the stages: this machine, or a cluster of Ray."
    ),
]
RayAddress = Annotated[
    str | None,
    typer.Option(
        "--ray-address",
        metavar="ADDRESS",
        help="The cluster of Ray: auto, HOST:PORT, or ray://HOST:PORT; else what RAY_ADDRESS says, or one here.",
    ),
]
Detect = Annotated[
    bool,
    typer.Option(
        "--detect",
        help="Tell code from text by what a document holds, too, where no column and no name says it; that takes "
        "longer than all the rest.",
    ),
]
UniqueIds = Annotated[
    bool,
    typer.Option(
        "--unique-ids", help="Two rows of one id are an error; without, they are counted, and both looked at."
    ),
]
KeepWork = Annotated[
    bool, typer.Option("--keep-work", help="Leave the working folder where it is when the pass has ended.")
]
Anew = Annotated[
    bool,
    typer.Option(
        "--anew",
        help="Give up a pass that was begun in --out and not ended: what it made is removed, and this one begins.",
    ),
]
NoPage = Annotated[
    bool, typer.Option("--no-page", help="Write no report.html, which shows texts side by side.")
]


@p.with_read_options(
    "kind", "language", "text_field", "id_field", "encoding", "errors", "skip_bad", "max_row"
)
def dedup(
    inputs: Inputs,
    *,
    options: ReadOptions,
    out: Out,
    scope: ScopeOption = "document",
    detect: Detect = False,
    unique_ids: UniqueIds = False,
    threshold: Threshold = 0.8,
    max_copies: MaxCopies = 1,
    keep: Keep = "first",
    date_field: DateField = "date",
    min_passage: MinPassage = 50,
    cut: CutOption = "drop",
    sketch: SketchOption = "one-permutation",
    against: Against = None,
    policy: PolicyFile = None,
    key_file: p.KeyFile = None,
    state: State = None,
    memory: Memory = None,
    workers: Workers = None,
    work: Work = None,
    keep_work: KeepWork = False,
    anew: Anew = False,
    stage: StageOption = None,
    shard: ShardOption = None,
    engine: Engine = "local",
    ray_address: RayAddress = None,
    no_page: NoPage = False,
    verbose: p.Verbose = False,
    json: p.Json = False,
) -> None:
    """Find near-copies in training data, keep so many of each, and take out what holds protected works.

    DIR/documents has the rows that are kept, as they came; dropped.parquet and clusters.parquet say why the others
    are not, report.json and report.html what it came to. No document is dropped that was not compared with the one
    that is kept in its place, and of no cluster the last.

    Ended at any moment, it goes on where it was when the same command is given again. --stage and --shard let
    any scheduler run it on many machines that see the same folders: the outcome has the same bytes. The stages
    follow each other; --shard divides one.

    --json prints one object, that of report.json; with --stage: stage, made, missing, finished.
    """
    from simblock_indexer import allocation
    from simblock_indexer.dedup import running
    from simblock_indexer.dedup.outcome import show
    from simblock_indexer.progress import stages
    from simblock_indexer.readers.shares import Share

    allocation.keep_freed_memory()
    reading = replace(options, detect=detect)
    guarded = bool(against)  # a policy and keys may stand in the environment for others
    asked = DedupOptions(
        scope=scope,
        threshold=threshold,
        max_copies=max_copies,
        keep=keep,
        date_field=date_field,
        cut=cut,
        min_passage=min_passage,
        sketch=sketch,
        against=tuple(against or ()),
        policy=str(policy) if policy and guarded else None,
        key_files=tuple(map(str, key_file or ())) if guarded else (),
        unique_ids=unique_ids,
        memory=memory_of_each(memory, 1 if engine == "ray" else workers or running.cores()),
    )
    if shard is not None and stage is None:
        raise UsageError(f"--shard {shard}: it is of one stage: give --stage too")
    if anew and stage is not None:
        raise UsageError(f"--anew: it is of a whole pass: before --stage {stage} remove {out} by hand")
    told: running.How = {
        "workers": workers,
        "engine": engine,
        "address": ray_address,
        "state": state,
        "work": work,
        "keep_work": keep_work,
        "page": not no_page,
    }
    with _goes_on(out, work), stages(wanted=not json) as watch:
        if stage is not None:
            share = Share.parse(shard or "0/1")
            made = running.run_stage(stage, inputs, out, asked, reading, shard=share, watch=watch, **told)
        else:
            outcome = running.dedup(
                inputs, out, asked, reading, anew=anew, resumed=_say_resumed, watch=watch, **told
            )
    if stage is not None:
        _show_stage(made, json=json)
    else:
        show(outcome, json, all=verbose)


def _say_resumed(folder: Path) -> None:
    print(f"going on with the pass that was begun in {folder}", file=sys.stderr)


def memory_of_each(memory: str | None, processes: int) -> int:
    """What each of several processes may hold, in bytes. Raises UsageError where that is too little."""
    if memory is None:
        return _USUAL
    size = _SIZE.fullmatch(memory.strip())
    if size is None:
        raise UsageError(f"--memory {memory[:40]}: it is a size, such as 8G or 512M")
    each = int(float(size[1]) * _UNITS[size[2].upper()]) // processes
    if each < _LEAST:
        raise UsageError(
            f"--memory {memory}: {processes} processes need {processes * _LEAST // MIB}M, {_LEAST // MIB}M each: "
            "give that, or fewer --workers"
        )
    return each


@contextmanager
def _goes_on(out: Path, work: Path | None) -> Iterator[None]:
    """An interruption says, too, what became of the pass."""
    from simblock_indexer.dedup import planning

    try:
        yield
    except KeyboardInterrupt:
        if planning.finished(out):
            became = f"{out} is written and whole"
        elif planning.begun(out, work):
            became = f"give the same command again, it goes on with what is in {work or out / planning.WORK}"
        else:
            became = "nothing was begun"
        raise KeyboardInterrupt(became) from None


def _show_stage(made: Staged, *, json: bool) -> None:
    from simblock_indexer.tables import counted, emit, say

    finished = made.outcome is not None or (made.stage == "write" and not made.missing)
    if json:
        emit({"stage": made.stage, "made": made.made, "missing": made.missing, "finished": finished})
    elif made.missing:
        say(f"{made.stage}: {counted(made.made, 'unit')} made, {made.missing:,} still missing")
    else:
        say(f"{made.stage}: {counted(made.made, 'unit')} made, all are there")
