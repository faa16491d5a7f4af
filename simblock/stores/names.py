"""What the files of an index are called. Imports nothing: who only looks for an index needs no NumPy."""

MANIFEST = "MANIFEST"
LOCK = "LOCK"
SUFFIX = ".sb"
"""Of segments and journals."""
