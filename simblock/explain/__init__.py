"""Why a match acts, or does not: both sides word by word, and every figure beside its threshold.

Nothing here decides. A finished report is looked at again, slowly, with what the index stores of the
works: :mod:`simblock.explain.explanation` puts it together, :mod:`simblock.explain.page` and
:mod:`simblock.explain.sarif` write it down for browsers and for code scanning.
"""
