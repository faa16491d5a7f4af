"""What the commands of ``simblock`` do, a concept a module; :mod:`simblock.cli` parses and calls."""
