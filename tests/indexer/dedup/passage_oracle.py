"""Passages in excess by brute force: every window of every document, compared with those kept so far."""

from __future__ import annotations

from collections import defaultdict


def windows_of(document: list[int], spans: list[tuple[int, int]], window: int) -> set[tuple[int, ...]]:
    """The windows of a document that no span touches."""
    found = set()
    for start in range(len(document) - window + 1):
        if not any(low < start + window and start < high for low, high in spans):
            found.add(tuple(document[start : start + window]))
    return found


def united(starts: list[int], window: int) -> list[tuple[int, int]]:
    spans: list[tuple[int, int]] = []
    for start in starts:
        if spans and start <= spans[-1][1]:
            spans[-1] = (spans[-1][0], start + window)
        else:
            spans.append((start, start + window))
    return spans


def excess(
    documents: list[list[int]],
    order: list[int],
    window: int,
    max_copies: int,
    cut: str,
    threshold: float,
    old: int = 0,
) -> tuple[dict[int, list[tuple[int, int]]], set[int]]:
    """Spans in excess by document, and the documents dropped."""
    kept: dict[tuple[int, ...], int] = defaultdict(int)
    spans: dict[int, list[tuple[int, int]]] = {}
    dropped: set[int] = set()
    for number in order:
        document = documents[number]
        starts = [
            start
            for start in range(len(document) - window + 1)
            if kept[tuple(document[start : start + window])] >= max_copies
        ]
        found = united(starts, window) if number >= old else []
        if found:
            spans[number] = found
        share = sum(end - start for start, end in found) / max(len(document), 1)
        if found and share >= {"drop": threshold, "redact": 1.0, "list": 2.0}[cut]:
            dropped.add(number)
            continue
        for stays in windows_of(document, found if cut == "redact" else [], window):
            kept[stays] += 1
    return spans, dropped
