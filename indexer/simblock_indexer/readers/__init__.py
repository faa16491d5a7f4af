"""Readers of inputs: files, folders, JSONL, git work trees, standard input."""
