"""What the files of an index are called. Imports nothing: who only looks for an index needs no NumPy."""

MANIFEST = "MANIFEST"
LOCK = "LOCK"
BUILDING = ".building"
"""Ends the name of the folder, beside its place, in which an index is built; a dot begins it."""
SUFFIX = ".sb"
"""Of segments and journals."""
